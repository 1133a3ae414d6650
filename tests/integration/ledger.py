"""What a consumer must be able to say of its events: no trade missing, none twice, no hole.

Pure: it is told of every event, from the ring or over ZeroMQ, and knows nothing of the gateway's
own counting. A restart of a writer may interrupt its streams; once it has been made good, the ids
of trades have no hole.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict


class Ledger:
    """Streams that number by one (trades) by their ids, all streams by their sequence.

    ``interrupted`` collects what befell streams, as (stream, what it was), until it is cleared.
    """

    def __init__(self) -> None:
        self.events = 0
        self.interrupted: list[tuple[str, str]] = []
        self._ids: defaultdict[str, dict[int, int]] = defaultdict(dict)  # id -> who told it first
        self._again: Counter[str] = Counter()
        self._bounds: dict[str, tuple[int, int]] = {}  # lowest and highest id
        self._numbers: dict[str, tuple[int, int]] = {}  # epoch, sequence

    def number(self, stream: str, epoch: int, sequence: int) -> None:
        """Take a numbered event; a new epoch or a hole is an interruption."""
        self.events += 1
        before = self._numbers.get(stream)
        if before is not None and before != (epoch, sequence - 1):
            self.interrupted.append((stream, f"{(epoch, sequence)} after {before}"))
        self._numbers[stream] = epoch, sequence

    def trade(self, stream: str, at: int) -> None:
        """Take the id of a trade whose number came last.

        One that does not follow the highest so far is an interruption.
        """
        self._again[stream] += at in self._ids[stream]
        self._ids[stream].setdefault(at, self.epoch(stream))
        low, high = self._bounds.get(stream, (at, at - 1))
        if at != high + 1:
            self.interrupted.append((stream, f"id {at} after {high}"))
        self._bounds[stream] = min(low, at), max(high, at)

    def interruption(self, stream: str, what: str) -> None:
        """Take down anything else that should not have come."""
        self.interrupted.append((stream, what))

    def epoch(self, stream: str) -> int:
        """The writer of the stream's last event; 0: there was none."""
        return self._numbers.get(stream, (0, 0))[0]

    def missing(self, stream: str) -> int:
        """Ids between the lowest and the highest that never came."""
        if stream not in self._bounds:
            return 0
        low, high = self._bounds[stream]
        return high - low + 1 - len(self._ids[stream])

    def holes(self, stream: str) -> list[tuple[int, int]]:
        """The missing ids, as pairs of the ids around a hole."""
        ids = sorted(self._ids[stream])
        return [(a, b) for a, b in itertools.pairwise(ids) if b != a + 1]

    def told_by(self, stream: str, at: int) -> int:
        """The writer that told a trade first; 0: nobody did."""
        return self._ids[stream].get(at, 0)

    def again(self, stream: str) -> int:
        """Ids that came more than once, counted each time but the first."""
        return self._again[stream]

    def count(self, stream: str) -> int:
        """Trades that came, each once."""
        return len(self._ids[stream])

    @property
    def trades(self) -> int:
        """Trades that came, of all streams."""
        return sum(len(ids) for ids in self._ids.values())

    @property
    def streams(self) -> list[str]:
        """Streams of trades that anything came of."""
        return sorted(self._ids)
