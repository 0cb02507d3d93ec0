"""Acts on many jobs: chosen by a filter, previewed, confirmed with a token, and done in the background."""
