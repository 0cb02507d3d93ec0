"""GET /console: the web console."""

from shared.console.asset import shell
from shared.edge import Answer, Call, lambda_handler, route
from shared.edge.static import file_answer


@route("GET", "/console", access="public", media_type="text/html", also=(304,))
async def endpoint(call: Call) -> Answer:
    """The page for people: everything else that it needs comes from `/console/...` and from the API."""
    return file_answer(shell(), call.headers)


handler = lambda_handler(endpoint)
