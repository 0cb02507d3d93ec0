"""Called by a deployment, once, before any traffic moves."""
