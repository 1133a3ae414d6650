"""Which streams are carried because somebody listens. Pure: ``now`` is passed in, in seconds.

A shard says when a topic that it does not carry gets its first consumer and loses its last one.
Consumers connect to every shard, so a stream is wanted as long as one shard has a consumer of one
of its two topics: the plain one, or ``bin:`` in front of it. After the last one left it is kept for
a grace time. At most ``limit`` streams are carried so; what comes on top is refused. A topic that
was refused is asked for again while it has a consumer, since the shard says it only once: there may
be room by then, or a listing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BINARY: Final = "bin:"
STATE: Final = "state:"
WAITING_MAX: Final = 1000  # topics that were refused and have a consumer still
AGAIN_SECONDS: Final = 5.0  # between two attempts


@dataclass(slots=True)
class _Demand:
    """Who wants a stream, as (shard, topic); since when nobody does."""

    wanted_by: set[tuple[int, str]] = field(default_factory=set)
    left_at: float | None = None


def stream_of(topic: str) -> str | None:
    """Return the stream that a topic is made from; None where it is made from no single one."""
    return None if topic.startswith(STATE) else topic.removeprefix(BINARY)


class Demand:
    """The streams on demand."""

    def __init__(self, limit: int, grace: float) -> None:
        self.limit = limit
        self.grace = grace
        self.refused = 0
        self._streams: dict[str, _Demand] = {}
        self._waiting: dict[tuple[int, str], None] = {}  # (shard, topic), in the order they came
        self._again_at: float | None = None

    @property
    def streams(self) -> list[str]:
        """Names of the streams that are carried on demand, oldest first."""
        return list(self._streams)

    def has_room(self, stream: str) -> bool:
        """Say whether ``stream`` may be carried too; a refusal is counted."""
        if stream in self._streams or len(self._streams) < self.limit:
            return True
        self.refused += 1
        return False

    def want(self, stream: str, shard_id: int, topic: str) -> bool:
        """Note a consumer; return True where the stream was not carried on demand until now."""
        found = self._streams.get(stream)
        is_new = found is None
        if found is None:
            found = self._streams[stream] = _Demand()
        found.wanted_by.add((shard_id, topic))
        found.left_at = None
        return is_new

    def put_off(self, shard_id: int, topic: str) -> None:
        """Note a consumer of a topic that cannot be carried now."""
        if len(self._waiting) < WAITING_MAX:
            self._waiting[shard_id, topic] = None

    def again(self, now: float) -> list[tuple[int, str]]:
        """Take out the (shard, topic) to ask for again, as far as there is room for them."""
        room = max(0, self.limit - len(self._streams))
        if not self._waiting or not room:
            return []
        if self._again_at is None or now < self._again_at:
            self._again_at = self._again_at or now + AGAIN_SECONDS
            return []
        self._again_at = None
        taken = list(self._waiting)[:room]
        for each in taken:
            del self._waiting[each]
        return taken

    def leave(self, stream: str, shard_id: int, topic: str, now: float) -> None:
        """Note that ``shard_id`` has no consumer of ``topic`` any more."""
        self._waiting.pop((shard_id, topic), None)
        found = self._streams.get(stream)
        if found is None:
            return
        found.wanted_by.discard((shard_id, topic))
        if not found.wanted_by and found.left_at is None:
            found.left_at = now

    def forget_shard(self, shard_id: int) -> None:
        """Drop what only a shard that has ended wanted: its consumers come back to the next one."""
        self._waiting = {by: None for by in self._waiting if by[0] != shard_id}
        for stream, found in list(self._streams.items()):
            kept = {by for by in found.wanted_by if by[0] != shard_id}
            if found.wanted_by and not kept:
                del self._streams[stream]
            found.wanted_by = kept

    def drop(self, stream: str) -> None:
        """Forget a stream: its time is over."""
        self._streams.pop(stream, None)

    def refuse(self, stream: str) -> None:
        """Forget a stream that cannot be carried, and put its consumers off."""
        found = self._streams.pop(stream, None)
        for shard_id, topic in sorted(found.wanted_by) if found else ():
            self.put_off(shard_id, topic)

    def due(self, now: float) -> list[str]:
        """Return the streams whose grace time is over."""
        return [
            stream
            for stream, found in self._streams.items()
            if found.left_at is not None and now - found.left_at >= self.grace
        ]
