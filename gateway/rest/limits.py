"""The weight limit that an exchangeInfo tells. Pure.

``rateLimits`` (rest-api.md "Exchange information", enums "Rate limiters"): the venue's word on what
an address may spend. Intervals of several minutes are taken as their part of one.
"""

from __future__ import annotations

from typing import Final

import msgspec


class _RateLimit(msgspec.Struct, frozen=True, rename="camel"):
    rate_limit_type: str = ""
    interval: str = ""
    interval_num: int = 1
    limit: int = 0


class _Info(msgspec.Struct, frozen=True, rename="camel"):
    rate_limits: list[_RateLimit] = []


_READER: Final = msgspec.json.Decoder(_Info)


def weight_per_minute(exchange_info: bytes) -> int | None:
    """Return the request weight a minute; None: it tells none, or is not readable."""
    try:
        told = _READER.decode(exchange_info).rate_limits
    except msgspec.DecodeError:
        return None
    found = [
        each.limit // each.interval_num
        for each in told
        if each.rate_limit_type == "REQUEST_WEIGHT"
        and each.interval == "MINUTE"
        and each.interval_num > 0
        and each.limit >= each.interval_num
    ]
    return min(found, default=None)
