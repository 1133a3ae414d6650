"""What to do about streams that fell silent while their connection lives. Pure: times in s.

The venue acknowledges every well-formed name, also on a route where it never sends anything
(web-socket-streams.md does not say so; it was measured). The core says which streams are silent;
here is decided when their connection is replaced by a new one. Each stream may ask for that at
once, then ever more rarely, so that an illiquid symbol does not keep its neighbours moving; and no
connection is replaced for it more often than its own growing pause allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

PAUSE_FIRST_S = 30.0
PAUSE_MAX_S = 3600.0
CONNECTION_PAUSE_MAX_S = 600.0
FORGET_S = 2 * 3600.0  # after this long a silence has nothing to do with the last one


@dataclass(slots=True)
class _Pause:
    seconds: float = 0.0
    until: float = 0.0

    def grow(self, now: float, most: float) -> None:
        if not self.seconds or now - self.until >= FORGET_S:
            self.seconds = PAUSE_FIRST_S
        else:
            self.seconds = min(most, 2 * self.seconds)
        self.until = now + self.seconds


@dataclass(slots=True)
class SilencePolicy:
    """The silent streams of one connection, by stream row."""

    silent: set[int] = field(default_factory=set)
    _pauses: dict[int, _Pause] = field(default_factory=dict)
    _own: _Pause = field(default_factory=_Pause)

    def fell_silent(self, stream: int) -> None:
        """The core found the stream silent."""
        self.silent.add(stream)

    def resumed(self, stream: int) -> None:
        """It delivers again. Its pause stays: who falls silent every minute is merely illiquid."""
        self.silent.discard(stream)

    def renewed(self, streams: Iterable[int]) -> None:
        """They were subscribed anew: the core begins to count anew, and so do we."""
        self.silent.difference_update(streams)

    def removed(self, stream: int) -> None:
        """The stream is gone for good."""
        self.silent.discard(stream)
        self._pauses.pop(stream, None)

    def wants_rotation(self, now: float) -> bool:
        """Whether a silent stream may have its connection replaced now."""
        if not self.silent or now < self._own.until:
            return False
        return any(
            stream not in self._pauses or now >= self._pauses[stream].until
            for stream in self.silent
        )

    def rotated(self, now: float) -> None:
        """The connection is being replaced: all silent streams had their chance."""
        self._own.grow(now, CONNECTION_PAUSE_MAX_S)
        for stream in self.silent:
            self._pauses.setdefault(stream, _Pause()).grow(now, PAUSE_MAX_S)


def is_wrong_route(streams: int, awaited: int) -> bool:
    """Whether a connection's address is to blame: most of its streams never delivered there."""
    return 2 * awaited > streams
