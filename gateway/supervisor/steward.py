"""Sees to it that the shards carry what is wanted: requests, reloads, listings and consumers.

Whatever changes, the way is one: ask ``Subscriptions`` what is wanted now, have the ``Layout`` tell
the difference, send it to the shards, wait until it is in force, say that it is. One change at a
time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from gateway.array_rows import has_rows
from gateway.layout import Market
from gateway.patterns import Selection
from gateway.plan import PlanChange
from gateway.planner import Layout
from gateway.streams import Stream
from gateway.supervisor.catalogue import Catalogue
from gateway.supervisor.fleet import Answers
from gateway.supervisor.requests import Outcome, Refusal
from gateway.supervisor.rules import Item
from gateway.supervisor.subscriptions import NO_ROOM, Subscriptions, Wanted, read_item, unfit

log = logging.getLogger("gateway.supervisor")

_NAMED = 5  # streams that a line of the log names
_ROUNDS_MAX = 3  # of offering shards what others of them, or they themselves, refused

Send = Callable[[Mapping[int, PlanChange]], Awaitable[Answers]]


class Steward:
    """``send`` tells the shards; ``on_changed`` is called whenever what they carry has changed.

    ``layout`` carries ``wanted`` already.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        subscriptions: Subscriptions,
        wanted: Wanted,
        layout: Layout,
        send: Send,
        on_changed: Callable[[], None],
    ) -> None:
        self.subscriptions = subscriptions
        self._catalogue = catalogue
        self._wanted = wanted
        self._layout = layout
        self._send = send
        self._on_changed = on_changed
        self._turn = asyncio.Lock()
        self._unplaced: dict[str, tuple[int, Refusal]] = {}  # by name: who refused it, and why
        self._sending: set[asyncio.Task[Answers]] = set()
        self.carried: frozenset[str] = frozenset()
        self._row_streams: frozenset[tuple[Market, str]] = frozenset()  # that arrays feed
        self._note_carried()

    @property
    def wanted(self) -> dict[str, Stream]:
        """The streams that are wanted and can be carried, by name."""
        return {n: s for n, s in self._wanted.streams.items() if n not in self._unplaced}

    @property
    def unmatched(self) -> tuple[str, ...]:
        """The patterns that mean no instrument today."""
        return self._wanted.unmatched

    @property
    def refused(self) -> dict[str, Refusal]:
        """Streams that are wanted and cannot be carried, with the reason."""
        unplaced = {name: refusal for name, (_, refusal) in self._unplaced.items()}
        return {**self._wanted.refused, **unplaced}

    @property
    def halted(self) -> frozenset[tuple[Market, str]]:
        """The symbols that are carried and do not trade, as exchangeInfo said last."""
        return self._layout.halted

    def is_carried(self, stream: Stream) -> bool:
        """Whether a stream comes already, by itself or as a row of an array."""
        is_row = (stream.market, stream.suffix) in self._row_streams
        return is_row or stream.name in self.carried

    def shard_of(self, name: str) -> int | None:
        """The shard that carries a stream; None: none does."""
        return self._layout.streams.get(name)

    def why_not(self, stream: Stream) -> Refusal | None:
        """Say why the venue has no such stream, as far as is known without asking it."""
        if stream.market not in self._catalogue.markets:
            return None
        return unfit(stream, self._catalogue.instruments)

    async def subscribe(self, names: Sequence[str]) -> Outcome:
        """Carry ``names`` too; raises VenueError where a market of theirs cannot be asked."""
        items, malformed = _read(names)
        await self._catalogue.need({item.market for item in items})
        async with self._change():
            for item in items:
                self._unplaced.pop(item.name, None)  # asked for by name: tried again
            instruments = self._catalogue.instruments
            refused = self.subscriptions.subscribe(items, instruments, self.wanted)
            outcome = await self._apply("subscribe")
            self._forget(item for item in items if item.name in outcome.refused)
        outcome.refused = {**malformed, **refused, **outcome.refused}
        return outcome

    async def unsubscribe(self, names: Sequence[str]) -> Outcome:
        """Do not carry ``names`` any more."""
        items, malformed = _read(names)
        async with self._change():
            refused = self.subscriptions.unsubscribe(items, self.wanted)
            outcome = await self._apply("unsubscribe")
        outcome.refused = {**malformed, **refused}
        return outcome

    async def reconfigure(self, configured: Selection) -> Outcome:
        """Carry what another configuration says; its markets must be known to the catalogue."""
        async with self._change():
            self.subscriptions.reconfigure(configured)
            return await self._apply("reload")

    async def follow_listings(self) -> Outcome:
        """Carry what is wanted, by the instruments as they are listed now."""
        async with self._change():
            return await self._apply("listings")

    async def follow_consumers(self, demanded: Mapping[str, Stream]) -> dict[str, Refusal]:
        """Carry what consumers ask for; return what of it cannot be. Raises VenueError."""
        await self._catalogue.need({stream.market for stream in demanded.values()})
        async with self._change():
            self.subscriptions.demanded = dict(demanded)
            await self._apply("on demand")
        return {name: why for name, why in self.refused.items() if name in demanded}

    def withdraw(self, demanded: Iterable[str]) -> None:
        """Drop at once what consumers ask for no more, before a shard is planned anew."""
        for name in demanded:
            self.subscriptions.demanded.pop(name, None)
        self._look()
        changes = self._layout.change(self.wanted.values(), self._catalogue.instruments)
        self._note_carried()
        task = asyncio.ensure_future(self._send(changes))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def retry(self, shard_id: int) -> None:
        """Offer a shard that started anew what it had no room for before."""
        again = [name for name, (shard, _) in self._unplaced.items() if shard == shard_id]
        for name in again:
            del self._unplaced[name]
        if again:
            await self.follow_listings()

    def _forget(self, refused: Iterable[Item]) -> None:
        """Drop requests that came to nothing: the asker is told, and asks again."""
        names = [item.name for item in refused]
        for name in names:
            self.subscriptions.rules.drop(name)
        if names:
            self._look()

    def _look(self) -> None:
        self._wanted = self.subscriptions.wanted(self._catalogue.instruments, self.wanted)
        for name in [name for name in self._unplaced if name not in self._wanted.streams]:
            del self._unplaced[name]

    def _note_carried(self) -> None:
        self.carried = frozenset(self._layout.streams)
        self._row_streams = frozenset(
            (s.market, s.form.split) for s in self.wanted.values() if has_rows(s)
        )

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[None]:
        """One change at a time; as long as one works, as long is left to others behind it.

        With ten thousand streams a change is half a second of the loop, and whoever may use the
        control socket can ask for one after the other.
        """
        async with self._turn:
            began = time.thread_time()
            yield
            await asyncio.sleep(time.thread_time() - began)

    async def _apply(self, why: str) -> Outcome:
        """Bring the shards to what is wanted now; return what changed and what was refused anew."""
        carried, refused = self.carried, self.refused
        self._look()
        late = await self._tell()
        outcome = Outcome(
            added=[name for name in self._layout.streams if name not in carried],
            removed=sorted(carried - self.carried),
            refused={n: r for n, r in self.refused.items() if n not in refused},
            late=late,
        )
        # Consumers may ask for anything, again and again: who keeps their demand speaks of those.
        told = {n: r for n, r in outcome.refused.items() if n not in self.subscriptions.demanded}
        _report(why, outcome, told)
        return outcome

    async def _tell(self) -> list[int]:
        """Send the shards what differs, until none of it is refused; return who was late."""
        late: set[int] = set()
        for _ in range(_ROUNDS_MAX):
            changes = self._layout.change(self.wanted.values(), self._catalogue.instruments)
            if not changes:
                break
            answers = await self._send(changes)
            late.update(answers.late)
            for shard_id, refused in answers.refused.items():
                self._layout.forget(shard_id, refused)
                for name, reason in refused.items():
                    self._unplaced[name] = shard_id, Refusal(reason, NO_ROOM)
            self._note_carried()
            self._on_changed()
            if not answers.refused:
                break
        return sorted(late)


def _read(names: Iterable[str]) -> tuple[list[Item], dict[str, Refusal]]:
    items: dict[str, Item] = {}
    malformed = {}
    for name in names:
        item = read_item(name)
        if isinstance(item, Refusal):
            malformed[name] = item
        else:
            items[item.name] = item
    return list(items.values()), malformed


def _report(why: str, outcome: Outcome, refused: Mapping[str, Refusal]) -> None:
    for what, names in (("carried now", outcome.added), ("dropped", outcome.removed)):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            shown = ", ".join(names[:_NAMED])
            count = f"{len(names)} stream{'s' if len(names) > 1 else ''}"
            log.info("%s: %s %s: %s%s", why, count, what, shown, more)
    for name, refusal in list(refused.items())[:_NAMED]:
        log.warning("%s: %s: %s", why, name, refusal.why)
    if len(refused) > _NAMED:
        log.warning("%s: %d more streams refused", why, len(refused) - _NAMED)
