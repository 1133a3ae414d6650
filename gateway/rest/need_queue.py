"""The calls that wait for weight: the most needed first, among equals the oldest. Pure.

Bounded: when it is full, the least needed and youngest makes room, which may be the new one. A
newer call for the same thing takes the place of the one that waits, if it is needed as much.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.plan import Need

T = TypeVar("T")


@dataclass(order=True, slots=True)
class Ticket(Generic[T]):
    """A call that waits. ``subject`` is what it is about, empty: nothing that could be repeated."""

    need: Need
    number: int  # rising
    weight: int = field(compare=False)
    subject: str = field(compare=False)
    waiter: T = field(compare=False)


class NeedQueue(Generic[T]):
    """At most ``size`` tickets."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._tickets: list[Ticket[T]] = []
        self._by_subject: dict[str, Ticket[T]] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._tickets)

    def __iter__(self) -> Iterator[Ticket[T]]:
        return iter(self._tickets)

    def make(self, need: Need, weight: int, subject: str, waiter: T) -> Ticket[T]:
        """Return a ticket, younger than all before; it is not in the queue yet."""
        self._number += 1
        return Ticket(need, self._number, weight, subject, waiter)

    def superseded_by(self, ticket: Ticket[T]) -> Ticket[T] | None:
        """Take out and return the ticket that ``ticket`` makes needless."""
        found = self._by_subject.get(ticket.subject) if ticket.subject else None
        if found is None or found.need < ticket.need:
            return None
        self.remove(found)
        return found

    def push(self, ticket: Ticket[T]) -> Ticket[T] | None:
        """Put in a ticket; return the one that had to make room, which may be itself."""
        insort(self._tickets, ticket)
        if ticket.subject:
            self._by_subject[ticket.subject] = ticket
        if len(self._tickets) <= self._size:
            return None
        last = self._tickets[-1]
        self.remove(last)
        return last

    def remove(self, ticket: Ticket[T]) -> bool:
        """Take out a ticket; False: it was not in."""
        at = bisect_left(self._tickets, ticket)
        if at == len(self._tickets) or self._tickets[at] is not ticket:
            return False
        del self._tickets[at]
        if self._by_subject.get(ticket.subject) is ticket:
            del self._by_subject[ticket.subject]
        return True

    def first(self, count: int) -> list[Ticket[T]]:
        """Return the ``count`` most needed, in order; they stay in."""
        return self._tickets[:count]
