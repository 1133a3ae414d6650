"""A reader that checks ids: what it was shown, against what the venue's rules say must come.

It knows nothing of the gateway's own counting but ``lost``. Every break that it finds is a break
that a user would have seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from gateway_client.records import EventKind
from tests.integration.reading import RingReader

CONTIGUOUS = (EventKind.TRADE, EventKind.AGG_TRADE)
UNWANTED = (EventKind.GAP, EventKind.GAP_CLOSED, EventKind.UNREADABLE, EventKind.EPOCH)


class Checker:
    """Judges events one after the other. ``problems`` says what is wrong, ``seen`` what came."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.seen: Counter[EventKind] = Counter()
        self.not_live: Counter[str] = Counter()  # statuses other than LIVE that slots took
        self._ids: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._times: defaultdict[str, int] = defaultdict(int)

    def take(self, event: Any) -> None:
        """Judge an event."""
        self.seen[event.kind] += 1
        if event.lost:
            self.problems.append(f"the reader lost {event.lost} records before {event}")
        if event.kind in UNWANTED:
            self.problems.append(str(event))
        elif event.kind is EventKind.STATE:
            if not event.is_live:
                self.not_live[event.state.name] += 1
        elif event.kind is not EventKind.SNAPSHOT:
            self._number(event)
            self._id(event)

    def _number(self, event: Any) -> None:
        before = self._numbers.get(event.stream)
        if before is not None and event.sequence != before + 1:
            self.problems.append(f"{event.stream}: number {event.sequence} after {before}")
        self._numbers[event.stream] = event.sequence

    def _id(self, event: Any) -> None:
        stream, now = event.stream, event.update_id
        before = self._ids.get(stream)
        if event.kind in CONTIGUOUS:
            if before is not None and now != before + 1:
                self.problems.append(f"{stream}: id {now} after {before}")
        elif event.kind is EventKind.DIFF:
            if before is not None and (event.prev_update_id > before or now <= before):
                self.problems.append(f"{stream}: {event.prev_update_id}..{now} after {before}")
        elif event.kind is EventKind.QUOTE:
            if before is not None and now <= before:
                self.problems.append(f"{stream}: quote {now} after {before}")
        elif event.ts_event is not None:
            if event.ts_event < self._times[stream]:
                self.problems.append(f"{stream}: time goes back to {event.ts_event}")
            self._times[stream] = event.ts_event
        self._ids[stream] = now


class Watcher(RingReader):
    """A reader of the event ring in a thread of its own, whose events are judged."""

    def __init__(self, run_dir: Path) -> None:
        self.checker = Checker()
        super().__init__(run_dir, self.checker.take)
