"""Organizations, API keys and what a caller may do."""
