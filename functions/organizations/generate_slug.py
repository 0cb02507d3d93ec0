"""POST /api/v1/organizations/generate-slug: a slug for a name."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.slugs import generate_slug
from shared.wire.tenants import GenerateSlug, SlugAnswer


@route("POST", "/api/v1/organizations/generate-slug", access="public", answer=SlugAnswer)
async def endpoint(call: Call, body: GenerateSlug) -> dict[str, Any]:
    """A slug that reads like the name and is free at this moment."""
    return {"slug": await generate_slug(call.core, body.name, call.random)}


handler = lambda_handler(endpoint)
