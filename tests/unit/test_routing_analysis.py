"""The analysis that says whether a statement goes to one shard: it refuses all that does not."""

import pytest

from tests.support.routing import faults_of
from tests.support.sql_schema import Body, Function, Schema, _parsed


def statements(text: str) -> list[str]:
    """The statements of a text, in which `:org` stands for the parameter."""
    return [one.strip().replace(":org", "%(org_id)s") for one in text.split(";") if one.strip()]


def function(name: str, text: str, place: int | None = 0, *, is_dynamic: bool = False) -> Function:
    return Function(name, Body((_parsed(text),), is_dynamic), place)


SCHEMA = Schema(
    {
        "job": ("org_id", "id", "queue", "state"),
        "done": ("org_id", "id", "queue", "state"),
        "queue": ("org_id", "name", "paused"),
        "person": ("id", "email"),
    },
    {
        known.name: known
        for known in (
            function("tell", "INSERT INTO done (org_id, id) VALUES (of_org, 1)"),
            function("says", "SELECT tell(of_org, 1)"),
            function("sum_up", "SELECT count(*) FROM job", None),
            function("double", "SELECT twice * 2", None),
            function("drop_day", "SELECT 1", 0, is_dynamic=True),
        )
    },
)

ROUTED = statements(
    """
SELECT * FROM job WHERE org_id = :org;
SELECT * FROM job WHERE :org::bigint = job.org_id AND (id = %(id)s OR queue = %(queue)s);
SELECT * FROM job AS j JOIN queue AS q ON q.org_id = j.org_id AND q.name = j.queue WHERE j.org_id = :org;
SELECT * FROM job AS j, queue AS q, done AS d WHERE j.org_id = q.org_id AND d.org_id = q.org_id AND
    d.org_id = :org;
SELECT * FROM job LEFT JOIN queue ON queue.org_id = job.org_id AND queue.name = job.queue WHERE job.org_id
    = :org;
SELECT * FROM job LEFT JOIN queue ON queue.org_id = :org WHERE job.org_id = :org;
SELECT * FROM queue RIGHT JOIN job ON queue.org_id = job.org_id WHERE job.org_id = :org;
SELECT * FROM (job CROSS JOIN person) JOIN done ON done.org_id = job.org_id AND job.org_id = :org;
WITH found AS (SELECT * FROM job WHERE org_id = :org) SELECT * FROM done JOIN found ON done.org_id =
    found.org_id;
WITH found AS (SELECT id, org_id AS whose FROM job WHERE org_id = :org) SELECT * FROM done JOIN found ON
    done.org_id = found.whose;
WITH found(a, b) AS (SELECT id, :org AS x FROM person) SELECT * FROM done JOIN found ON done.org_id =
    found.b;
WITH RECURSIVE below AS (SELECT org_id, id FROM job WHERE org_id = :org UNION SELECT done.org_id, done.id
    FROM below JOIN done ON done.org_id = below.org_id AND done.id > below.id) SELECT * FROM below;
SELECT * FROM job WHERE org_id = :org UNION ALL SELECT * FROM done WHERE org_id = :org;
SELECT * FROM done JOIN (SELECT org_id FROM job WHERE org_id = :org UNION SELECT :org) AS u ON u.org_id =
    done.org_id;
SELECT * FROM job CROSS JOIN LATERAL (SELECT * FROM done WHERE done.org_id = job.org_id LIMIT 1) AS d
    WHERE job.org_id = :org;
SELECT (SELECT count(*) FROM done WHERE done.org_id = job.org_id) FROM job WHERE org_id = :org;
SELECT * FROM job WHERE org_id = :org AND EXISTS (SELECT FROM queue WHERE queue.org_id = job.org_id);
SELECT * FROM job LEFT JOIN LATERAL (SELECT * FROM queue WHERE queue.org_id = job.org_id) AS q ON true
    LEFT JOIN done ON done.org_id = q.org_id WHERE job.org_id = :org;
INSERT INTO job (org_id, id) VALUES (:org, 1), (:org, 2);
INSERT INTO job (id, org_id) SELECT id, :org FROM person;
INSERT INTO done SELECT * FROM job WHERE org_id = :org;
WITH gone AS (DELETE FROM job WHERE org_id = :org RETURNING *) INSERT INTO done (org_id, id) SELECT
    org_id, id FROM gone;
INSERT INTO job (org_id, id) VALUES (:org, 1) ON CONFLICT DO NOTHING;
INSERT INTO job AS known (org_id, id) VALUES (:org, 1) ON CONFLICT (org_id, id) DO UPDATE SET state =
    excluded.state WHERE known.state = 'old';
UPDATE job SET state = 'x' WHERE org_id = :org;
UPDATE job SET state = 'x' FROM done WHERE done.org_id = job.org_id AND job.org_id = :org;
DELETE FROM job USING done WHERE done.org_id = :org AND job.org_id = done.org_id;
SELECT * FROM job WHERE org_id = :org FOR UPDATE OF job SKIP LOCKED;
SELECT tell(:org, 1), says(:org::bigint), double(id) FROM job WHERE org_id = :org;
SELECT tell(org_id, 1) FROM job WHERE org_id = :org;
SELECT * FROM person WHERE email = %(email)s;
SELECT relname FROM pg_class;
SELECT 1;
"""
)

