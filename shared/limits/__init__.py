"""What a plan allows, what an organization uses of it, and the refusals in between."""
