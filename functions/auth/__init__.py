"""Signing in: tokens for a key."""
