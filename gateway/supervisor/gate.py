"""The gate before the venue: says to shards when a connection may be attempted.

One count for all gateways of a user, in the state directory, and for all hosts of a venue; the
rules are in ``attempts``.
"""

from __future__ import annotations

import asyncio
import logging
import time

from gateway.log import RateLimit
from gateway.state import StateFile
from gateway.supervisor import attempts
from gateway.supervisor.attempts import Attempts, refused, venue_key

log = logging.getLogger("gateway.supervisor")

FILE_NAME = "connections.json"


class Gate:
    """Answers ConnectRequest and takes in Refused. Never raises for what the file does."""

    def __init__(self, file: StateFile[Attempts], attempts_max: int) -> None:
        self._file = file
        self.attempts_max = attempts_max
        self._limit = RateLimit(count=1, interval=60.0)

    async def ask(self, host: str) -> float:
        """Return 0 where the attempt may be made now and is counted, else seconds to wait."""
        # The clock is read under the lock: entries of others must not look as if from the future.
        wait = await asyncio.to_thread(
            self._file.update,
            lambda content: attempts.ask(content, host, self.attempts_max, time.time()),
        )
        key = venue_key(host)
        if wait and self._limit.admit(key, time.monotonic()) is not None:
            log.warning("%s: no connection may be attempted for %.0f s", key, wait)
        return wait

    async def refuse(self, host: str, status: int, seconds: float) -> None:
        """Leave ``host`` alone for ``seconds``: it refused a handshake with HTTP ``status``.

        All hosts of its venue, where it is our address that was refused.
        """
        held = await asyncio.to_thread(
            self._file.update,
            lambda content: attempts.hold(content, host, status, seconds, time.time()),
            is_durable=True,
        )
        if self._limit.admit(f"{host} {status}", time.monotonic()) is not None:
            text = "%s: refused a connection with HTTP %d; %s is left alone for %.0f s"
            log.warning(text, host, status, refused(host, status), held)

    async def hosts(self) -> dict[str, dict[str, float]]:
        """Return by venue or host the attempts of the last 5 minutes, and how long it is held."""
        return await asyncio.to_thread(
            self._file.update, lambda content: attempts.report(content, time.time())
        )
