"""What the core tells the control plane, as log lines at a limited rate."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.core.engine import NO_ROW, Notice, NoticeCode
from gateway.log import RateLimit

log = logging.getLogger("gateway.shard")

HEAD_SHOWN = 120  # bytes of a refused frame in a log line
OF_A_KIND = 50  # lines in 10 s
NAMES_A_LINE = 20
LINES = 10  # about silence, in 10 s
NAMES_KEPT = 10_000  # that wait for their line

Name = Callable[[int], str]


class NoticeLog:
    """Writes notices; at most 5 of one kind and row, and 50 of one kind, in 10 s; counts the rest.

    A lost connection concerns every book that it carried: thousands of lines would say no more.

    What concerns many streams at once, or is answered rather than told, is not written here:
    SILENT, RESUMED and ROW_UNKNOWN, LOOKED and LOOK_FAILED.
    """

    def __init__(self, symbol: Name, stream: Name, link: Name) -> None:
        self._symbol = symbol
        self._stream = stream
        self._link = link
        self._limit = RateLimit(count=5, interval=10.0)
        self._kinds = RateLimit(count=OF_A_KIND, interval=10.0)

    def write(self, notice: Notice) -> None:
        """Log one notice, unless its like was just logged."""
        line = self._line(notice)
        if line is None:
            return
        now, kind = time.monotonic(), notice.code.name
        of_row = self._limit.admit(f"{kind} {notice.row}", now)
        of_kind = None if of_row is None else self._kinds.admit(kind, now)
        if of_row is None or of_kind is None:
            return
        level, text = line
        suppressed = of_row + of_kind
        more = f" ({suppressed} more like this were not logged)" if suppressed else ""
        log.log(level, "%s%s", text, more)

    def _line(self, notice: Notice) -> tuple[int, str] | None:
        match notice.code:
            case NoticeCode.RESYNC:
                return logging.INFO, f"{self._symbol(notice.row)}: book needs a snapshot"
            case NoticeCode.BOOK_LIVE:
                return logging.INFO, f"{self._symbol(notice.row)}: book is LIVE"
            case NoticeCode.GAP:
                return logging.WARNING, f"{self._stream(notice.row)}: {_gap(notice)}"
            case NoticeCode.THIN:
                text = f"{self._symbol(notice.row)}: the price nears the end of what is known"
                return logging.INFO, text
            case NoticeCode.STALLED:
                text = f"stood still for {notice.a / 1e9:.1f} s; all is STALE until caught up"
                return logging.WARNING, text
            case NoticeCode.LAGGING:
                text = f"{self._link(notice.row)}: lags by {notice.a / 1e9:.1f} s"
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
            case _:
                return None


def _gap(notice: Notice) -> str:
    if not notice.a and not notice.b:  # its events have no ids
        return f"gap {notice.number}, what was sent meanwhile is lost"
    return f"gap {notice.number}, {notice.a} to {notice.b} missing"


def _head(notice: Notice) -> str:
    return notice.head[:HEAD_SHOWN].decode("utf-8", "backslashreplace")


@dataclass(slots=True)
class _Group:
    """Streams of one connection, and how long they have been silent (s)."""

    names: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class SilenceLog:
    """Names every stream that fell silent, many to a line, and those that deliver again."""

    def __init__(self) -> None:
        self._mute: dict[str, _Group] = defaultdict(_Group)  # nothing ever came
        self._silent: dict[str, _Group] = defaultdict(_Group)
        self._resumed: dict[str, _Group] = defaultdict(_Group)
        self._limit = RateLimit(count=LINES, interval=10.0)
        self._kept = 0
        self._unnamed = 0

    def silent(self, connection: str, stream: str, seconds: float, frames: int) -> None:
        """A stream is silent for so long; ``frames`` came of it, ever."""
        self._keep(self._silent if frames else self._mute, connection, stream, seconds)

    def resumed(self, connection: str, stream: str) -> None:
        """A stream that was silent delivers again."""
        self._keep(self._resumed, connection, stream, 0.0)

    def _keep(
        self, groups: dict[str, _Group], connection: str, stream: str, seconds: float
    ) -> None:
        if self._kept >= NAMES_KEPT:
            self._unnamed += 1
            return
        self._kept += 1
        groups[connection].names.append(stream)
        groups[connection].seconds.append(seconds)

    def flush(self, now: float) -> None:
        """Write the lines that the limit allows; the others wait for the next call."""
        if self._unnamed and self._limit.admit("silence", now) is not None:
            log.warning("%d more streams fell silent or deliver again", self._unnamed)
            self._unnamed = 0
        kinds = (
            (self._mute, logging.WARNING, "acknowledged but nothing came for "),
            (self._silent, logging.WARNING, "fell silent, nothing came for "),
            (self._resumed, logging.INFO, "delivering again"),
        )
        for groups, level, what in kinds:
            for connection in list(groups):
                group = groups.pop(connection)
                for at in range(0, len(group.names), NAMES_A_LINE):
                    if self._limit.admit("silence", now) is None:
                        groups[connection] = _Group(group.names[at:], group.seconds[at:])
                        return
                    names = group.names[at : at + NAMES_A_LINE]
                    self._kept -= len(names)
                    span = _span(group.seconds[at : at + NAMES_A_LINE])
                    log.log(level, "%s%s on %s: %s", what, span, connection, ", ".join(names))


def _span(seconds: list[float]) -> str:
    least, most = min(seconds), max(seconds)
    if not most:
        return ""
    return f"{most:.0f} s" if round(least) == round(most) else f"{least:.0f} to {most:.0f} s"
