"""What ``subscribe`` and ``unsubscribe`` share: check the names, ask, say what came of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from gateway.cli.ask import ask
from gateway.patterns import select

_SHOWN = 20  # streams listed; --json lists all
_SIGNS = {"added": "+", "removed": "-"}


def change(method: str, streams: Sequence[str], as_json: bool, run_dir: str) -> None:
    """Carry out ``method``; ends with the code of the worst refusal where there was one.

    Raises UsageError for a malformed name before anything is asked.
    """
    names = select(streams).names
    result = ask(run_dir, method, names)
    if as_json:
        click.echo(json.dumps(result))
    else:
        for line in _lines(result):
            click.echo(line)
    for line in _refusals(result):
        click.echo(f"gateway: {line}", err=True)
    if result["code"]:
        sys.exit(int(result["code"]))


def _lines(result: dict[str, Any]) -> Iterator[str]:
    for what, sign in _SIGNS.items():
        names = result[what]
        yield from (f"{sign} {name}" for name in names[:_SHOWN])
        if len(names) > _SHOWN:
            yield f"{sign} … and {len(names) - _SHOWN} more"
    if not any((result["added"], result["removed"], result["refused"])):
        yield "nothing to change: it is so already"


def _refusals(result: dict[str, Any]) -> Iterator[str]:
    for name, why in result["refused"].items():
        yield f"{name}: {why}"
    for shard in result["late"]:
        yield f"shard {shard}: has not confirmed the change yet; see 'gateway status'"
