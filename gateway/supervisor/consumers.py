"""Streams on demand: what consumers subscribe is subscribed at the venue, and dropped after them.

Shards tell of the first and last consumer of topics that they do not carry; the rules of counting
are in ``demand``. Changes are gathered for a moment, so that a consumer of a hundred topics costs
one.
"""

from __future__ import annotations

import asyncio
import logging
import time

from gateway.config import OnDemand
from gateway.errors import VenueError
from gateway.log import RateLimit
from gateway.plan import TopicWanted
from gateway.streams import Stream
from gateway.supervisor.demand import Demand, stream_of
from gateway.supervisor.requests import Refusal
from gateway.supervisor.steward import Steward
from gateway.supervisor.subscriptions import read_item

log = logging.getLogger("gateway.supervisor")

GATHER_SECONDS = 0.05
TICK_SECONDS = 0.5


class Consumers:
    """Keeps the demand; ``run`` carries it out."""

    def __init__(self, config: OnDemand, steward: Steward) -> None:
        self.demand = Demand(config.streams_max, config.grace_seconds)
        self._is_enabled = config.enabled
        self._steward = steward
        self._streams: dict[str, Stream] = {}
        self._changed = asyncio.Event()
        self._limit = RateLimit(count=5, interval=10.0)
        self._names = RateLimit(count=1, interval=60.0)  # every shard tells of the same topic

    def on_topic(self, shard_id: int, note: TopicWanted) -> None:
        """Take in that a shard has a first consumer of a topic, or none any more."""
        name = stream_of(note.name)
        if name is None or not self._is_enabled:
            return
        if not note.wanted:
            self.demand.leave(name, shard_id, note.name, time.monotonic())
            return
        self._ask(name, shard_id, note.name)

    def _ask(self, name: str, shard_id: int, topic: str) -> None:
        item = read_item(name)
        if isinstance(item, Refusal):
            self._refuse(name, item.why)
        elif not isinstance(item, Stream):
            self._refuse(name, "is a pattern; subscribe its topics one by one")
        elif (why := self._steward.why_not(item)) is not None:
            self._refuse(name, why.why)
            self.demand.put_off(shard_id, topic)
        elif name in self._streams or not self._steward.is_carried(item):
            self._want(item, shard_id, topic)

    def on_ended(self, shard_id: int) -> None:
        """Drop what only a shard's own consumers wanted: they come back and say it again.

        At once, so that its next plan has none of it: a shard tells only of topics it lacks.
        """
        self.demand.forget_shard(shard_id)
        gone = [name for name in self._streams if name not in self.demand.streams]
        for name in gone:
            del self._streams[name]
        if gone:
            self._steward.withdraw(gone)

    def look_again(self) -> None:
        """Have ``run`` look at what is wanted: somebody else has changed what is carried."""
        self._changed.set()

    async def run(self) -> None:
        """Carry out what is wanted, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(TICK_SECONDS):
                    await self._changed.wait()
                await asyncio.sleep(GATHER_SECONDS)
            except TimeoutError:
                self._ask_again()
                if not self.demand.due(time.monotonic()) and not self._changed.is_set():
                    continue
            self._changed.clear()
            await self._follow()

    def _ask_again(self) -> None:
        for shard_id, topic in self.demand.again(time.monotonic()):
            name = stream_of(topic)
            if name is not None:
                self._ask(name, shard_id, topic)

    def _want(self, stream: Stream, shard_id: int, topic: str) -> None:
        if not self.demand.has_room(stream.name):
            self._refuse(stream.name, f"{self.demand.limit} streams are carried on demand already")
            self.demand.put_off(shard_id, topic)
        elif self.demand.want(stream.name, shard_id, topic):
            self._streams[stream.name] = stream
            self._changed.set()

    async def _follow(self) -> None:
        for name in self.demand.due(time.monotonic()):
            self.demand.drop(name)
            self._streams.pop(name, None)
        asked = dict(self._streams)
        try:
            refused = await self._steward.follow_consumers(asked)
        except VenueError as exc:
            known = self._steward.subscriptions.demanded
            refused = {n: Refusal(str(exc), exc.exit_code) for n in asked if n not in known}
        for name, refusal in refused.items():
            self.demand.refuse(name)
            self._streams.pop(name, None)
            self._refuse(name, refusal.why)

    def _refuse(self, name: str, why: str) -> None:
        now = time.monotonic()
        if self._names.admit(name, now) is None:
            return
        more = self._limit.admit("refused", now)
        if more is not None:
            suffix = f" ({more} more refused)" if more else ""
            log.warning("on demand: %s: %s%s", name, why, suffix)
