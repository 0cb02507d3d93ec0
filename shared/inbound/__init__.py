"""Inbound webhooks: what others send becomes jobs."""
