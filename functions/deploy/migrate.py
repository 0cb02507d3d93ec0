"""At deploy: the database has the schema of this release, and lets the functions in."""

from typing import Any

from shared.edge import at_deploy
from shared.settings import Settings
from shared.store.prepare import prepare_database


@at_deploy()
async def run(settings: Settings) -> dict[str, Any]:
    """Run the migrations that have not run yet, as the database's owner."""
    return {"ran": await prepare_database(settings)}


handler = run.handler
