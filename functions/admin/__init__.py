"""For who runs the service: organizations, their plans and keys, figures.

They take the `X-Admin-Key` header and no API key.
"""
