"""Run the simulator as a child process, for ``start --simulate``."""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway import processes
from gateway.errors import VenueError
from gateway.markets import FACTS
from gateway.patterns import Selection
from gateway.simulator.simulator import DEFAULT_SYMBOLS
from gateway.stream_forms import Subject

READY_SECONDS = 30.0
STOP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base addresses of a running simulator."""

    ws: str
    rest: str


def symbols_of(selection: Selection) -> list[str]:
    """Return the symbols that a simulator needs for ``selection``.

    Patterns, arrays and what is named after instruments take what a simulator has by itself too.
    """
    named = [s for s in selection.streams if s.form.subject is Subject.SYMBOL]
    symbols = [f"{FACTS[s.market].name}:{s.symbol}" for s in named]
    if selection.patterns or len(named) < len(selection.streams) or not named:
        symbols += [f"{market}:{symbol}" for market, symbol in DEFAULT_SYMBOLS]
    return list(dict.fromkeys(symbols))


@contextmanager
def simulator(selection: Selection) -> Iterator[Addresses]:
    """Run a simulator with the symbols of ``selection`` on free ports; raises VenueError."""
    arguments = ("simulate", "--port", "0", "--symbols", ",".join(symbols_of(selection)))
    process = processes.spawn("gateway", arguments, stdout=subprocess.PIPE)
    try:
        yield _addresses(process)
    finally:
        processes.stop(process, STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()


def _addresses(process: subprocess.Popen[str]) -> Addresses:
    assert process.stdout is not None
    until = time.monotonic() + READY_SECONDS
    readable, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
    line = process.stdout.readline() if readable else ""
    try:
        found = json.loads(line)
        return Addresses(found["ws"], found["rest"])
    except (ValueError, TypeError, KeyError) as exc:
        problem = f"was not ready within {READY_SECONDS:g} s" if not readable else "ended at once"
        raise VenueError("simulator", problem, "try 'gateway simulate' alone to see why") from exc
