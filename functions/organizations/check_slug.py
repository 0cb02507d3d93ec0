"""GET /api/v1/organizations/check-slug: whether a slug can be taken."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.slugs import check_slug
from shared.wire.tenants import CheckSlugQuery, SlugCheckAnswer


@route("GET", "/api/v1/organizations/check-slug", access="public", answer=SlugCheckAnswer)
async def endpoint(call: Call, query: CheckSlugQuery) -> dict[str, Any]:
    """Whether a slug is one and is free, and one to take instead if not."""
    return await check_slug(call.core, query.slug, call.random)


handler = lambda_handler(endpoint)
