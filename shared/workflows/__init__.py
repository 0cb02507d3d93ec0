"""Workflows: jobs that wait for one another, made and ended as a whole."""