REFUSED = statements(
    """
-- No predicate at all, or not on this table.
SELECT * FROM job;
SELECT * FROM job WHERE id = %(id)s;
SELECT * FROM job, done WHERE job.org_id = :org;
SELECT * FROM job AS a, job AS b WHERE a.org_id = :org AND a.id = b.id;
SELECT * FROM job AS a JOIN job AS b ON a.org_id = :org AND a.org_id = a.org_id;
SELECT * FROM job JOIN done ON done.id = job.id WHERE job.org_id = :org;
SELECT * FROM job JOIN done USING (id) WHERE job.org_id = :org;
SELECT * FROM job NATURAL JOIN done WHERE job.org_id = :org;
-- Another organization, or several.
SELECT * FROM job WHERE org_id = %(other)s;
SELECT * FROM job WHERE org_id = 1;
SELECT * FROM job WHERE org_id = current_org();
SELECT * FROM job WHERE org_id = ANY(ARRAY[:org]::bigint[]);
SELECT * FROM job WHERE org_id IN (:org, %(other)s);
SELECT * FROM job WHERE id = :org;
SELECT * FROM job WHERE org_id = :org::text::bigint;
SELECT * FROM job WHERE org_id::text = :org;
SELECT * FROM job WHERE org_id = :org::integer;
-- What is no equality, or does not always hold.
SELECT * FROM job WHERE org_id = :org OR id = %(id)s;
SELECT * FROM job WHERE (:org IS NULL OR org_id = :org);
SELECT * FROM job WHERE NOT org_id = :org;
SELECT * FROM job WHERE org_id <> :org;
SELECT * FROM job WHERE org_id >= :org;
SELECT * FROM job WHERE org_id BETWEEN :org AND :org;
SELECT * FROM job WHERE org_id IS NOT DISTINCT FROM :org;
SELECT * FROM job WHERE org_id = coalesce(:org, org_id);
SELECT * FROM job WHERE coalesce(org_id, :org) = :org;
SELECT * FROM job WHERE CASE WHEN :org = 0 THEN true ELSE org_id = :org END;
SELECT * FROM job WHERE (org_id = :org) IS NOT FALSE;
SELECT * FROM job WHERE org_id = :org + 0;
SELECT org_id = :org FROM job;
SELECT count(*) FILTER (WHERE org_id = :org) FROM job;
SELECT count(*) FROM job GROUP BY org_id HAVING org_id = :org;
-- An outer join says nothing of its other side.
SELECT * FROM job LEFT JOIN done ON done.org_id = :org AND job.org_id = :org;
SELECT * FROM job LEFT JOIN done ON done.org_id = job.org_id AND done.org_id = :org;
SELECT * FROM job RIGHT JOIN done ON done.org_id = :org WHERE job.org_id = :org;
SELECT * FROM job FULL JOIN done ON done.org_id = job.org_id WHERE job.org_id = :org;
SELECT * FROM person LEFT JOIN (job JOIN done ON done.org_id = :org AND job.id = done.id) ON true;
SELECT * FROM queue LEFT JOIN (job JOIN done ON done.org_id = queue.org_id AND queue.org_id = :org) ON
    true WHERE job.org_id = :org;
-- Inside another query.
SELECT * FROM (SELECT * FROM job) AS j WHERE j.org_id = :org;
WITH found AS (SELECT * FROM job ORDER BY id LIMIT 1) SELECT * FROM found WHERE org_id = :org;
WITH found AS (SELECT id FROM job WHERE org_id = %(other)s) SELECT * FROM found;
WITH found AS (SELECT id FROM person) SELECT * FROM found JOIN done ON done.org_id = found.id, job WHERE
    job.org_id = :org;
SELECT * FROM job WHERE org_id = :org AND EXISTS (SELECT FROM done WHERE done.id = job.id);
SELECT * FROM job WHERE org_id = :org AND id IN (SELECT id FROM done);
SELECT * FROM job WHERE org_id = (SELECT max(org_id) FROM done WHERE org_id = :org);
SELECT (SELECT count(*) FROM done) FROM job WHERE org_id = :org;
SELECT (SELECT count(*) FROM job AS p, (SELECT FROM done WHERE done.org_id = p.id) AS d
    WHERE p.org_id = :org AND p.id = :org) FROM person AS p;
SELECT * FROM job WHERE org_id = :org ORDER BY (SELECT max(id) FROM done);
SELECT * FROM job WHERE org_id = :org LIMIT (SELECT count(*) FROM done);
SELECT * FROM job WHERE org_id = :org UNION ALL SELECT * FROM done;
SELECT * FROM done JOIN (SELECT org_id FROM job WHERE org_id = :org UNION SELECT id FROM person) AS u ON
    u.org_id = done.org_id;
WITH RECURSIVE below AS (SELECT org_id, id FROM job WHERE org_id = :org UNION SELECT below.id, done.id
    FROM below JOIN done ON done.org_id = below.org_id) SELECT * FROM below;
SELECT * FROM person CROSS JOIN LATERAL (SELECT * FROM job WHERE job.org_id = person.id) AS j;
SELECT * FROM unnest(%(orgs)s::bigint[]) AS asked(org_id) JOIN job ON job.org_id = asked.org_id;
SELECT * FROM generate_series(1, (SELECT count(*) FROM job)) AS n;
VALUES ((SELECT count(*) FROM job), :org);
-- Changes.
INSERT INTO job (org_id, id) VALUES (%(other)s, 1);
INSERT INTO job (org_id, id) VALUES (:org, 1), (2, 2);
INSERT INTO job (id) VALUES (1);
INSERT INTO job DEFAULT VALUES;
INSERT INTO job (id, org_id) VALUES (:org, 1);
INSERT INTO job (org_id, id) SELECT id, :org FROM person;
INSERT INTO done SELECT * FROM job;
INSERT INTO done SELECT queue.*, 1 FROM person LEFT JOIN queue ON queue.org_id = :org;
INSERT INTO done (org_id, id) SELECT queue.org_id, 1 FROM person LEFT JOIN queue ON queue.org_id = :org;
INSERT INTO job (org_id, id) VALUES (:org, 1) ON CONFLICT (id) DO NOTHING;
INSERT INTO job (org_id, id) VALUES (:org, 1) ON CONFLICT (org_id, id) DO UPDATE SET org_id = 2;
INSERT INTO job (org_id, id) VALUES (:org, 1) ON CONFLICT (org_id, id) DO UPDATE SET state = (SELECT
    max(state) FROM done);
INSERT INTO job (org_id, id) VALUES (:org, 1) RETURNING (SELECT count(*) FROM done);
UPDATE job SET state = 'x';
UPDATE job SET org_id = :org WHERE org_id = :org;
UPDATE job SET state = 'x' FROM done WHERE done.org_id = :org AND done.id = job.id;
UPDATE job SET state = (SELECT max(state) FROM done) WHERE org_id = :org;
DELETE FROM job USING done WHERE job.org_id = :org AND done.id = job.id;
DELETE FROM job WHERE org_id = :org RETURNING (SELECT count(*) FROM done);
-- Functions that work on tables.
SELECT tell(%(other)s, 1);
SELECT says(1);
SELECT tell(id, 1) FROM job WHERE org_id = :org;
SELECT sum_up(:org);
SELECT drop_day(:org);
SELECT * FROM job JOIN person ON person.id = tell(1, 1) WHERE job.org_id = :org;
SELECT * FROM job, LATERAL tell(job.id, 1) AS t WHERE job.org_id = :org;
SELECT tell(queue.org_id, 1) FROM person LEFT JOIN queue ON queue.org_id = :org;
-- What the analysis does not know.
SELECT * FROM jobs WHERE org_id = :org;
SELECT * FROM job TABLESAMPLE SYSTEM (1) WHERE org_id = :org;
MERGE INTO job USING person ON job.org_id = :org WHEN MATCHED THEN DELETE;
"""
)


@pytest.mark.parametrize("sql", ROUTED)
def test_what_is_held_to_the_organization_routes(sql: str) -> None:
    """An equality, or a chain of them, is found through joins, CTEs, sub-selects and changes."""
    assert faults_of(sql, SCHEMA) == []


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_not_held_to_the_organization_is_refused(sql: str) -> None:
    """A table that is not held, or not always, is a fault."""
    assert faults_of(sql, SCHEMA) != []


def test_a_fault_names_its_table() -> None:
    """Who breaks the rule reads which table, under which name, is to be held."""
    (sql,) = statements("SELECT * FROM job JOIN done AS past ON past.id = job.id WHERE job.org_id = :org")

    assert faults_of(sql, SCHEMA) == ["done (past): not held to the organization"]
