"""REST calls that a shard has in flight: how many there may be, by need. Pure: ``now`` is in s.

The supervisor spends the weight and puts calls in order of need, but a call that it holds back
keeps its place here. So places are kept free: lesser needs may take only some of them, and a book
that was lost always finds one. Each weight pool of the venue has its own places, so that a market
that refuses us does not hold up the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.plan import Need

# Places that calls of a need and all lesser ones may take together, of one weight pool.
PLACES: Final[Mapping[Need, int]] = {
    Need.LOST: 10,
    Need.COLD: 8,  # at 50 ms a call that is 160 a second, more than any budget lasts for
    Need.BACKFILL: 3,
    Need.REFRESH: 2,
    Need.DEEPEN: 2,
    Need.AUDIT: 1,
}
ANSWER_MAX_S: Final = 600.0  # while weight is short one may wait for minutes; then it is made anew


@dataclass(frozen=True, slots=True)
class _Call:
    pool: str
    need: Need
    made_at: float


class Calls:
    """Calls in flight, by the id that goes with the request."""

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        self._made = 0

    def places(self, pool: str, need: Need) -> int:
        """How many calls of this need may be made now."""
        taken = [call.need for call in self._calls.values() if call.pool == pool]
        # Each counts with the lesser needs of every need above it.
        rooms = (PLACES[n] - sum(other >= n for other in taken) for n in Need if n <= need)
        return max(0, min(rooms))

    def has_place(self, pool: str, need: Need) -> bool:
        """Whether a call of this need may be made now."""
        return self.places(pool, need) > 0

    def make(self, pool: str, need: Need, now: float) -> int:
        """Take a place; return the request's id, unique in this process."""
        self._made += 1
        self._calls[self._made] = _Call(pool, need, now)
        return self._made

    def answered(self, request_id: int) -> None:
        """The answer is here; one that came after all is no error."""
        self._calls.pop(request_id, None)

    def overdue(self, now: float) -> list[int]:
        """Take back the places of calls that nobody answered; return their ids."""
        late = [n for n, call in self._calls.items() if now - call.made_at > ANSWER_MAX_S]
        for number in late:
            del self._calls[number]
        return late
