"""`python -m tests.rights`: how large the table of rights is, counted on a service that runs."""

import asyncio
import sys
from itertools import chain

from functions.streams.app import every_method, every_stream
from shared.edge.opening import open_core
from shared.settings import Settings
from tests.rights.aimed import aimed
from tests.rights.credentials import ADMIN_KEY, everybody
from tests.rights.declared import read_rules
from tests.rights.estate import estate_of
from tests.rights.test_long_lived import metadata_of, requests_of
from tests.rights.test_strangers import CHECKED, HOME
from tests.support.clock import MovingClock
from tests.support.mailbox import Mailbox, running_mail_server
from tests.support.people import served
from tests.support.routes import ENDPOINTS
from tests.support.servers import Servers, running_servers


async def count(servers: Servers, mailbox: Mailbox) -> list[tuple[str, int]]:
    """What is asked of the service, and how often."""
    clock = MovingClock()
    settings = Settings(
        spooled_env="development",
        database_url=servers.new_database("rights"),
        redis_url=servers.redis_url,
        admin_api_key=ADMIN_KEY,
    )
    core = await open_core(settings, clock)
    api = served(core, smtp_url=mailbox.url, mail_from="Spooled <no-reply@spooled.example>")
    async with api.client:
        people = (await everybody(api, clock, mailbox)).credentials
        estate = await estate_of(await api.new_tenant())
    await core.close()
    ways = sum(len([*metadata_of(credential)]) for credential in people)
    named = sum(len([*aimed(endpoint, estate, HOME)]) for endpoint in CHECKED)
    called = len([*chain.from_iterable(requests_of(method, estate) for method in every_method())])
    return [
        (f"routes by credentials ({len(ENDPOINTS)} x {len(people)})", len(ENDPOINTS) * len(people)),
        (
            f"streams by credentials ({len(every_stream())} x {len(people)})",
            len(every_stream()) * len(people),
        ),
        (f"methods by credentials ({len(every_method())} x {ways})", len(every_method()) * ways),
        ("requests that name another organization's things", named),
        ("the same about what is nowhere, for comparison", named),
        ("requests of a key for another queue", named),
        ("calls that do, of both", 2 * called),
    ]


def main() -> None:
    with running_servers() as servers, running_mail_server() as mailbox:
        counted = asyncio.run(count(servers, mailbox))
    lines = [f"{len(read_rules())} rules in tests/rights/matrix.txt"]
    lines += [f"{cells:>7} {what}" for what, cells in counted]
    lines.append(f"{sum(cells for _, cells in counted):>7} cells")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
