"""A simulator and a gateway as processes, as a user starts them, and what tests ask of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from gateway_client import Gateway, GatewayNotRunning
from tests.waiting import wait_for

T = TypeVar("T")
WATCHDOG_S = 60.0
GATEWAY = (sys.executable, "-m", "gateway")


class Simulator:
    """``gateway simulate`` and its control room."""

    def __init__(self, *arguments: str) -> None:
        command = [*GATEWAY, "simulate", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.addresses = json.loads(self.process.stdout.readline())

    def get(self, path: str, **query: str | int) -> Any:
        """Ask the control room; None for 404."""
        url = f"{self.addresses['rest']}{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as exc:
            if exc.code == 404:
                return None
            raise

    def post(self, path: str, **body: str | int) -> Any:
        """Tell the control room something."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.addresses["rest"] + path, data=data, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Service:
    """``gateway start`` in a run directory of its own; without a simulator as ``options`` say."""

    def __init__(
        self,
        run_dir: Path,
        simulator: Simulator | None,
        subscribe: Sequence[str],
        options: Sequence[str] = (),
    ) -> None:
        self.run_dir = run_dir
        self.log = run_dir.with_suffix(".log")
        upstream = [] if simulator is None else [
            "--upstream-ws", simulator.addresses["ws"],
            "--upstream-rest", simulator.addresses["rest"],
        ]  # fmt: skip
        streams = [word for stream in subscribe for word in ("--subscribe", stream)]
        command = [*GATEWAY, "start", "--run-dir", str(run_dir), *options, *upstream, *streams]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            self.gateway = wait_for(self._attach, "the gateway's start")
        except BaseException:  # the watchdog's too: nobody else knows of the process
            self.process.kill()
            self.process.wait()
            raise

    def _attach(self) -> Gateway | None:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return Gateway(self.run_dir)
        except GatewayNotRunning:
            return None

    def shard_pid(self) -> int:
        """Pid of shard 0 as the manifest has it now."""
        manifest = json.loads((self.run_dir / "manifest.json").read_text())
        return int(manifest["shards"][0]["pid"])

    def wait_live(self, symbols: Sequence[str], seconds: float = WATCHDOG_S) -> None:
        """Until every book is LIVE."""

        def all_live() -> bool:
            return all(
                self.gateway.book(symbol, levels=1).state.name == "LIVE" for symbol in symbols
            )

        wait_for(all_live, "all books going LIVE", seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gateway.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            if kind is not None:
                sys.stderr.write(self.log.read_text()[-4000:])
            self.log.unlink(missing_ok=True)


def stop(pid: int) -> None:
    """Stop a process in its tracks."""
    os.kill(pid, signal.SIGSTOP)


def go_on(pid: int) -> None:
    """Let a stopped process go on."""
    os.kill(pid, signal.SIGCONT)
