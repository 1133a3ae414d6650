"""When a silent connection is pinged, and when it is dead. Pure: times are passed in (ns).

A connection silent for 4.5 s is pinged; 4.5 s more without a byte and it is dead: within 10 s of
its last byte, although both are only judged every quarter of a second. Independent of that an own
ping goes out at a fixed interval, as the venue's guide has it.
"""

from __future__ import annotations

import enum

SILENT_NS = 4_500_000_000
ANSWER_NS = 4_500_000_000
PERIODIC_NS = 180_000_000_000


class Verdict(enum.Enum):
    """What to do about a connection."""

    WAIT = enum.auto()
    PING = enum.auto()
    DEAD = enum.auto()


def judge(now: int, last_heard: int, last_ping: int, periodic_ns: int = PERIODIC_NS) -> Verdict:
    """Judge a connection by when it was last heard of and when it was last pinged."""
    silent_for = now - last_heard
    if silent_for >= SILENT_NS:
        if last_ping <= last_heard:
            return Verdict.PING
        return Verdict.DEAD if now - last_ping >= ANSWER_NS else Verdict.WAIT
    return Verdict.PING if now - last_ping >= periodic_ns else Verdict.WAIT
