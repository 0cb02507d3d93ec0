"""What every command that asks the service has: where it is, who asks, and how the answer is shown."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from shared.command.errors import CommandError
from shared.command.exits import Exit
from shared.command.kinds import KEY_FILE
from shared.command.output import Output

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from shared.command.api import Api

Function = Callable[..., int | None]

DEFAULT_URL = "http://127.0.0.1:8080"
_OPTIONS = (
    click.option(
        "--url",
        envvar="SPOOLED_URL",
        default=DEFAULT_URL,
        show_default=True,
        show_envvar=True,
        help="Where the service is.",
    ),
    click.option(
        "--api-key",
        envvar="SPOOLED_API_KEY",
        show_envvar=True,
        help="The key. Others on this machine see it on a command line: prefer the variable or a file.",
    ),
    click.option(
        "--api-key-file",
        envvar="SPOOLED_API_KEY_FILE",
        show_envvar=True,
        type=KEY_FILE,
        help="A file with the key in it.",
    ),
    click.option("--json", "as_json", is_flag=True, help="JSON on standard output, for scripts."),
    click.option("--quiet", "-q", is_flag=True, help="No notes and no progress on standard error."),
)


def command(
    name: str, *, cls: type[click.Command] = click.Command, group: click.Group | None = None
) -> Callable[[Function], click.Command]:
    """A command, whose function is called with an Api, an Output and its own parameters by name.

    Its docstring is the help. It returns an exit code, or None when it is done, and raises CommandError.
    With `group` it becomes a part of that group.
    """

    def decorate(function: Function) -> click.Command:
        @functools.wraps(function)
        def wrapper(**given: Any) -> int | None:
            url, key, file = given.pop("url"), given.pop("api_key"), given.pop("api_key_file")
            out = Output(as_json=given.pop("as_json"), quiet=given.pop("quiet"))
            with closing(_api(url, _key(key, file), out)) as api:
                return function(api, out, **given)

        decorated: Any = wrapper
        for option in reversed(_OPTIONS):
            decorated = option(decorated)
        made: click.Command = click.command(name, cls=cls)(decorated)
        if group is not None:
            group.add_command(made)
        return made

    return decorate


def complete_queue(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of queues for the shell; none when the service does not tell at once."""
    from click.shell_completion import CompletionItem

    _ = param
    given = ctx.params
    try:
        key = _key(given.get("api_key"), given.get("api_key_file"))
        with closing(_api(given.get("url") or DEFAULT_URL, key, Output(quiet=True), seconds=1.0)) as api:
            # Not `get`, which is patient.
            queues = api.client.get(api.connection.path("/queues")).raise_for_status().json()
        names = [str(queue["queue_name"]) for queue in queues]
    except Exception:  # noqa: BLE001 - whatever it is, a shell has no use for it in the middle of a line
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _key(key: str | None, file: Path | None) -> str:
    """The key of the file, when there is one."""
    found = file.read_text(encoding="utf-8", errors="replace").strip() if file else (key or "").strip()
    if found and not (found.isascii() and found.isprintable()):
        raise CommandError("The API key has characters in it that no key has.", Exit.FORBIDDEN)
    return found


def _api(url: str, key: str, out: Output, seconds: float = 30.0) -> Api:
    import httpx

    from shared.command.api import Api
    from shared.command.connection import Connection

    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f"{url!r} does not begin with http:// or https://", param_hint="--url")
    try:
        return Api(Connection(url.rstrip("/"), key, seconds), out)
    except httpx.InvalidURL as error:
        raise click.BadParameter(f"{url!r} is no URL: {error}", param_hint="--url") from error
