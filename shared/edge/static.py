"""Files as answers: whole, packed, or just the word that the caller has them already."""

from collections.abc import Mapping
from http import HTTPStatus

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
