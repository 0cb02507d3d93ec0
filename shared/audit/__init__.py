"""The audit log: who did what to an organization, from where, with what outcome."""
