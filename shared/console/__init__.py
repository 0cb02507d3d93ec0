"""The web console: files that a browser runs, and that ask the API like any other client."""
