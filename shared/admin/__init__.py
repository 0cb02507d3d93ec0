"""Administration: all organizations, seen by whoever runs the service."""
