"""The fixtures that every other test stands on."""

import psycopg
import redis


def test_each_worker_has_its_own_database(database_url: str, worker_id: str) -> None:
    """Workers that run at once never see each other's rows."""
    with psycopg.connect(database_url) as db:
        name = db.execute("SELECT current_database()").fetchone()

    assert name == (f"tests_{worker_id}",)


def test_each_worker_has_its_own_redis_database(redis_url: str) -> None:
    """Workers that run at once never see each other's keys."""
    with redis.Redis.from_url(redis_url) as client:
        answered = client.ping()

    assert answered
