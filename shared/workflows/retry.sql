-- find_stopped hot --
SELECT job_archive.id
FROM job_archive
WHERE job_archive.org_id = %(org_id)s AND job_archive.workflow_id = %(workflow_id)s
  AND job_archive.state IN ('failed', 'deadletter', 'cancelled');
