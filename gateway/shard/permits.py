"""Leave to attempt a handshake: asked of the supervisor, which counts them for the whole host.

The venue allows 300 attempts in 5 minutes from an address; over that it refuses, then bans. What a
refusal told us is kept here too, so that a host that sent us away is not asked before its time.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable

from gateway import plan as wire

ANSWER_MAX_S = 30.0  # then the question is asked again
WAIT_MIN_S = 0.05  # between two questions, whatever the answer says


class Permits:
    """The questions that wait for an answer: at most one a link."""

    def __init__(self, send: Callable[[wire.ConnectRequest | wire.Refused], None]) -> None:
        self._send = send
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[float]] = {}
        self._held_until: dict[str, float] = {}

    async def wait(self, host: str) -> None:
        """Return when a handshake with ``host`` may be attempted; it is counted then."""
        while True:
            held = self._held(host)
            wait_s = held if held > 0 else await self._ask(host)
            if wait_s <= 0 and self._held(host) <= 0:
                return
            await asyncio.sleep(max(wait_s, WAIT_MIN_S))

    def _held(self, host: str) -> float:
        """Seconds until the host may be asked again, after it refused us."""
        return self._held_until.get(host, 0.0) - time.monotonic()

    async def _ask(self, host: str) -> float:
        number = next(self._numbers)
        answer: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._send(wire.ConnectRequest(number, host))
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_MAX_S):
                    return await answer
            return WAIT_MIN_S
        finally:
            del self._waiting[number]

    def on_reply(self, reply: wire.ConnectReply) -> None:
        """The supervisor's answer; one that nobody waits for any more is dropped."""
        answer = self._waiting.get(reply.request_id)
        if answer is not None and not answer.done():
            answer.set_result(reply.wait_s)

    def hold(self, host: str, status: int, seconds: float) -> None:
        """The venue refused a handshake: stay away, and have all others stay away too."""
        until = time.monotonic() + seconds
        self._held_until[host] = max(self._held_until.get(host, 0.0), until)
        self._send(wire.Refused(host, status, seconds))
