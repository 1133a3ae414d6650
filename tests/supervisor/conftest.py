"""A supervisor as a process of its own, with fake shards and a venue that tests change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.supervisor.venue import Venue, serve
from tests.waiting import wait_for

WATCHDOG = 30.0
FAKE_SHARD = Path(__file__).with_name("fake_shard.py")
SUPERVISOR = f"""
import sys
from gateway import processes
from gateway.__main__ import main
really = processes.command
def command(module, *arguments):
    line = really(module, *arguments)
    return [line[0], {str(FAKE_SHARD)!r}, *arguments] if module == "gateway.shard" else line
processes.command = command
exec(sys.argv.pop(1))
sys.exit(main())
"""
Shard = dict[str, Any]


class Running:
    """A supervisor and what it printed."""

    def __init__(self, run_dir: Path, rest: str, *arguments: str, patch: str = "") -> None:
        self.run_dir = run_dir
        self.log = self.beside("log")
        line = (
            "start", "--run-dir", str(run_dir), "--upstream-ws", "ws://127.0.0.1:1",
            "--upstream-rest", rest, *arguments,
        )  # fmt: skip
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISOR, patch, *line],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | {"STATE_DIRECTORY": str(self.state)},
            )

    @property
    def state(self) -> Path:
        return self.beside("state")

    def beside(self, name: str) -> Path:
        return self.run_dir.with_name(f"{self.run_dir.name}.{name}")

    def started(self) -> None:
        """Wait until it runs."""
        self.wait_for_line("gateway ")

    def wait_for_line(self, start: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(start):
                return line
        raise AssertionError(f"no line '{start}…': {self.log.read_text()}")

    def manifest(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads((self.run_dir / "manifest.json").read_text()))

    def shard(self, number: int = 0) -> Shard:
        return cast("Shard", self.manifest()["shards"][number])

    def said(self, number: int = 0) -> str:
        """What a shard was sent, a line a message."""
        path = self.beside(f"said-{number}")
        return path.read_text() if path.exists() else ""

    def tell(self, message: str, number: int = 0) -> None:
        """Have a shard send ``message``, an expression that makes one."""
        with self.beside(f"tell-{number}").open("a") as file:
            file.write(message + "\n")

    def until_logged(self, text: str) -> None:
        wait_for(lambda: text in self.log.read_text(), f"the line '{text}'")

    def until_said(self, text: str, number: int = 0) -> None:
        wait_for(lambda: text in self.said(number), f"the shard being sent '{text}'")

    def stop(self) -> None:
        """Stop it cleanly."""
        self.process.terminate()
        assert self.end() == 0

    def end(self) -> int:
        return self.process.wait(WATCHDOG)


Start = Callable[..., Running]


@pytest.fixture
def venue() -> Iterator[Venue]:
    with serve() as made:
        yield made


@pytest.fixture
def start(run_dir: Path, venue: Venue) -> Iterator[Start]:
    """Start a gateway that carries trades of ``symbol``.

    ``rest`` is another venue's address, ``patch`` Python that the process runs first.
    """
    made: list[Running] = []

    def start_one(symbol: str = "", *more: str, rest: str = "", patch: str = "") -> Running:
        streams = ("--subscribe", f"spot:{symbol.lower()}@trade") if symbol else ()
        made.append(Running(run_dir, rest or venue.base, *streams, *more, patch=patch))
        return made[-1]

    yield start_one
    for running in made:
        running.process.kill()
        running.process.communicate()
    for path in run_dir.parent.glob(f"{run_dir.name}.*"):
        if path.is_dir():
            for inner in path.iterdir():
                inner.unlink()
            path.rmdir()
        else:
            path.unlink()
