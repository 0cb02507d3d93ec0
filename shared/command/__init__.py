"""The command line `spooled`: a client of the HTTP API, and of nothing else of the service."""
