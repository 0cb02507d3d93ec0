"""What PostgreSQL alone does with the same table design: the life of a job by pgbench, without a service."""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.load import JOB
from localstack.binaries import postgres_binaries

_SCHEMA = """
CREATE SCHEMA ceiling;
CREATE TABLE ceiling.job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id bigint NOT NULL, queue text NOT NULL,
    state smallint NOT NULL DEFAULT 0, priority smallint NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(), attempts smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(), leased_until timestamptz, payload jsonb NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX ON ceiling.job (org_id, queue, priority DESC, run_at, id) WHERE state = 0;
CREATE INDEX ON ceiling.job (leased_until) WHERE state = 1;
CREATE TABLE ceiling.archive (LIKE ceiling.job, finished_at timestamptz);
CREATE INDEX ON ceiling.archive (org_id, queue, finished_at);
"""
# As the service does it: made, claimed with SKIP LOCKED, and moved to the archive. Each is a commit.
_LIFE = """
INSERT INTO ceiling.job (org_id, queue, payload)
SELECT 1, 'bench' || :client_id, payload::jsonb FROM unnest(:payloads::text[]) AS payload RETURNING id;
WITH due AS MATERIALIZED (
    SELECT id FROM ceiling.job
    WHERE org_id = 1 AND queue = 'bench' || :client_id AND state = 0 AND run_at <= now()
    ORDER BY priority DESC, run_at, id LIMIT {size} FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE ceiling.job AS job
    SET state = 1, attempts = job.attempts + 1, leased_until = now() + interval '1 minute'
    FROM due WHERE job.id = due.id RETURNING job.id, job.payload
)
SELECT coalesce(array_agg(id), '{{}}')::text AS ids, count(payload) AS count FROM claimed \\gset
WITH removed AS (DELETE FROM ceiling.job WHERE id = ANY(:ids::bigint[]) AND state = 1 RETURNING *)
INSERT INTO ceiling.archive SELECT removed.*, now() FROM removed;
"""
# An almost empty table invites a plan that reads all of it.
_PLANS = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off"


class Ceiling:
    """The tables, in a schema of their own beside the service's."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(_SCHEMA)

    def lives(self, size: int, clients: int, seconds: float) -> float:
        """Jobs a second that are made, claimed and completed in batches of that size."""
        parts = urlsplit(self._url)
        environment = {"PGPASSWORD": parts.password or "", "PGOPTIONS": _PLANS}
        payload = json.dumps(JOB["payload"]).replace("\\", "\\\\").replace('"', '\\"')
        payloads = "{" + ",".join([f'"{payload}"'] * size) + "}"
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(_LIFE.format(size=size))
            script.flush()
            command = [
                *(str(postgres_binaries(None) / "pgbench"), "--no-vacuum", "--protocol=prepared"),
                *("--client", str(clients), "--jobs", "2", "--time", f"{seconds:.0f}"),
                *("--file", script.name, "--define", f"payloads={payloads}"),
                *("--host", str(parts.hostname), "--port", str(parts.port)),
                *("--username", str(parts.username), str(Path(parts.path).name)),
            ]
            ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        found = re.search(r"tps = ([\d.]+)", ran.stdout)
        if ran.returncode or not found:
            raise RuntimeError(ran.stderr)
        return float(found[1]) * size
