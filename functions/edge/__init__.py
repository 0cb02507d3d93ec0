"""The edge of the API: what has no function of its own."""
