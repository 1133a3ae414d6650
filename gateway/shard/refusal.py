"""Why the venue would not have us, and how long to stay away. Pure: the clock is passed in.

The venue's penalties (rest-api.md "LIMITS", web-socket-streams.md): 403 is its firewall, 451 a
place it does not serve, 429 too many calls, 418 a ban of 2 minutes to 3 days. A CLOSE with code
1008 is our own fault: too many frames, or too many streams. All else is weather.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FORBIDDEN_S = 900.0  # 403 and 451 do not go away soon
LIMITED_S = 300.0  # 429: the venue counts attempts in windows of 5 minutes
BANNED_S = 900.0  # 418 that does not say until when
HOLD_MAX_S = 3 * 86_400.0  # the longest ban there is
POLICY_VIOLATION = 1008  # RFC 6455 7.4.1

_BANNED_UNTIL = re.compile(rb"banned until (\d{13})\b")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session, or the attempt at one, came to its end."""

    problem: str  # empty: an ordinary end
    was_up: bool = False
    status: int = 0  # of the HTTP answer that refused the handshake
    retry_after: str = ""  # its header
    body: bytes = b""  # the start of it
    close_code: int = 0  # of the venue's CLOSE frame


@dataclass(frozen=True, slots=True)
class Hold:
    """Stay away from the host for ``seconds``, because ``why``."""

    seconds: float
    why: str


def hold_of(ending: Ending, real: float) -> Hold | None:
    """How long a refused handshake keeps us away (``real``: s since the Unix epoch); None: it does
    not, ordinary back-off is right."""
    asked = _seconds(ending.retry_after)
    match ending.status:
        case 403:
            return Hold(FORBIDDEN_S, "HTTP 403: the venue's firewall refuses this address")
        case 451:
            return Hold(FORBIDDEN_S, "HTTP 451: the venue does not serve this place")
        case 429:
            return Hold(asked or LIMITED_S, "HTTP 429: too many connections or calls")
        case 418:
            seconds = asked or _banned_for(ending.body, real) or BANNED_S
            return Hold(seconds, "HTTP 418: this address is banned")
        case _:
            return None


def _seconds(retry_after: str) -> float:
    """The header's seconds, as the venue writes it; 0 where it says something else."""
    text = retry_after.strip()
    return min(float(text), HOLD_MAX_S) if text.isdecimal() and text.isascii() else 0.0


def _banned_for(body: bytes, real: float) -> float:
    found = _BANNED_UNTIL.search(body)
    return min(max(0.0, int(found[1]) / 1000 - real), HOLD_MAX_S) if found else 0.0


FAULT_FIRST_S = 30.0
FAULT_MAX_S = 600.0
FORGIVEN_S = 3600.0  # of life without another fault
LEVEL_MAX = 4
NAMES_MIN = 10


@dataclass(slots=True)
class Caution:
    """What a CLOSE 1008 teaches: longer waits, smaller batches, a slower pace."""

    level: int = 0
    _at: float = 0.0

    def fault(self, now: float) -> float:
        """The venue closed for a fault of ours. Returns how long to wait, in seconds."""
        self.level = min(self.level + 1, LEVEL_MAX)
        self._at = now
        return float(min(FAULT_MAX_S, FAULT_FIRST_S * 2.0 ** (self.level - 1)))

    def forgive(self, now: float) -> None:
        """Back to the ordinary pace after an hour without a fault."""
        if self.level and now - self._at >= FORGIVEN_S:
            self.level = 0

    def names(self, most: int) -> int:
        """Names that a SUBSCRIBE may carry."""
        return max(NAMES_MIN, most >> self.level)

    def per_second(self, most: float) -> float:
        """Control frames a second."""
        return most / 2.0**self.level
