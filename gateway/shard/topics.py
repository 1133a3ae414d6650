"""Which of our topics subscribers want, by the prefixes they subscribe. Pure.

A ZeroMQ subscription is a prefix. Each topic counts the prefixes that match it, so that a change
costs no more than the topics it concerns; an exact topic, with its delimiter, concerns only itself.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

K = TypeVar("K")

PREFIXES_MAX: Final = 100_000  # of all subscribers; a hostile one must not fill the memory
DEMANDS_MAX: Final = 1000  # names of streams that we do not carry
DELIMITERS: Final = (b" ", b"\0")
_NAME = rb"((?:spot|usdm|coinm):[^\s\0]{1,57})"
_EXACT = re.compile(_NAME + rb" |bin:" + _NAME + rb"\0")
_STATE = re.compile(rb"state:(?:spot|usdm|coinm):[^\s\0]{1,57} ")
ASTRAY_S: Final = 1.0  # for a subscriber of several sockets to ask on the others too
ASTRAY_MAX: Final = 1000


@dataclass(slots=True)
class _Entry(Generic[K]):
    key: K
    prefixes: int  # that match it


@dataclass(slots=True)
class Topics(Generic[K]):
    """Topics with their delimiter -> keys, and the prefixes subscribed on one socket."""

    prefixes_max: int = PREFIXES_MAX
    prefixes: set[bytes] = field(default_factory=set)
    refused: int = 0  # prefixes for which there was no room
    looked_at: int = 0  # topics, for all changes so far: what they cost
    _entries: dict[bytes, _Entry[K]] = field(default_factory=dict)
    _order: list[bytes] = field(default_factory=list)  # sorted, unless topics came or went
    _is_sorted: bool = True

    def __contains__(self, topic: bytes) -> bool:
        return topic in self._entries

    def add(self, topic: bytes, key: K) -> bool:
        """Take a topic in, or give it another key. Returns whether it is wanted already."""
        count = sum(topic[:length] in self.prefixes for length in range(len(topic) + 1))
        self._is_sorted = self._is_sorted and topic in self._entries
        self._entries[topic] = _Entry(key, count)
        return count > 0

    def discard(self, topic: bytes) -> None:
        """Forget a topic."""
        if self._entries.pop(topic, None) is not None:
            self._is_sorted = False

    def subscribe(self, prefix: bytes) -> list[K]:
        """Somebody subscribed. Returns the keys that are wanted from now on."""
        if prefix in self.prefixes:
            return []
        if len(self.prefixes) >= self.prefixes_max:
            self.refused += 1
            return []
        self.prefixes.add(prefix)
        return [entry.key for entry in self._matching(prefix) if self._count(entry, 1) == 1]

    def unsubscribe(self, prefix: bytes) -> list[K]:
        """The last subscriber of a prefix left. Returns the keys that nobody wants any more."""
        if prefix not in self.prefixes:
            return []
        self.prefixes.discard(prefix)
        return [entry.key for entry in self._matching(prefix) if self._count(entry, -1) == 0]

    def _count(self, entry: _Entry[K], change: int) -> int:
        self.looked_at += 1
        entry.prefixes += change
        return entry.prefixes

    def _matching(self, prefix: bytes) -> Iterator[_Entry[K]]:
        if prefix.endswith(DELIMITERS):  # no topic goes on behind its delimiter
            if prefix in self._entries:
                yield self._entries[prefix]
            return
        if not self._is_sorted:
            self._order, self._is_sorted = sorted(self._entries), True
        for at in range(bisect_left(self._order, prefix), len(self._order)):
            topic = self._order[at]
            if not topic.startswith(prefix):
                return
            yield self._entries[topic]


def stream_of(topic: bytes) -> str:
    """The stream that an exact topic asks for ("usdm:btcusdt@trade"), or nothing for any other."""
    found = _EXACT.fullmatch(topic)
    return (found[1] or found[2]).decode("utf-8", "replace") if found else ""


def can_come(topic: bytes) -> bool:
    """Whether anything that we ever publish begins so; of an exact topic: whether it is one."""
    is_exact = topic.endswith(DELIMITERS)
    return not is_exact or any(form.fullmatch(topic) for form in (_EXACT, _STATE))


@dataclass(slots=True)
class Astray:
    """Exact topics that were asked for on a socket on which they never come.

    A subscriber that is connected to several sockets asks on each of them: so they are judged a
    moment later. Times in seconds, passed in.
    """

    _asked_at: dict[bytes, float] = field(default_factory=dict)

    def ask(self, topic: bytes, now: float) -> None:
        """Note that a topic was asked for where it does not come."""
        if len(self._asked_at) < ASTRAY_MAX:
            self._asked_at.setdefault(topic, now)

    def due(self, now: float) -> list[bytes]:
        """Take out the topics that are to be judged now."""
        found = [topic for topic, at in self._asked_at.items() if now - at >= ASTRAY_S]
        for topic in found:
            del self._asked_at[topic]
        return found


@dataclass(slots=True)
class Demand(Generic[K]):
    """Streams that subscribers want by exact topics, and that we do not carry (or did not once).

    An asker is one exact topic on one socket.
    """

    names_max: int = DEMANDS_MAX
    refused: int = 0
    _askers: dict[str, set[K]] = field(default_factory=dict)

    def __contains__(self, stream: str) -> bool:
        return stream in self._askers

    def want(self, stream: str, asker: K) -> bool:
        """Returns whether it is the first one to ask for the stream."""
        if stream not in self._askers and len(self._askers) >= self.names_max:
            self.refused += 1
            return False
        askers = self._askers.setdefault(stream, set())
        askers.add(asker)
        return len(askers) == 1

    def leave(self, stream: str, asker: K) -> bool:
        """Returns whether it was the last one."""
        askers = self._askers.get(stream)
        if askers is None:
            return False
        askers.discard(asker)
        if askers:
            return False
        del self._askers[stream]
        return True
