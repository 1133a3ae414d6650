"""What an answer that refuses a call says about the next one. Pure.

rest-api.md "IP Limits", general-info.md (futures), web-socket-api.md "Rate limits": 429 asks to
stop, 418 is a ban of 2 minutes to 3 days that grows; ``Retry-After`` says the seconds. Futures do
not document that header: their 418 has ``banned until <ms>`` in its text, and a 429 without any
time holds until the minute in which weight is counted is over. 403 with a page instead of the API's
JSON comes from the firewall in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from gateway.rest.budget import Hold
from gateway.rest.weight_log import HOLD_SECONDS_MAX

MINUTE_SECONDS: Final = 60.0
BAN_SECONDS_MIN: Final = 120.0
FIREWALL_SECONDS: Final = 60.0  # not documented
USED_DIGITS_MAX: Final = 9
_UNTIL = re.compile(rb"banned until (\d{10,16})")


@dataclass(frozen=True, slots=True)
class Before:
    """The pool's last hold: its status, and how long it was in seconds."""

    status: int = 0
    seconds: float = 0.0


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    retry_after: int = 0
    server_time: int = 0


class _Error(msgspec.Struct, frozen=True):
    data: _Data = _Data()


class _Refused(msgspec.Struct, frozen=True):
    error: _Error


_REFUSED: Final = msgspec.json.Decoder(_Refused)


def hold_of(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    wall: float,
    before: Before,
    jitter: float,
) -> Hold | None:
    """Return how long an answer wants no call; None: it does not say so.

    ``wall`` is our clock, for answers that do not tell the venue's; ``jitter`` (0 to 1) parts the
    programs that would otherwise all come back in the same moment.
    """
    if status == 403:
        is_answer = body.lstrip()[:1] == b"{"
        return None if is_answer else Hold(403, FIREWALL_SECONDS)
    if status not in (418, 429):
        return None
    now = date_seconds(headers.get("Date")) or wall
    told = retry_after_seconds(headers.get("Retry-After"))
    told = told if told is not None else _until_seconds(body, now)
    told = told if told is not None else _untold(status, now, before, jitter)
    return Hold(status, min(told, HOLD_SECONDS_MAX))


def hold_of_ws(status: int, body: bytes, wall: float, before: Before, jitter: float) -> Hold | None:
    """The same of a ws-api answer, which tells moments (ms) in ``error.data``."""
    if status not in (418, 429):
        return None
    try:
        data = _REFUSED.decode(body).error.data
    except msgspec.DecodeError:
        data = _Data()
    now = data.server_time / 1000 or wall
    if data.retry_after > 0:
        return Hold(status, min(max(0.0, data.retry_after / 1000 - now), HOLD_SECONDS_MAX))
    return hold_of(status, {}, body, now, before, jitter)


def _until_seconds(body: bytes, now: float) -> float | None:
    found = _UNTIL.search(body)
    return max(0.0, int(found[1]) / 1000 - now) if found else None


def _untold(status: int, now: float, before: Before, jitter: float) -> float:
    if status == 418:
        again = 2 * before.seconds if before.status == 418 else 0.0
        return min(max(BAN_SECONDS_MIN, again), HOLD_SECONDS_MAX)
    # Date has no fraction of a second, so the minute may end up to one later than it says.
    return MINUTE_SECONDS - now % MINUTE_SECONDS + 1.0 + jitter


def retry_after_seconds(header: str | None) -> float | None:
    """Read a Retry-After header (whole seconds at Binance); None where absent or unreadable."""
    if header is None or not header.strip().isdecimal():
        return None
    return float(header)


def used_weight(header: str) -> int | None:
    """Read a count of used weight; None where absent or no such number."""
    return int(header) if header.isdecimal() and len(header) <= USED_DIGITS_MAX else None


def date_seconds(header: str | None) -> float | None:
    """Read a Date header as seconds of the wall clock; None where absent or unreadable."""
    try:
        return parsedate_to_datetime(header).timestamp() if header else None
    except (ValueError, OverflowError):  # the latter: a zone or a year that no clock has
        return None
