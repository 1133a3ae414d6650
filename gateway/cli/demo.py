"""``gateway demo``: a simulated market, a gateway on it and the live table, in one command."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from gateway import processes
from gateway.cli.live.show import show
from gateway.cli.live.state import State
from gateway.cli.live.terminal import can_be_taken
from gateway.cli.manual import manual
from gateway.cli.top import BLOCK_SECONDS, follow
from gateway.errors import GatewayError
from gateway.rundir import MANIFEST_NAME
from gateway.watch.watcher import Watcher

READY_SECONDS = 60.0
STOP_SECONDS = 5.0
REFRESH_SECONDS = 0.5
_SHM = Path("/dev/shm")


class DemoFailed(GatewayError):
    """The gateway of the demo ended by itself; ``said`` is its last line."""

    def __init__(self, said: str) -> None:
        problem = f"the demo's gateway did not start: {said or 'it said nothing'}"
        super().__init__(problem, "try 'gateway start --simulate' alone")
        self.said = said


@click.command(
    "demo",
    epilog=manual(("gateway demo", "gateway demo --seconds 5 | tail"), (69, 73, 130), ()),
)
@click.option(
    "--seconds",
    metavar="N",
    type=click.FloatRange(0, min_open=True),
    default=20.0,
    show_default=True,
    envvar="DEMO_SECONDS",
    help="Without a terminal: how long to run (also DEMO_SECONDS).",
)
def command(seconds: float) -> None:
    """Show a live table of a market that is made up here: nothing is asked of Binance.

    On a terminal until q or Ctrl-C, else for --seconds as plain lines. Leaves nothing behind.
    """
    run_dir = _SHM / f"binance-gateway-demo-{os.getpid()}"
    with _gateway(run_dir), Watcher(run_dir, with_report=True) as watcher:
        if can_be_taken():
            show(watcher, State(interval=REFRESH_SECONDS))
        else:
            follow(watcher, State(), None, BLOCK_SECONDS, seconds=seconds)


@contextmanager
def _gateway(run_dir: Path) -> Iterator[None]:
    """Run ``gateway start --simulate`` in ``run_dir`` and stop it at the end."""
    click.echo(f"starting a simulated market and a gateway in {run_dir}")
    # Its log would tear the table; it is shown only if the start fails.
    with tempfile.TemporaryFile("w+") as log:
        arguments = ("start", "--simulate", "--run-dir", str(run_dir))
        process = processes.spawn("gateway", arguments, stdout=log, stderr=log)
        try:
            _wait(process, run_dir / MANIFEST_NAME, log)
            yield
        finally:
            processes.stop(process, STOP_SECONDS)


def _wait(process: subprocess.Popen[str], manifest: Path, log: IO[str]) -> None:
    until = time.monotonic() + READY_SECONDS
    while not manifest.exists():
        if process.poll() is not None or time.monotonic() > until:
            log.seek(0)
            raise DemoFailed(next(reversed(log.read().splitlines()), ""))
        time.sleep(0.05)
