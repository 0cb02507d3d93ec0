"""Who did something, by the public id that was noted of them (`tokens.holder_id`)."""

from collections.abc import Iterable

from shared import ids
from shared.core import Core
from shared.store import SYSTEM, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)


async def names_of_holders(core: Core, caller: Caller, public_ids: Iterable[str | None]) -> dict[str, str]:
    """The names of keys and the addresses of people, each with its id, of those that the caller may read."""
    noted = {public_id for public_id in public_ids if public_id is not None}
    keys = [ids.decode("key", public_id) for public_id in noted if caller.may("api-keys:read")]
    users = [ids.decode("user", public_id) for public_id in noted if caller.may("users:read")]
    if not keys and not users:
        return {}
    # People are beyond the scope of one organization, so the system asks, and names the organization.
    rows = await core.store.fetch(
        SYSTEM, QUERIES["names_of_holders"], org_id=caller.org_id, keys=keys, users=users
    )
    return {ids.encode(row["kind"], row["id"]): row["name"] for row in rows}
