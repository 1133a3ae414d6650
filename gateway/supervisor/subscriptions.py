"""Who wants which streams: the configuration, requests at run time, and consumers. Pure.

The configuration stands first; the rules of ``rules`` come after it. A stream that two of them want
is carried once, and goes when the last one does not want it any more. A symbol has one book: of two
streams that would feed it, the one is carried that was named first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.errors import NotFound, RunDirError, UsageError
from gateway.instruments import Instruments, Life
from gateway.patterns import Pattern, Selection, is_pattern, parse_pattern
from gateway.streams import Stream, book_slot, parse
from gateway.supervisor.requests import Refusal
from gateway.supervisor.rules import Item, Rules, covers

RULES_MAX: Final = 10_000
MALFORMED: Final = UsageError.exit_code
UNKNOWN: Final = NotFound.exit_code
NO_ROOM: Final = RunDirError.exit_code

Streams = Mapping[str, Stream]  # by name
Refusals = dict[str, Refusal]  # by name


@dataclass(frozen=True, slots=True)
class Wanted:
    """Every stream that is to be carried now, and what is to be told about others.

    ``unmatched``: patterns that mean no instrument today. ``refused``: why one is left out.
    """

    streams: Streams = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    refused: Mapping[str, Refusal] = field(default_factory=dict)


def read_item(text: str) -> Item | Refusal:
    """Read a name or a pattern, or say why it is none."""
    try:
        return parse_pattern(text) if is_pattern(text) else parse(text)
    except UsageError as exc:
        return Refusal(f"{exc.problem}; {exc.remedy}", MALFORMED)


def unfit(stream: Stream, instruments: Instruments) -> Refusal | None:
    """Say why the venue has no such stream: it would acknowledge the name and stay silent."""
    if not stream.symbol:
        return None
    found = instruments.get((stream.market, stream.symbol))
    if found is None:
        return Refusal("the venue lists no such symbol; check spelling and market", UNKNOWN)
    if found.life is Life.GONE:
        return Refusal(f"its status is {found.status}; the venue trades it no more", UNKNOWN)
    if not found.offers(stream.form):
        return Refusal("the venue has no such stream of this symbol; choose another", UNKNOWN)
    return None


class Books:
    """Which stream feeds which book."""

    def __init__(self, streams: Iterable[Stream] = ()) -> None:
        self._owners: dict[object, str] = {}
        for stream in streams:
            self.take(stream)

    def take(self, stream: Stream) -> Refusal | None:
        """Give a stream its book, or say who has it."""
        slot = book_slot(stream)
        owner = self._owners.setdefault(slot, stream.name) if slot else stream.name
        return None if owner == stream.name else same_book(owner)


def same_book(owner: str) -> Refusal:
    """Return the refusal of a stream whose book ``owner`` feeds."""
    return Refusal(f"would feed the same book as {owner}; unsubscribe that first", MALFORMED)


class Subscriptions:
    """What is wanted. ``demanded`` are the streams that consumers ask for, by name."""

    def __init__(self, configured: Selection) -> None:
        self.configured = configured
        self.demanded: dict[str, Stream] = {}
        self.rules = Rules()

    def reconfigure(self, configured: Selection) -> None:
        """Take another configuration; what it names anew, no older request takes away."""
        for name in set(configured.names) - set(self.configured.names):
            if self.rules.adds(name) is False:
                self.rules.drop(name)
        self.configured = configured

    def subscribe(
        self, items: Iterable[Item], instruments: Instruments, carried: Streams
    ) -> Refusals:
        """Add what ``items`` mean; return those that cannot be, with the reason."""
        books, refused = Books(carried.values()), {}
        for item in items:
            why = self._full(item) or _unfit(item, instruments, books)
            if why is None:
                self.rules.put(item, adds=True)
            else:
                refused[item.name] = why
        return refused

    def unsubscribe(self, items: Iterable[Item], carried: Streams) -> Refusals:
        """Take away what ``items`` mean; return those that nobody wants, with the reason."""
        refused = {}
        for item in items:
            if self._is_wanted(item, carried):
                self._take_away(item)
            else:
                refused[item.name] = Refusal("is not subscribed; check its spelling", UNKNOWN)
        return refused

    def wanted(self, instruments: Instruments, carried: Streams) -> Wanted:
        """Return every stream that is to be carried, given what the venue lists.

        ``carried`` are those of the last time: their instruments may halt and stay.
        """
        refused: Refusals = {}
        named = self._named(instruments, refused)
        patterns = (*self.configured.patterns, *self.rules.added_patterns())
        expansion = Selection(tuple(named), patterns).expand(instruments, carried)
        streams = {s.name: s for s in expansion.streams if self.rules.verdict(s) is not False}
        refused |= {name: same_book(owner) for name, owner in expansion.shadowed.items()}
        books = Books(streams.values())
        for name, stream in self.demanded.items():
            why = None if name in streams else self.why_not_on_demand(stream, instruments, books)
            if why is None:
                streams[name] = stream
            else:
                refused[name] = why
        return Wanted(streams, expansion.unmatched, refused)

    def why_not_on_demand(
        self, stream: Stream, instruments: Instruments, books: Books
    ) -> Refusal | None:
        """Say why a consumer's wish cannot bring ``stream``; one that can be takes its book."""
        if self.rules.verdict(stream) is False:
            return Refusal("was unsubscribed at run time; subscribe it again", UNKNOWN)
        return _unfit(stream, instruments, books)

    def _named(self, instruments: Instruments, refused: Refusals) -> list[Stream]:
        """Return what is wanted by name."""
        books, found = Books(), []
        named = {s.name: s for s in (*self.configured.streams, *self.rules.added_streams())}
        for stream in named.values():
            if self.rules.verdict(stream) is False:
                continue
            why = _unfit(stream, instruments, books)
            if why is None:
                found.append(stream)
            else:
                refused[stream.name] = why
        return found

    def _full(self, item: Item) -> Refusal | None:
        if len(self.rules) < RULES_MAX or item.name in self.rules:
            return None
        remedy = "write it in the configuration file and reload"
        return Refusal(f"{RULES_MAX} streams were asked at run time; {remedy}", NO_ROOM)

    def _take_away(self, item: Item) -> None:
        self.rules.drop(item.name)
        demanded = [name for name, stream in self.demanded.items() if covers(item, stream)]
        for name in demanded:
            del self.demanded[name]
        # A name that nothing else brings is gone with its rule: rules do not pile up.
        if demanded or isinstance(item, Pattern) or self._is_brought(item):
            self.rules.put(item, adds=False)

    def _is_brought(self, stream: Stream) -> bool:
        """Whether the configuration or a pattern means ``stream``."""
        patterns = (*self.configured.patterns, *self.rules.added_patterns())
        return stream in self.configured.streams or any(p.covers(stream) for p in patterns)

    def _is_wanted(self, item: Item, carried: Streams) -> bool:
        if isinstance(item, Stream):
            known, is_carried = self.rules.verdict(item), item.name in carried
        else:
            known, is_carried = self.rules.adds(item.name), any(map(item.covers, carried.values()))
        return is_carried or (item.name in self.configured.names if known is None else known)


def _unfit(item: Item, instruments: Instruments, books: Books) -> Refusal | None:
    """Say why ``item`` cannot be carried; a stream that can takes its book."""
    if isinstance(item, Stream):
        return unfit(item, instruments) or books.take(item)
    if Selection(patterns=(item,)).expand(instruments).unmatched:
        return Refusal("matches no instrument that trades; check it", UNKNOWN)
    return None
