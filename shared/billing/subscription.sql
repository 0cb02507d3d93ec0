-- get_subscription --
SELECT plan_tier, stripe_customer_id, stripe_subscription_id, stripe_subscription_status,
       stripe_current_period_end, stripe_cancel_at_period_end
FROM organization
WHERE org_id = %(org_id)s AND deleted_at IS NULL;

-- link_customer --
-- A checkout names the organization; the customer of another one is never taken over.
UPDATE organization
SET stripe_customer_id = %(customer)s, stripe_subscription_id = coalesce(%(subscription)s, stripe_subscription_id),
    updated_at = %(now)s
WHERE org_id = %(org_id)s AND deleted_at IS NULL
  AND NOT EXISTS (
      SELECT FROM organization AS other WHERE other.stripe_customer_id = %(customer)s AND other.org_id <> %(org_id)s
  )
RETURNING org_id;

-- note_subscription --
-- Events arrive in any order and more than once: an older one than the newest taken in changes nothing.
UPDATE organization
SET stripe_subscription_id = %(subscription)s, stripe_subscription_status = %(status)s,
    stripe_current_period_end = %(period_end)s, stripe_cancel_at_period_end = %(cancel_at_period_end)s,
    plan_tier = coalesce(%(plan_tier)s, plan_tier), stripe_event_at = %(event_at)s, updated_at = %(now)s
WHERE stripe_customer_id = %(customer)s AND deleted_at IS NULL
  -- The end of an older subscription is not the end of the one that took its place.
  AND (
      %(status)s IS DISTINCT FROM 'canceled' OR stripe_subscription_id IS NULL
      OR stripe_subscription_id = %(subscription)s
  )
  AND (stripe_event_at IS NULL OR stripe_event_at <= %(event_at)s)
RETURNING org_id;
