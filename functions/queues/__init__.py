"""A queue exists from its first job on; these routes set its limits, pause it and count its jobs."""
