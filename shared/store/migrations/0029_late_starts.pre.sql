-- Called by the claim of their steps: workflows start with the first one, also those that were cancelled and
-- retried before any step had run.
CREATE OR REPLACE FUNCTION begin_workflows(of_org bigint, workflows bigint[], begun_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    told bigint;
BEGIN
    WITH begun AS (
        UPDATE workflow SET state = 'running', started_at = begun_at, updated_at = begun_at
        FROM (
            SELECT fresh.id FROM workflow AS fresh
            WHERE fresh.org_id = of_org AND fresh.id = ANY(workflows)
              AND fresh.state IN ('pending', 'running') AND fresh.started_at IS NULL
            ORDER BY fresh.id
            FOR NO KEY UPDATE
        ) AS fresh
        WHERE workflow.org_id = of_org AND workflow.id = fresh.id
        RETURNING workflow
    )
    SELECT tell(of_org, '{workflow.started}', array_agg(workflow_event(begun.workflow)), begun_at)
    INTO told
    FROM begun
    WHERE is_watched(of_org, begun_at)
    HAVING count(*) > 0;
END
$$;
