"""Events of others become jobs: GitHub, Stripe, and any sender that knows the webhook token."""
