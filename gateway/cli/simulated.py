"""Run the simulator as a child process, for ``start --simulate``."""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gateway import processes
from gateway.errors import VenueError
from gateway.streams import Stream

READY_SECONDS = 30.0
STOP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base addresses of a running simulator."""

    ws: str
    rest: str


@contextmanager
def simulator(streams: Sequence[Stream]) -> Iterator[Addresses]:
    """Run a simulator with the symbols of ``streams`` on free ports; raises VenueError."""
    symbols = dict.fromkeys(stream.symbol_id for stream in streams)
    arguments = ("simulate", "--port", "0", "--symbols", ",".join(symbols))
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
