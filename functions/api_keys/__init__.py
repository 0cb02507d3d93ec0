"""The keys of your organization.

A secret is shown once, in the answer that makes it; a revoked key stops working at once.
"""
