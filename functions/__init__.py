"""The product's table of contents: one file per API route and per timer."""
