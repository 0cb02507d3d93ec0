"""The service in figures: what Prometheus reads, and what the cloud's alarms watch."""
