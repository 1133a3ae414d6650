"""Which of several hosts is asked. Pure: ``now`` is passed in, in seconds.

The first host is the one that is wanted. Where it fails the next one is asked, and stays in use, so
that a dead host costs one failure and not one a call; after a while the first is tried again.
"""

from __future__ import annotations

from typing import Final

RETURN_SECONDS: Final = 300.0


class Hosts:
    """``count`` hosts by their number, in the order of preference."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._first = 0
        self._moved_at = float("-inf")

    def order(self, now: float) -> list[int]:
        """Return the hosts in the order to try them now."""
        if now - self._moved_at >= RETURN_SECONDS:
            self._first = 0
        return [(self._first + n) % self._count for n in range(self._count)]

    def failed(self, host: int, now: float) -> None:
        """Note that ``host`` did not answer; the one after it comes first now."""
        if host == self._first:
            self._first = (host + 1) % self._count
            self._moved_at = now
