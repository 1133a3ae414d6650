"""How long a connection lives, and the notice of its end. Pure: time is handed in.

Venue rule: a connection is valid for 24 hours and then dropped; spot sends ``serverShutdown`` some
time before a server goes down (web-socket-streams.md; CHANGELOG 2026-05-08). Each connection counts
its own age.
"""

from __future__ import annotations

import enum


class Turn(enum.Enum):
    """What a lifetime asks its connection to do."""

    LIVE = enum.auto()
    NOTICE = enum.auto()
    CUT = enum.auto()


class Lifetime:
    """One connection's life from ``born`` on, in monotonic seconds."""

    def __init__(self, born: float, day_s: float, notice_s: float | None = None) -> None:
        self._end = born + day_s
        self._notice = self._end if notice_s is None else self._end - notice_s
        self._is_told = notice_s is None

    def turn(self, now: float) -> Turn:
        """Say what is due."""
        if now >= self._end:
            return Turn.CUT
        return Turn.NOTICE if not self._is_told and now >= self._notice else Turn.LIVE

    def on_notice_sent(self) -> None:
        """The notice is given once."""
        self._is_told = True

    def wake_at(self) -> float:
        """Return when to ask again."""
        return self._end if self._is_told else self._notice


def server_shutdown(combined: bool, ms: int) -> bytes:
    """Return the notice's payload: the bare object on /ws, in an envelope on /stream.

    The envelope's name, ``!serverShutdown``, is one that nobody subscribed.
    """
    event = b'{"e":"serverShutdown","E":%d}' % ms
    return b'{"stream":"!serverShutdown","data":%b}' % event if combined else event
