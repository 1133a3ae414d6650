"""What the core tells the control plane, as log lines at a limited rate."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from gateway.core.engine import NO_ROW, Notice, NoticeCode
from gateway.log import RateLimit

log = logging.getLogger("gateway.shard")

HEAD_SHOWN = 120  # bytes of a refused frame in a log line


class NoticeLog:
    """Writes notices; at most 5 of one kind and row in 10 s, the rest is counted."""

    def __init__(self, symbol: Callable[[int], str], stream: Callable[[int], str]) -> None:
        self._symbol = symbol
        self._stream = stream
        self._limit = RateLimit(count=5, interval=10.0)

    def write(self, notice: Notice) -> None:
        """Log one notice, unless its like was just logged."""
        suppressed = self._limit.admit(f"{notice.code.name} {notice.row}", time.monotonic())
        if suppressed is None:
            return
        level, text = self._line(notice)
        more = f" ({suppressed} more like this were not logged)" if suppressed else ""
        log.log(level, "%s%s", text, more)

    def _line(self, notice: Notice) -> tuple[int, str]:
        match notice.code:
            case NoticeCode.RESYNC:
                return logging.INFO, f"{self._symbol(notice.row)}: book needs a snapshot"
            case NoticeCode.BOOK_LIVE:
                return logging.INFO, f"{self._symbol(notice.row)}: book is LIVE"
            case NoticeCode.GAP:
                text = f"{self._stream(notice.row)}: gap, expected id {notice.a}, got {notice.b}"
                return logging.WARNING, text
            case NoticeCode.STALLED:
                text = f"stood still for {notice.a / 1e9:.1f} s; all is STALE until caught up"
                return logging.WARNING, text
            case NoticeCode.INEXACT:
                text = (
                    f"{self._symbol(notice.row)}: a value is finer than the instrument's exponents"
                )
                return logging.WARNING, text
            case NoticeCode.UNKNOWN_STREAM:
                return logging.WARNING, f"frame of a stream not subscribed: {_head(notice)}"
            case NoticeCode.UNREADABLE:
                name = self._stream(notice.row) if notice.row != NO_ROW else "unknown stream"
                return logging.WARNING, f"{name}: frame refused, {notice.error}: {_head(notice)}"


def _head(notice: Notice) -> str:
    return notice.head[:HEAD_SHOWN].decode("utf-8", "backslashreplace")
