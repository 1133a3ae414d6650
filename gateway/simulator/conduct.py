"""What clients did wrong so far: the witness that a gateway broke no rule. Pure."""

from __future__ import annotations

import enum
from collections import Counter
from typing import Any


class Violation(enum.StrEnum):
    """A rule of the venue that a client broke."""

    RATE = "rate"  # too many messages a second
    STREAMS = "streams"  # more streams than a connection may have
    SIZE = "size"  # a message over 4096 bytes on spot
    PONG = "pong"  # a ping not answered in time
    ATTEMPTS = "attempts"  # too many handshakes in 5 minutes
    WEIGHT = "weight"  # REST over the request weight


class Conduct:
    """Counts; one a simulator."""

    def __init__(self) -> None:
        self.violations: Counter[Violation] = Counter()
        self.errors: Counter[int] = Counter()  # error answers on sockets, by the venue's code
        self.swallowed = 0  # messages that got no answer
        self.abandoned = 0  # REST books whose client went away before it had them

    def status(self) -> dict[str, Any]:
        """Return the counts as JSON knows them."""
        return {
            "violations": self.violations.total(),
            "violations_by_kind": {str(kind): self.violations[kind] for kind in Violation},
            "errors": {str(code): count for code, count in sorted(self.errors.items())},
            "swallowed": self.swallowed,
            "abandoned": self.abandoned,
        }
