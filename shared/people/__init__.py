"""People: they prove an address, sign in and up, and belong to organizations."""
