"""`spooled work`: a worker in any language."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
from typing import TYPE_CHECKING, Any

import click

from shared.command.kinds import DURATION
from shared.command.options import command as api_command
from shared.command.options import complete_queue

if TYPE_CHECKING:
    from shared.command.api import Api
    from shared.command.output import Output


class WithProgram(click.Command):
    """A command whose line goes on, after `--`, with one that is run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place = args.index("--") if "--" in args else len(args)
        ctx.meta["program"] = tuple(args[place + 1 :])
        return super().parse_args(ctx, args[:place])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "-- COMMAND [ARGS]..."]


@api_command("work", cls=WithProgram)
@click.argument("queues", nargs=-1, required=True, shell_complete=complete_queue)
@click.option(
    "--concurrency", "-c", default=1, show_default=True, type=click.IntRange(1, 100), help="Jobs at once."
)
@click.option("--timeout", type=DURATION, help="Longest run, where a job allows more.")
@click.option("--grace", default="10s", show_default=True, type=DURATION, help="Between SIGTERM and SIGKILL.")
@click.option("--lease", default="60s", show_default=True, type=DURATION, help="Renewed while a job runs.")
@click.option("--wait", default="20s", show_default=True, type=DURATION, help="Of one request for a job.")
@click.option("--max-jobs", type=click.IntRange(1), help="End after so many jobs.")
@click.option("--max-time", type=DURATION, help="Take no more jobs after this time.")
@click.option("--stop-when-empty", is_flag=True, help="End when no job is due.")
@click.option(
    "--no-retry-exit",
    multiple=True,
    default=[65],
    show_default=True,
    type=click.IntRange(1, 255),
    help="Exit code of a job that is not to be tried again; repeatable.",
)
@click.option("--whole-job", is_flag=True, help="The program reads the job, not the payload alone.")
@click.option("--worker-id", help="Name of this worker.  [default: host, process and chance]")
def command(
    api: Api,
    out: Output,
    *,
    queues: tuple[str, ...],
    lease: float,
    wait: float,
    no_retry_exit: tuple[int, ...],
    worker_id: str | None,
    **chosen: Any,
) -> int:
    """Take jobs and run a program for each.

    The program finds the payload on standard input, and the facts of the job in its environment:
    SPOOLED_JOB_ID, SPOOLED_QUEUE, SPOOLED_ATTEMPT and more. When it exits with 0 the job is done, and what it
    wrote, if it is JSON, is the result. Any other exit, or a signal, is a failed attempt, and the last lines
    of standard error are its error. Queues that are named first go first.

    SIGTERM or Ctrl-C ends it after the jobs that run; a second one gives them back.

    \b
      spooled work emails -- php artisan mail:send
      spooled work high low -c 4 -- node worker.js
      spooled work reports --stop-when-empty -- sh -c 'jq .report | ./build'
    """
    import asyncio

    from shared.command.worker.plan import Plan
    from shared.command.worker.worker import work

    program = _found(click.get_current_context().meta["program"])
    if not (lease.is_integer() and 5 <= lease <= 3600):  # noqa: PLR2004 - the bounds of the API
        raise click.BadParameter("whole seconds, 5 to 3600", param_hint="--lease")
    if not 1 <= wait <= 20:  # noqa: PLR2004 - as above; who does not wait asks without end
        raise click.BadParameter("1 to 20 seconds", param_hint="--wait")
    if chosen["timeout"] == 0:
        raise click.BadParameter(
            "no run is that short; without it each job says how long", param_hint="--timeout"
        )
    plan = Plan(
        program=program,
        queues=tuple(dict.fromkeys(queues)),
        worker_id=worker_id or _new_id(),
        lease=int(lease),
        wait=wait,
        no_retry_codes=frozenset(no_retry_exit),
        **chosen,
    )
    return asyncio.run(work(api.connection, plan, out))


def _found(program: tuple[str, ...]) -> tuple[str, ...]:
    if not program:
        raise click.UsageError("Name the program after --, as in: spooled work emails -- php send.php")
    if shutil.which(program[0]) is None:
        raise click.UsageError(f"There is no program {program[0]!r} that can be run.")
    return program


def _new_id() -> str:
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:80] or "worker"
    return f"{host}-{os.getpid()}-{secrets.token_hex(2)}"
