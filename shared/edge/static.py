"""Files as answers: whole, packed, or just the word that the caller has them already."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from shared.console.asset import Asset
from shared.edge.answer import Answer


def file_answer(found: Asset, headers: Mapping[str, str]) -> Answer:
    """The file for a request with these headers."""
    own = found.headers()
    if found.is_known_by(headers):
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers=own)
    packed = found.packed_for(headers)
    if packed is None:
        return Answer(found.body, headers=own, media_type=found.media_type)
    return Answer(packed, headers=own | {"content-encoding": "gzip"}, media_type=found.media_type)


def console_by_folder() -> Route:
    """`/console/`, as people type it, is `/console`."""

    async def moved(_request: Request) -> RedirectResponse:
        return RedirectResponse("/console", HTTPStatus.PERMANENT_REDIRECT)

    return Route("/console/", moved)
