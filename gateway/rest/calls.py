"""What is asked of REST, and what comes of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.layout import Market
from gateway.plan import Need
from gateway.rest.budget import Hold


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP ``status`` and ``body``, or status 0 and ``error``.

    ``limit``: levels a side or rows that were asked for; ``wall``: the venue's clock in seconds, 0
    where it did not tell it.
    """

    status: int
    body: bytes = b""
    error: str = ""
    limit: int = 0
    wall: float = 0.0

    @property
    def is_ok(self) -> bool:
        return self.status == 200

    def problem(self) -> str:
        """Say in words what is wrong with it."""
        return self.error or f"HTTP {self.status}: {self.body[:100].decode(errors='replace')}"


@dataclass(frozen=True, slots=True)
class Call:
    """A REST call: its name below the market's prefix, its query, and what it costs."""

    market: Market
    name: str
    query: Mapping[str, str]
    weight: int
    need: Need
    subject: str = ""  # a newer call for the same takes the place of one that waits
    patience_s: float = math.inf
    limit: int = 0


def wants_no_call(hold: Hold) -> str:
    """Say in words that the venue refused, and for how long it does."""
    return f"HTTP {hold.status}: the venue wants no call for {math.ceil(hold.seconds)} s"
