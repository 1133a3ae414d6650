"""``gateway``: the group of all commands. A command's file is imported when it is called."""

from __future__ import annotations

import importlib
from typing import Any

import click
from click.shell_completion import CompletionItem

from gateway import __version__
from gateway.errors import EXIT_CODES

# What each does, in the order of the help.
COMMANDS = {
    "start": "Run a gateway until it is told to stop.",
    "subscribe": "Have the running gateway carry more streams.",
    "unsubscribe": "Have the running gateway stop carrying streams.",
    "status": "Show how the gateway is doing.",
    "gaps": "List what the streams missed, and what became of it.",
    "top": "Show a gateway as it runs, in the terminal.",
    "dashboard": "Show a gateway as it runs, in a browser.",
    "book": "Print an order book.",
    "tail": "Print messages as they come.",
    "simulate": "Run a simulated Binance.",
    "demo": "Show a simulated market: one command, nothing left behind.",
    "plan": "Show on which shard and connection streams would be laid.",
    "doctor": "Say what is wrong here, and what mends it.",
    "config": "Check, show, begin and describe a configuration.",
    "completion": "Print what makes a shell complete this command.",
}
COMPLETE_VARIABLE = "_GATEWAY_COMPLETE"  # a shell asks for completions; <shell>_complete
_EPILOG = "\b\nExit codes:\n" + "\n".join(f"{code:>5}  {text}" for code, text in EXIT_CODES.items())


class LazyGroup(click.Group):
    """Imports a command's module only when that command is wanted, so that help starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: Any = importlib.import_module(f"gateway.cli.{cmd_name}")
        command: click.Command = found.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command does, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Complete a command's name without importing any."""
        names = [
            CompletionItem(name, help=what)
            for name, what in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return names or click.Command.shell_complete(self, ctx, incomplete)


@click.group(
    cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="gateway", message="%(prog)s %(version)s")
def group() -> None:
    """Binance market data for every process on this host.

    One gateway holds the connections to Binance; others read the latest state from shared memory
    and every event over ZeroMQ. Start with 'gateway start --simulate' and, in a second terminal,
    'gateway top'.
    """
