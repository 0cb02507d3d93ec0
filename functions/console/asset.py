"""GET /console/{file}: a script or style sheet of the console."""

from shared.console.asset import asset
from shared.edge import Answer, Call, lambda_handler, route
from shared.edge.static import file_answer
from shared.errors import NotFoundError


@route("GET", "/console/{file}", access="public", media_type="text/*", also=(304,))
async def endpoint(call: Call, file: str) -> Answer:
    """One of the files that the console is made of; 404 for any other name."""
    found = asset(file)
    if found is None:
        raise NotFoundError("The console has no such file.")
    return file_answer(found, call.headers)


handler = lambda_handler(endpoint)
