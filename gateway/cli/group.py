"""``gateway``: the group of all commands. A command's file is imported when it is called."""

from __future__ import annotations

import importlib
from typing import Any

import click

from gateway import __version__
from gateway.errors import EXIT_CODES

# The order of the help.
COMMANDS = (
    "start",
    "subscribe",
    "unsubscribe",
    "status",
    "gaps",
    "top",
    "book",
    "tail",
    "simulate",
    "demo",
)
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


@click.group(cls=LazyGroup, epilog=_EPILOG)
@click.version_option(__version__, prog_name="gateway", message="%(prog)s %(version)s")
def group() -> None:
    """Binance market data for every process on this host.

    One gateway holds the connections to Binance; others read the latest state from shared memory
    and every event over ZeroMQ. Start with 'gateway start --simulate' and, in a second terminal,
    'gateway top'.
    """
