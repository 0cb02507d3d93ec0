"""`spooled completion SHELL`: completion of commands, options and names of queues."""

import click
from click.shell_completion import get_completion_class

from shared.command.errors import CommandError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands in a shell.

    \b
    bash:  eval "$(spooled completion bash)"            in ~/.bashrc
    zsh:   eval "$(spooled completion zsh)"             in ~/.zshrc
    fish:  spooled completion fish | source             in ~/.config/fish/config.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise CommandError(f"There is no completion for {shell}.")
    click.echo(found(ctx.find_root().command, {}, "spooled", "_SPOOLED_COMPLETE").source())
