-- delete_old_workflows hot --
DELETE FROM workflow
USING (
    SELECT old.org_id, old.id FROM workflow AS old
    WHERE old.completed_at < %(kept_since)s::timestamptz
    ORDER BY old.completed_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) AS old
WHERE workflow.org_id = old.org_id AND workflow.id = old.id
RETURNING 1;

-- delete_old_dependencies hot --
-- An id tells the age of its job. What a job that is still there waited for is kept as long as the job.
DELETE FROM job_dependency
USING (
    SELECT old.org_id, old.child_id, old.parent_id FROM job_dependency AS old
    WHERE old.child_id < %(before_id)s
      AND NOT EXISTS (SELECT FROM job WHERE job.org_id = old.org_id AND job.id = old.child_id)
      AND NOT EXISTS (
          SELECT FROM job_archive WHERE job_archive.org_id = old.org_id AND job_archive.id = old.child_id
      )
    ORDER BY old.child_id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) AS old
WHERE job_dependency.org_id = old.org_id AND job_dependency.child_id = old.child_id
  AND job_dependency.parent_id = old.parent_id
RETURNING 1;
