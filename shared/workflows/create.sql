-- link_steps --
-- The jobs were made by the statement before, in the same transaction: nobody has seen them without this.
WITH made AS (
    INSERT INTO workflow (org_id, name, description, metadata, queues, total_jobs, created_at, updated_at)
    VALUES (
        %(org_id)s, %(name)s, %(description)s, %(metadata)s::json, %(queues)s::text[],
        cardinality(%(ids)s::bigint[]), %(now)s, %(now)s
    )
    RETURNING id, workflow AS known
),
depending AS (
    INSERT INTO job_dependency (org_id, child_id, parent_id, type)
    SELECT %(org_id)s, edge.child_id, edge.parent_id, edge.type
    FROM unnest(%(child_ids)s::bigint[], %(parent_ids)s::bigint[], %(types)s::text[])
        AS edge(child_id, parent_id, type)
),
linked AS (
    UPDATE job SET
        workflow_id = made.id,
        step_key = step.key,
        dependency_mode = step.mode,
        state = CASE step.unmet WHEN 0 THEN 'pending' ELSE 'waiting' END,
        unmet_parents = step.unmet,
        has_children = step.is_parent
    FROM made, unnest(
        %(ids)s::bigint[], %(keys)s::text[], %(modes)s::text[], %(unmets)s::integer[], %(are_parents)s::boolean[]
    ) AS step(id, key, mode, unmet, is_parent)
    WHERE job.org_id = %(org_id)s AND job.id = step.id
    RETURNING job.*
)
SELECT made.id, {{told_made}} AS told_made, {{told}} AS told FROM made;
