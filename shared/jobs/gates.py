"""The gates of a claim: conditions in SQL that a claim and its explanation share."""

from shared.store import load_queries

QUERIES = load_queries(__file__)
GATES = {query.name: query.sql for query in QUERIES}
"""Fragments for a file of queries, by name. A job stands in them as `job`, its queue as `queue`."""
