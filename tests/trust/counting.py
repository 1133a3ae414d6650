"""What a stream's frames must be counted as, found in the frames themselves.

For streams that come over one connection. Ids of trades have no holes; depth events chain to what
the reader's book stands at. Rules: the venue's "How to manage a local order book correctly"; ids
that are lower for three frames (two of a book in step), in a new session, or at a later time of the
venue's (of books and quotes, by more than a second), are a restart; of an earlier time, they are
late. Ids grow with the time at which the venue sends them: one that is higher, and was sent before
the restart, is of the numbering before; it may be the first to come of what that ended with.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

LOWER_RUN = 3  # frames behind in a row that mean restarted ids
LOWER_RUN_BOOK = 2
LATE_RUN = 32  # frames in a row that seem to be late: it is the clock that was wrong
LATER_MS = 1000  # of what may come over two links cut differently


class Verdict(Enum):
    """What a frame is to whoever has read all before it."""

    NEXT = "next"
    BREAK = "break"  # something before it is missing
    AGAIN = "again"  # its id, or a higher one, has been there
    RESTART = "restart"


@dataclass
class Numbers:
    """The ids of one stream over its only connection. ``is_dense``: they have no holes."""

    is_dense: bool
    repeats_count: bool = True  # the first frame of a session may repeat the last one
    top: int | None = None
    run: int = 0
    late_run: int = 0
    is_new_session: bool = True
    time_ms: int = 0  # the venue's, of the newest frame; 0: not known
    began_ms: int = 0  # the same, of the frame with which ids began anew
    ended: tuple[int, int] = (0, 0)  # the last id before that, and its time

    def take(self, number: int, time_ms: int = 0) -> Verdict:
        """Judge a frame by its id, and by the venue's time of it where it tells one."""
        before = self.top or 0, self.time_ms
        verdict = self._judge(number, time_ms)
        if self.top == number:
            self.time_ms = max(self.time_ms, time_ms) if verdict is Verdict.AGAIN else time_ms
        if verdict is Verdict.RESTART:
            self.began_ms, self.ended = time_ms, before
        return verdict

    def _judge(self, number: int, time_ms: int) -> Verdict:
        top, is_new = self.top, self.is_new_session
        self.is_new_session = False
        if top is None:
            return self._go_on(number, Verdict.NEXT)
        if number > top:
            if time_ms and time_ms < self.began_ms and not (self.is_dense and number == top + 1):
                self.late_run += 1
                if self.late_run < LATE_RUN:
                    return self._judge_of_before(number, time_ms)
            is_break = self.is_dense and number > top + 1
            return self._go_on(number, Verdict.BREAK if is_break else Verdict.NEXT)
        least_ms = 0 if self.is_dense else LATER_MS
        if number < top and self.time_ms and time_ms > self.time_ms + least_ms:
            return self._go_on(number, Verdict.RESTART)  # late ones are of an earlier time
        if is_new:
            if number == top:
                self._go_on(number, Verdict.NEXT)
                return Verdict.AGAIN if self.repeats_count else Verdict.NEXT
            return self._go_on(number, Verdict.RESTART)
        if time_ms and time_ms < self.time_ms:
            self.late_run += 1
            if self.late_run < LATE_RUN:
                return Verdict.AGAIN
        self.run += 1
        if self.run == LOWER_RUN:
            return self._go_on(number, Verdict.RESTART)
        return Verdict.AGAIN

    def _judge_of_before(self, number: int, time_ms: int) -> Verdict:
        last, last_ms = self.ended
        if not self.is_dense or number <= last or time_ms < last_ms:
            return Verdict.AGAIN
        self.ended = number, time_ms
        return Verdict.BREAK if number > last + 1 else Verdict.NEXT

    def _go_on(self, number: int, verdict: Verdict) -> Verdict:
        self.top, self.run, self.late_run = number, 0, 0
        return verdict


@dataclass
class Chain:
    """The depth events of one book, against the id that its slot stood at before each."""

    is_spot: bool
    run: int = 0
    last: int | None = None  # of the newest event, in step or not
    last_ms: int = 0  # the venue's time of it
    late_run: int = 0
    is_anew: bool = False  # the newest is lower than the one before it, and by far later

    def is_torn(self, event: dict[str, Any]) -> bool:
        """Whether something between the event before and this one was not delivered."""
        before, last, time_ms = self.last, int(event["u"]), int(event["E"])
        is_lower = before is not None and last < before
        self.is_anew = is_lower and time_ms - self.last_ms > LATER_MS
        is_late = before is not None and last <= before and not self.is_anew
        if is_late and self.late_run + 1 < LOWER_RUN_BOOK:
            self.late_run += 1  # a late one says nothing of what follows
            return False
        self.last, self.last_ms, self.late_run = last, time_ms, 0
        return before is not None and self._follows(event) > before

    def _follows(self, event: dict[str, Any]) -> int:
        return int(event["U"]) - 1 if self.is_spot else int(event["pu"])

    def take(self, event: dict[str, Any], stands_at: int) -> Verdict:
        """Judge an event that came while the book was in step."""
        if event["u"] <= stands_at:
            self.run += 1
            is_restart = self.is_anew or self.run == LOWER_RUN_BOOK
            return Verdict.RESTART if is_restart else Verdict.AGAIN
        self.run = 0
        return Verdict.BREAK if self._follows(event) > stands_at else Verdict.NEXT

    def rest(self) -> None:
        """The book is not in step."""
        self.run = 0


@dataclass
class Candles:
    """The candles of one stream: each must be seen closed before a later one comes."""

    open_time: int | None = None
    is_closed: bool = False

    def take(self, candle: dict[str, Any]) -> Verdict:
        """Judge the ``k`` of an event."""
        opened, before = int(candle["t"]), self.open_time
        span = int(candle["T"]) + 1 - opened
        if before is not None and opened < before:
            return Verdict.AGAIN
        is_next = before is None or opened == before + (span if self.is_closed else 0)
        is_same = opened == before
        verdict = Verdict.NEXT if is_next or is_same else Verdict.BREAK
        self.is_closed = bool(candle["x"]) or (is_same and self.is_closed)
        self.open_time = opened
        return verdict
