-- list_workflows hot --
-- Reads the primary key, or the index by state, from its newest end or from below the last one of the page before.
-- A key that is held to some queues sees the workflows that stay within them.
SELECT * FROM workflow
WHERE workflow.org_id = %(org_id)s
  AND workflow.id < %(below)s
  {{of_state}}
  AND (%(queues)s::text[] IS NULL OR workflow.queues <@ %(queues)s::text[])
ORDER BY workflow.id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- completed --
AND workflow.state = 'completed'

-- not_completed --
-- What the partial index asks for is said beside the state: a plan that is kept knows no state.
AND workflow.state = %(state)s AND workflow.state <> 'completed'

-- find_workflow hot --
SELECT * FROM workflow
WHERE workflow.org_id = %(org_id)s AND workflow.id = %(id)s
  AND (%(queues)s::text[] IS NULL OR workflow.queues <@ %(queues)s::text[]);

-- find_steps hot --
-- A job is in one of the two tables in any snapshot. Ids are in the order in which the steps were given.
-- Payloads and results are read only to be shown.
SELECT step.*,
       ARRAY(
           SELECT edge.parent_id FROM job_dependency AS edge
           WHERE edge.org_id = %(org_id)s AND edge.child_id = step.id
           ORDER BY edge.parent_id
       ) AS parent_ids,
       ARRAY(
           SELECT edge.type FROM job_dependency AS edge
           WHERE edge.org_id = %(org_id)s AND edge.child_id = step.id
           ORDER BY edge.parent_id
       ) AS parent_types
FROM (
    SELECT {{columns}}, NULL::json AS result, NULL::timestamptz AS finished_at
    FROM job
    WHERE org_id = %(org_id)s AND workflow_id = %(workflow_id)s
    UNION ALL
    SELECT {{columns}}, CASE WHEN %(whole)s::boolean THEN result END AS result, finished_at
    FROM job_archive
    WHERE org_id = %(org_id)s AND workflow_id = %(workflow_id)s
) AS step
ORDER BY step.id;
