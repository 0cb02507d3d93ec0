-- rotate_secret --
-- Nothing while two are good already, unless both are to end at once: with a third one nobody could know which of
-- them a receiver has.
UPDATE webhook SET
    sealed_secret = %(sealed_secret)s,
    previous_sealed_secret = CASE WHEN %(ends_at)s::timestamptz > %(now)s THEN webhook.sealed_secret END,
    previous_secret_ends_at = CASE
        WHEN %(ends_at)s::timestamptz > %(now)s AND webhook.sealed_secret IS NOT NULL THEN %(ends_at)s::timestamptz
    END,
    updated_at = %(now)s
WHERE webhook.org_id = %(org_id)s AND webhook.id = %(id)s
  AND (
      webhook.previous_secret_ends_at IS NULL
      OR webhook.previous_secret_ends_at <= %(now)s
      OR %(ends_at)s::timestamptz <= %(now)s
  )
RETURNING {{columns}};

-- forget_ended_secrets --
UPDATE webhook SET previous_sealed_secret = NULL, previous_secret_ends_at = NULL
WHERE (webhook.org_id, webhook.id) IN (
    SELECT ended.org_id, ended.id FROM webhook AS ended
    WHERE ended.previous_secret_ends_at <= %(now)s::timestamptz
    LIMIT %(limit)s
)
RETURNING webhook.id;
