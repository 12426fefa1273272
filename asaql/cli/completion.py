"""`asaql completion`."""

from typing import Any

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_ASAQL_COMPLETE"


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the script that completes commands, options and paths in a shell.

    \b
    Examples:
      asaql completion bash > ~/.local/share/bash-completion/completions/asaql
      asaql completion zsh > "${fpath[1]}/_asaql"
      asaql completion fish > ~/.config/fish/completions/asaql.fish
      eval "$(asaql completion bash)"
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    kind = get_completion_class(shell)
    assert kind is not None, "click knows every shell of the choice"
    settings: dict[str, Any] = {}
    completer = kind(context.find_root().command, settings, "asaql", _VARIABLE)
    # The template itself: click's own `source()` starts the shell to ask for its version.
    click.echo(completer.source_template % completer.source_vars())
    return 0
