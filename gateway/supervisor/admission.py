"""Which requests of the control socket are served. Pure: ``now`` is passed in, in seconds.

One at a time from each client and at most 100 a second; a client is what ZeroMQ calls an identity,
so one that connects anew is a new one, and what all of them together may have in work is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REQUESTS_PER_SECOND: Final = 100
IN_WORK_MAX: Final = 64
CLIENTS_MAX: Final = 1024  # remembered


@dataclass(slots=True)
class _Client:
    began_at: float
    count: int = 0


class Admission:
    """The clients of one socket."""

    def __init__(self) -> None:
        self._clients: dict[bytes, _Client] = {}  # the one heard last at the end
        self._in_work: set[bytes] = set()

    def count(self, client: bytes, now: float) -> str:
        """Count a message; return "" where it may be read, else why it is not."""
        found = self._client(client, now)
        found.count += 1
        if found.count > REQUESTS_PER_SECOND:
            return f"over {REQUESTS_PER_SECOND} requests a second; wait"
        return ""

    def begin(self, client: bytes) -> str:
        """Return "" and note a request of ``client`` as in work, or why it may not be."""
        if client in self._in_work:
            return "one request at a time; wait for the reply"
        if len(self._in_work) >= IN_WORK_MAX:
            return f"{IN_WORK_MAX} requests of others are in work; wait"
        self._in_work.add(client)
        return ""

    def done(self, client: bytes) -> None:
        """Note that a request that had begun was answered."""
        self._in_work.discard(client)

    def _client(self, client: bytes, now: float) -> _Client:
        found = self._clients.pop(client, None)
        if found is None or now - found.began_at >= 1.0:
            found = _Client(now)
        if len(self._clients) >= CLIENTS_MAX:
            del self._clients[next(iter(self._clients))]
        self._clients[client] = found
        return found
