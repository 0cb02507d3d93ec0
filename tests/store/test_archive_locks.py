"""Who plans a statement of the archive locks all its partitions and indexes until the transaction ends."""

from contextlib import ExitStack

import psycopg

from tests.support.servers import Servers

READERS, DAYS = 60, 90


def test_many_who_read_the_archive_at_once_have_locks_enough(servers: Servers, worker_id: str) -> None:
    """With 90 days kept, sixty transactions at once read the archive, as after a deploy or a failover."""
    url = servers.new_database(f"archive_locks_{worker_id}")
    with psycopg.connect(url, autocommit=True) as owner:
        days = "SELECT ensure_archive_partition(current_date - ago) FROM generate_series(1, %s) AS ago"
        owner.execute(days, (DAYS,))

    with ExitStack() as open_ones:
        readers = [open_ones.enter_context(psycopg.connect(url)) for _ in range(READERS)]
        read = [reader.execute("SELECT count(*) FROM job_archive").fetchone() for reader in readers]

    assert read == [(0,)] * READERS
