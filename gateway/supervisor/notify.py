"""What systemd is told: READY, what we are doing, that we live, that we stop (sd_notify(3)).

One datagram a message to the socket named by NOTIFY_SOCKET; without it every call does nothing. A
message that systemd does not take is lost, and nothing waits for it: the watchdog is the judge.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from typing import Final

STATUS_LENGTH_MAX: Final = 200


class Notifier:
    """Tells systemd. ``watchdog_seconds`` is how often at the latest it wants to hear of us, or 0.

    Shards never notify: the unit says NotifyAccess=main.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog_seconds(environment, os.getpid())
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def ready(self, status: str) -> None:
        """Say that we are up, after the start or after a reload."""
        self._send("READY=1", _status(status))

    def status(self, status: str) -> None:
        """Say in a line what we are doing, for ``systemctl status``."""
        self._send(_status(status))

    def alive(self) -> None:
        """Feed the watchdog."""
        if self.watchdog_seconds:
            self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """Say that the configuration is read again; ``ready`` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that we are about to end."""
        self._send("STOPPING=1", _status("stopping"))

    def close(self) -> None:
        """Close the socket; nothing is told any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)


def _address(name: str) -> bytes:
    """Return the socket's address; a leading @ stands for the abstract namespace. b"": none."""
    if not name.startswith(("/", "@")):
        return b""
    return (b"\0" + name[1:].encode()) if name[0] == "@" else name.encode()


def _watchdog_seconds(environment: Mapping[str, str], pid: int) -> float:
    """Return the watchdog's time, where it is meant for us (sd_watchdog_enabled(3))."""
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return 0.0
    text = environment.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if text.isdecimal() else 0.0


def _status(text: str) -> str:
    # A line break would start another assignment.
    return f"STATUS={' '.join(text.split())[:STATUS_LENGTH_MAX]}"
