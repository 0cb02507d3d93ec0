"""How API keys look, for whoever tells one from other texts or names one without its secret."""

KEY_PREFIXES = ("sk_live_", "sk_test_", "sp_live_", "sp_test_")
KEY_SHOWN = 12
"""Characters of a key that are kept to know it again."""
