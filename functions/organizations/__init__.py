"""Tenants. An organization owns queues, jobs and keys; making one gives its first key."""
