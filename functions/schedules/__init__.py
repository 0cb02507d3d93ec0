"""A schedule makes a job whenever its cron says so, in its own time zone."""
