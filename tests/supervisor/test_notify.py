"""What systemd hears, over a real datagram socket."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.supervisor.notify import STATUS_LENGTH_MAX, Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        yield sock


@contextlib.contextmanager
def notifier(name: str, **more: str) -> Iterator[Notifier]:
    with contextlib.closing(Notifier({"NOTIFY_SOCKET": name, **more})) as told:
        yield told


def heard(systemd: socket.socket) -> list[list[str]]:
    found = []
    while True:
        try:
            found.append(systemd.recv(4096).decode().split("\n"))
        except BlockingIOError:
            return found


def test_the_start_and_the_end_are_told(systemd: socket.socket) -> None:
    with notifier(systemd.getsockname()) as told:
        told.ready("4 of 4 books LIVE")
        told.stopping()
    assert heard(systemd) == [
        ["READY=1", "STATUS=4 of 4 books LIVE"],
        ["STOPPING=1", "STATUS=stopping"],
    ]


def test_a_reload_carries_the_clock_that_systemd_compares(systemd: socket.socket) -> None:
    with notifier(systemd.getsockname()) as told:
        told.reloading()
    ((first, second),) = heard(systemd)
    assert first == "RELOADING=1"
    name, _, value = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert value.isdecimal()


def test_a_status_is_one_short_line(systemd: socket.socket) -> None:
    with notifier(systemd.getsockname()) as told:
        told.status("two\nREADY=1\nlines" + "x" * 500)
    ((line,),) = heard(systemd)
    assert line.startswith("STATUS=two READY=1 lines")
    assert len(line) == len("STATUS=") + STATUS_LENGTH_MAX


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "10000000"}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "often"}, 0.0),
    ],
)
def test_the_watchdog_is_fed_only_where_it_is_ours(
    systemd: socket.socket, environment: dict[str, str], seconds: float
) -> None:
    with notifier(systemd.getsockname(), **environment) as told:
        told.alive()
    assert told.watchdog_seconds == seconds
    assert heard(systemd) == ([["WATCHDOG=1"]] if seconds else [])


def test_the_abstract_namespace_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        name = f"gateway-test-{os.getpid()}"
        sock.bind(b"\0" + name.encode())
        sock.settimeout(5)
        with notifier(f"@{name}") as told:
            told.ready("up")
        assert sock.recv(100).startswith(b"READY=1")


@pytest.mark.parametrize("name", ["", "relative", "/nowhere/at/all"])
def test_without_systemd_nothing_happens(name: str) -> None:
    with notifier(name) as told:
        told.ready("up")
    told.alive()  # closed
    told.stopping()
