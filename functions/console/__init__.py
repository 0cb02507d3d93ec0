"""The web console. Its files are public; what they show takes a key or a sign-in, as everywhere."""
