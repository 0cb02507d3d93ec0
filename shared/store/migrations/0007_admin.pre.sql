-- What Stripe says about an organization, the token of its inbound webhooks, and when its count of jobs began anew.

ALTER TABLE organization
    -- Made with the organization; NULL once cleared: nothing comes in by it.
    ADD COLUMN webhook_token text
        DEFAULT 'whk_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
    ADD COLUMN stripe_customer_id text CONSTRAINT organization_stripe_customer_unique UNIQUE,
    ADD COLUMN stripe_subscription_id text,
    ADD COLUMN stripe_subscription_status text CHECK (
        stripe_subscription_status IN ('active', 'past_due', 'canceled', 'unpaid', 'trialing', 'incomplete')
    ),
    ADD COLUMN stripe_current_period_end timestamptz,
    ADD COLUMN stripe_cancel_at_period_end boolean,
    -- When Stripe made the newest event that was taken in: events arrive in any order.
    ADD COLUMN stripe_event_at timestamptz,
    -- Jobs of the day are counted from here when it is later than midnight.
    ADD COLUMN usage_reset_at timestamptz;
