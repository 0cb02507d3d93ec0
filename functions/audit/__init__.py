"""Who did what: queues paused and configured, dead letters retried and purged, acts on many jobs, API keys,
members, webhooks, schedules, and what an administrator changed. Neither payloads nor secrets are in it.
"""
