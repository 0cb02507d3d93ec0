"""The subscription behind the plan. Where Stripe is not configured these routes answer 400 or 404."""
