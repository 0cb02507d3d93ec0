-- Live events: who watches, and what happened while a reader had no Redis to hear it through.

-- One row for an organization that somebody watches, or watched a moment ago: only then is anything told.
CREATE TABLE watch (
    org_id bigint PRIMARY KEY REFERENCES organization ON DELETE CASCADE,
    until timestamptz NOT NULL,
    -- A reader without Redis looks into `happening` until then.
    kept_until timestamptz
) WITH (fillfactor = 50);
CALL protect_tenant_table('watch');

-- The order of `seq` is not that of the commits; with `xact` a reader knows which rows may still come.
CREATE UNLOGGED TABLE happening (
    org_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    told_at timestamptz NOT NULL,
    names text[] NOT NULL,
    item json NOT NULL,
    PRIMARY KEY (org_id, xact, seq)
);
CREATE INDEX happening_told ON happening (told_at);
CALL protect_tenant_table('happening');

CREATE FUNCTION is_watched(of_org bigint, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM watch WHERE watch.org_id = of_org AND watch.until > at);

-- Called by the statement that made the change, in its transaction: webhooks get their deliveries, and the
-- process that runs the statement gets a notice, which it passes on once the change is committed.
CREATE FUNCTION tell(of_org bigint, happenings text[], items json[], told_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SET client_min_messages = notice AS $$
DECLARE
    is_kept boolean;
BEGIN
    SELECT coalesce(watch.kept_until > told_at, false) INTO is_kept
    FROM watch
    WHERE watch.org_id = of_org AND watch.until > told_at;
    IF FOUND THEN
        IF is_kept THEN
            INSERT INTO happening (org_id, told_at, names, item)
            SELECT of_org, tell.told_at, happenings, told.item
            FROM unnest(items) WITH ORDINALITY AS told(item, place)
            ORDER BY told.place;
        END IF;
        RAISE NOTICE USING MESSAGE = 'spooled.happening ' || json_build_object(
            'org', of_org, 'kept', is_kept, 'at', json_instant(told_at), 'names', happenings,
            -- As text in text: what is the user's goes on as it came in, read by nobody on the way.
            'items', items::text[]
        );
    END IF;
    RETURN tell_webhooks(of_org, happenings, items, told_at);
END
$$;
