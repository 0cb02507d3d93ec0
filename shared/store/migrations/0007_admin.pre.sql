-- What Stripe says about an organization, the token of its inbound webhooks, and figures for its limits.

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

-- The rows of one organization in a table, 0 in one that there is not.
CREATE FUNCTION count_rows(table_name text, organization_id bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    counted bigint := 0;
BEGIN
    IF to_regclass(table_name) IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM %I WHERE org_id = $1', table_name) INTO counted USING organization_id;
    END IF;
    RETURN counted;
END
$$;
