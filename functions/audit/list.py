"""GET /api/v1/audit: who did what."""

from shared.audit.log import list_entries
from shared.edge import Answer, Call, lambda_handler, route
from shared.wire.audit import AuditEntryAnswer, ListAuditQuery


@route("GET", "/api/v1/audit", scope="organization:read", answer=list[AuditEntryAnswer], pages=True)
async def endpoint(call: Call, query: ListAuditQuery) -> Answer:
    """A page of the audit log, newest first, kept as long as the plan keeps history."""
    entries, has_more = await list_entries(call.core, call.caller, query.filter())
    return Answer(entries, headers={"x-has-more": str(has_more).lower()})


handler = lambda_handler(endpoint)
