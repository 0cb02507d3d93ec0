-- Nobody noted which secret signs before there were notes. On a service that is older than they are, one without a
-- note may have signed until now: the row without a name stands for all of those.
ALTER TABLE signing_secret NO FORCE ROW LEVEL SECURITY;
INSERT INTO signing_secret (id, signed_until)
SELECT '', now()
WHERE EXISTS (SELECT FROM schema_migration AS earlier WHERE earlier.ran_at < now() - interval '1 hour')
ON CONFLICT (id) DO NOTHING;
ALTER TABLE signing_secret FORCE ROW LEVEL SECURITY;
