"""Signing in: an API key becomes a short access token and a long refresh token, for browsers and dashboards.

Jobs need neither: the key itself is enough.
"""
