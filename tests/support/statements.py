"""Every statement that the program sends, as it is sent.

Most are filled when their module is loaded. Those that are filled for a request are taken from the store that
the program asks.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from time import monotonic
from typing import cast

from pglast import parse_sql
from pglast.parser import ParseError

import shared
from shared.admin.organizations import OrganizationFilter, list_organizations
from shared.audit.retention import delete_old_entries
from shared.core import Core
from shared.events.wakeups import Wakeups
from shared.inbound import log
from shared.inbound.retention import delete_old_deliveries
from shared.jobs.acts.choosing import Choice
from shared.jobs.acts.kinds import KINDS
from shared.jobs.acts.request import ActRequest
from shared.jobs.acts.retention import delete_old_acts
from shared.jobs.causes import CauseFilter, list_causes
from shared.jobs.dead import DeadFilter, purge_dead
from shared.jobs.filtering import STATUSES, JobFilter
from shared.jobs.listing import ORDERS, list_jobs, list_whole_jobs
from shared.jobs.retention import delete_old_jobs
from shared.limits.charge import charge
from shared.limits.figures import LIMIT_OF
from shared.limits.plans import PLANS
from shared.settings import Settings
from shared.store import Queries, Query, Statement, Store, Transaction, load_queries
from shared.store.queries import prepared
from shared.tenants.caller import Caller
from shared.webhooks.resealing import reseal
from shared.webhooks.sealing import seal
from shared.workflows.read import list_workflows
from tests.support.plans import RecordingStore

_OPEN = re.compile(r"\{\{\w+\}\}")
_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_CALLERS = (Caller(org_id=1, key_id=1), Caller(org_id=1, key_id=1, queues=("emails",)))
_PACKAGE = Path(str(shared.__file__)).parent


async def sent_statements() -> dict[str, tuple[str, ...]]:
    """All, by `slice/file: query`: one, or the forms that it is filled in.

    Fails for a query that is neither a statement nor a part of one.
    """
    forms: dict[str, set[str]] = defaultdict(set)
    parts: set[tuple[str, str]] = set()
    for name, query in _named_queries():
        if _OPEN.search(query.sql) is None and _is_statement(query.sql):
            forms[name].add(query.sql)
        else:
            parts.add((name, query.sql))
    filled = {sql for texts in forms.values() for sql in texts}
    for query in await _filled_for_requests():
        if query.sql in filled:
            continue
        (owner,) = {
            name for name, sql in parts if name.endswith(f": {query.name}") and _is_form(query.sql, sql)
        }
        forms[owner].add(query.sql)
    for name in [*forms]:
        # A part that could be a statement of its own.
        if all(_is_used(sql, name, forms) for sql in forms[name]):
            parts |= {(name, sql) for sql in forms.pop(name)}
    unused = sorted(name for name, sql in parts if name not in forms and not _is_used(sql, name, forms))
    assert unused == [], "neither a statement nor a part of one"
    return {name: tuple(sorted(texts)) for name, texts in sorted(forms.items())}


def _named_queries() -> Iterator[tuple[str, Query]]:
    """What the modules hold of the `.sql` files beside them."""
    for found in walk_packages(shared.__path__, "shared."):
        module = import_module(found.name)
        path = Path(str(module.__file__))
        if not path.with_suffix(".sql").exists():
            continue
        own = {query.name for query in load_queries(str(path))}
        place = path.relative_to(_PACKAGE).with_suffix("").as_posix()
        for value in vars(module).values():
            for query in _queries_in(value):
                if query.name in own:
                    yield f"{place}: {query.name}", query


def _queries_in(value: object) -> list[Query]:
    if isinstance(value, Queries):
        return list(value)
    if isinstance(value, Statement):
        return [value.query]
    return [value] if isinstance(value, Query) else []


def _is_statement(sql: str) -> bool:
    try:
        parse_sql(prepared(sql).sql.decode())
    except ParseError:
        return False
    return True


def _is_used(sql: str, name: str, forms: dict[str, set[str]]) -> bool:
    """Whether a text stands in a statement of another name, whatever it is filled with there."""
    pieces = _OPEN.split(sql)
    return any(
        _stand_in_turn(pieces, text) for other, texts in forms.items() if other != name for text in texts
    )


def _is_form(text: str, sql: str) -> bool:
    """Whether a statement is a query, filled."""
    pieces = _OPEN.split(sql)
    return text.startswith(pieces[0]) and text.endswith(pieces[-1]) and _stand_in_turn(pieces, text)


def _stand_in_turn(pieces: list[str], text: str) -> bool:
    place = 0
    for piece in pieces:
        found = text.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return True


async def _filled_for_requests() -> list[Query]:
    nothing = defaultdict(lambda: None, deleted=0)
    settings = Settings(spooled_env="development", secret_key_fallbacks="another-secret-of-thirty-two-chars")
    store = RecordingStore(
        {
            "count": [dict.fromkeys(LIMIT_OF, 0)],
            "delete_old": [nothing],
            "list_organizations": [{"org_id": None, "total": 0}],
            "page_of_sealed": [{"org_id": 1, "id": 1, "sealed": seal(settings, "secret")}],
        }
    )
    core = Core(settings, cast("Store", store), Wakeups())
    for caller in _CALLERS:
        for wanted in _job_filters():
            await list_jobs(core, caller, wanted, _NOW)
            await list_whole_jobs(core, caller, wanted, _NOW)
        await list_causes(core, caller, CauseFilter(queue="emails", since=_NOW))
        await list_causes(core, caller, CauseFilter())
        await purge_dead(core, caller, DeadFilter(10))
        await purge_dead(core, caller, DeadFilter(10, "emails", ("job_1",), _NOW))
        for statement in _of_acts(caller):
            await store.fetch_each(caller.scope, [statement])
    for status in (None, "failed", "completed"):
        await list_workflows(core, _CALLERS[0], status, after=None, limit=50, offset=0)
    for status in (None, "created", "duplicate"):
        await log.list_deliveries(core, _CALLERS[0], log.DeliveryFilter(status, _NOW, "emails"))
    for made in ({resource: 1} for resource in LIMIT_OF):
        await _charge(store, made)
    await _charge(store, dict.fromkeys(LIMIT_OF, 1))
    await delete_old_jobs(core, _NOW, monotonic())
    await reseal(core, _NOW, monotonic() + 60)
    for delete_old in (delete_old_acts, delete_old_deliveries, delete_old_entries):
        await delete_old(core, _NOW, monotonic())
    await list_organizations(core, OrganizationFilter(), _NOW)
    return [recorded.statement.query for recorded in store.recorded]


_ACTED_ON = JobFilter("emails", None, 1, 0, "job_1", "send", "tag", _NOW, _NOW, job_ids=("job_1",))


def _of_acts(caller: Caller) -> Iterator[Statement]:
    for name, kind in KINDS.items():
        for wanted in (JobFilter(), _ACTED_ON):
            request = ActRequest(name, wanted, {})
            choice = Choice(caller, request, 1, _NOW)
            yield choice.counting(kind.looked_at(request), _NOW, 10)
            yield choice.next_page(kind.chosen(request), 0, 10, _NOW)


def _job_filters() -> Iterator[JobFilter]:
    yield JobFilter()
    yield JobFilter("emails", STATUSES, 50, 0, "job_1", "send", "tag", _NOW, _NOW)
    yield JobFilter(cause="cause_1")
    yield from (
        JobFilter(queue, after="job_01k8x5q2m4c00", descending=down)
        for queue in (None, "emails")
        for down in (True, False)
    )
    yield from (JobFilter(statuses=(status,)) for status in STATUSES)
    yield from (JobFilter(order_by=order, descending=down) for order in ORDERS for down in (True, False))


async def _charge(store: RecordingStore, made: dict[str, int]) -> None:
    """As a change that has made so much of each resource, in a plan that limits it."""
    limits = replace(PLANS["free"], **dict.fromkeys(LIMIT_OF.values(), 1_000))
    async with store.transaction(_CALLERS[0].scope) as transaction:
        await charge(cast("Transaction", transaction), 1, limits, made, _NOW)
