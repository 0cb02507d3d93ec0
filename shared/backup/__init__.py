"""Backups: the database in one file, with all organizations, and the proof that it can be restored."""
