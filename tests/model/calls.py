"""The requests that the acts of a history become, once it is known which jobs they mean."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.model.drawing import Drawn
from tests.model.flow_calls import FLOW_CALLS
from tests.model.known import Call, Known
from tests.model.world import World


def call_of(drawn: Drawn, known: Known) -> Call:
    """The act with the jobs that its places mean now."""
    given = {name: value for name, value in drawn.items() if name != "act"}
    return _CALLS[drawn["act"]](given, known)


def _new(job: dict[str, Any], world: World, number: str) -> dict[str, Any]:
    made = {name: value for name, value in job.items() if name != "expires_in"} | {"payload": {"n": number}}
    if "expires_in" in job:
        made["expires_at"] = world.now + timedelta(seconds=job["expires_in"])
    return made


def _sent(job: dict[str, Any]) -> dict[str, Any]:
    return job | ({"expires_at": job["expires_at"].isoformat()} if "expires_at" in job else {})


def _enqueue(given: Drawn, known: Known) -> Call:
    job = _new(given["job"], known.world, f"{known.number}")
    return Call("enqueue", {"job": job}, ("POST", "/jobs", _sent(job)))


def _enqueue_many(given: Drawn, known: Known) -> Call:
    jobs = [_new(job, known.world, f"{known.number}.{place}") for place, job in enumerate(given["jobs"])]
    body = {"queue": jobs[0]["queue"], "jobs": [_sent(job) for job in jobs]}
    return Call("enqueue_many", {"jobs": jobs}, ("POST", "/jobs/bulk", body))


def _claim(given: Drawn, _known: Known) -> Call:
    body = {
        "queue_name": given["queue"],
        "worker_id": given["worker"],
        "limit": given["limit"],
        "lease_duration_secs": given["lease"],
    }
    return Call("claim", given, ("POST", "/jobs/claim", body))


def _dequeue(given: Drawn, _known: Known) -> Call:
    body = {"queue": given["queue"], "worker_id": given["worker"], "lease_duration_secs": given["lease"]}
    return Call("dequeue", given, ("POST", "/jobs/dequeue", body))


def _settle(act: str, path: str, body: Callable[[Drawn], dict[str, Any]]) -> Callable[[Drawn, Known], Call]:
    def call(given: Drawn, known: Known) -> Call:
        hold = known.hold(given["hold"])
        who = {
            "worker": hold.worker if given["by"] == "holder" else given["by"],
            "lease": hold.lease if given["fenced"] else None,
        }
        more = {name: value for name, value in given.items() if name not in {"hold", "by", "fenced"}}
        sent = body(more) | {"worker_id": who["worker"], "lease_id": who["lease"]}
        return Call(
            act,
            {"job_id": hold.job_id} | who | more,
            ("POST", f"/jobs/{hold.job_id}/{path}", sent),
            (hold.job_id,),
        )

    return call


def _complete_many(given: Drawn, known: Known) -> Call:
    holds = [known.hold(place) for place in given["holds"]]
    pairs = [(hold.job_id, hold.lease) for hold in holds]
    body = {"jobs": [{"id": job_id, "lease_id": lease} for job_id, lease in pairs]}
    return Call(
        "complete_many",
        {"holds": pairs},
        ("POST", "/jobs/complete", body),
        tuple(job_id for job_id, _ in pairs),
    )


def _of_job(
    act: str, method: str, path: str, *states: str, body: Callable[[Drawn], Any] = lambda _given: {}
) -> Callable[[Drawn, Known], Call]:
    def call(given: Drawn, known: Known) -> Call:
        job_id = known.job(given["job"], *states)
        more = {name: value for name, value in given.items() if name != "job"}
        return Call(act, {"job_id": job_id} | more, (method, f"/jobs/{job_id}{path}", body(given)), (job_id,))

    return call


def _retry_dead(given: Drawn, known: Known) -> Call:
    named = None if given["jobs"] is None else [known.job(place, "deadletter") for place in given["jobs"]]
    body = {"job_ids": named, "queue_name": given["queue"], "limit": given["limit"]}
    asked = {"named": named, "queue": given["queue"], "limit": given["limit"]}
    return Call("retry_dead", asked, ("POST", "/jobs/dlq/retry", body), tuple(named or ()))


def _purge_dead(given: Drawn, _known: Known) -> Call:
    body = {"confirm": True, "queue_name": given["queue"], "limit": given["limit"]}
    return Call("purge_dead", given, ("POST", "/jobs/dlq/purge", body))


def _configure(given: Drawn, _known: Known) -> Call:
    fields = given["fields"]
    sent = {name: value for name, value in fields.items() if value is not None}
    lifted = {name: None for name, value in fields.items() if value is None}
    body = sent | ({"settings": lifted} if lifted else {})
    return Call("configure", given, ("PUT", f"/queues/{given['queue']}/config", body))


def _of_queue(act: str, body: Callable[[Drawn], Any]) -> Callable[[Drawn, Known], Call]:
    def call(given: Drawn, _known: Known) -> Call:
        return Call(act, given, ("POST", f"/queues/{given['queue']}/{act}", body(given)))

    return call


def _by_itself(act: str) -> Callable[[Drawn, Known], Call]:
    return lambda given, _known: Call(act, given)


_CALLS: dict[str, Callable[[Drawn, Known], Call]] = {
    "enqueue": _enqueue,
    "enqueue_many": _enqueue_many,
    "claim": _claim,
    "dequeue": _dequeue,
    "complete": _settle("complete", "complete", lambda given: {"result": given["result"]}),
    "complete_and_claim": _settle(
        "complete_and_claim", "complete", lambda given: {"claim_next": {"queue_name": given["queue"]}}
    ),
    "complete_many": _complete_many,
    "fail": _settle("fail", "fail", lambda given: {"error": given["error"], "no_retry": given["no_retry"]}),
    "heartbeat": _settle("heartbeat", "heartbeat", lambda given: {"lease_duration_secs": given["seconds"]}),
    "release": _settle("release", "release", lambda given: {"delay_seconds": given["delay"]}),
    "cancel": _of_job("cancel", "DELETE", "", "pending"),
    "retry": _of_job("retry", "POST", "/retry", "deadletter"),
    "retry_dead": _retry_dead,
    "purge_dead": _purge_dead,
    "set_priority": _of_job(
        "set_priority", "PUT", "/priority", "pending", body=lambda given: {"priority": given["priority"]}
    ),
    "configure": _configure,
    "pause": _of_queue("pause", lambda given: {"reason": given["reason"]}),
    "resume": _of_queue("resume", lambda _given: {}),
    "get": _of_job("get", "GET", "", body=lambda _given: None),
    "run_timers": _by_itself("run_timers"),
    "move_clock": _by_itself("move_clock"),
} | FLOW_CALLS
