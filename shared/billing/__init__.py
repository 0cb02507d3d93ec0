"""Subscriptions: what Stripe says about an organization."""
