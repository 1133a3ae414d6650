"""One link, its venue and the engine behind it, for the tests of links and of dialling."""

from __future__ import annotations

import asyncio

from gateway.shard.dial import Dialling
from gateway.shard.link import Link
from gateway.shard.pacing import Pace
from gateway.shard.refusal import Ending
from gateway.shard.subscribe import Requests
from tests.core.rig import Rig, diff_frame
from tests.model.sequencing import Diff
from tests.shard.venue import Session, Venue
from tests.waiting import until

FRAME = diff_frame("btcusdt@depth", "BTCUSDT", Diff(1, 2, 0, ((90, 1),)), False)


class Owner:
    """Stands in for the connection."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.events: list[str] = []
        self.acked: list[int] = []
        self.refused: list[bytes] = []

    def on_notices(self) -> None:
        self.rig.engine.notices()

    def on_up(self, link: Link) -> None:
        self.events.append("up")

    def on_answered(self, link: Link, acked: list[int], is_settled: bool) -> None:
        self.acked += acked
        self.events.append("settled" if is_settled else "answered")

    def on_down(self, link: Link) -> None:
        self.events.append("down")

    def on_shutdown(self, link: Link) -> None:
        self.events.append("shutdown")

    def on_refused(self, frame: bytes) -> None:
        self.refused.append(frame)


class Line:
    """A venue, a link to it, and an engine behind that."""

    def __init__(self, rig: Rig, venue: Venue) -> None:
        self.rig, self.venue = rig, venue
        self.owner = Owner(rig)
        self.streams = {"btcusdt@depth": 0, "btcusdt@bookTicker": 1}
        rig.engine.link_down(0)

    def start(self, url: str = "", how: Dialling | None = None, per_second: float = 1000) -> None:
        self.link = Link(self.rig.engine, 0, "spot/public/0/a", how or Dialling())
        self.requests = Requests()
        self.requests.add(self.streams)
        self.task: asyncio.Task[Ending] = asyncio.ensure_future(
            self.link.session(
                url or self.venue.url(), self.streams, self.requests, Pace(per_second), self.owner
            )
        )

    async def established(self) -> Session:
        await until(lambda: "settled" in self.owner.events)
        return self.venue.sessions[-1]

    def status(self) -> int:
        self.rig.settle()
        return self.rig.status()

    async def frames(self, count: int) -> None:
        await until(lambda: self.rig.counters().frames_data == count)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait((self.task,))
