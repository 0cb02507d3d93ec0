"""Queues: what their jobs inherit, how fast they run, and whether they run at all."""
