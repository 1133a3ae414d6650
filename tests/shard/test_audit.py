"""When each book is compared with the venue's."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from gateway.shard.audit import Audits


def with_books(interval_s: float, count: int) -> Audits:
    audits = Audits(interval_s)
    for symbol in range(count):
        audits.add(symbol, 0.0)
    return audits


def run(audits: Audits, start: float, seconds: float) -> list[tuple[float, int]]:
    """Ask ten times a second."""
    found = []
    for tick in range(int(seconds * 10)):
        now = start + tick / 10
        symbol = audits.next(now)
        if symbol is not None:
            found.append((now, symbol))
    return found


def test_every_book_is_looked_at_once_in_the_interval() -> None:
    audits = with_books(3600.0, 300)
    seen = Counter(symbol for _, symbol in run(audits, 0.0, 7206.0))
    assert set(seen) == set(range(300))
    assert set(seen.values()) == {2}


def test_looks_are_spread_evenly() -> None:
    found = run(with_books(600.0, 20), 0.0, 600.0)
    gaps = [after - before for (before, _), (after, _) in pairwise(found)]
    assert min(gaps) > 29.5
    assert max(gaps) < 30.5


def test_what_was_not_looked_at_for_the_longest_time_comes_first() -> None:
    audits = with_books(30.0, 3)
    audits.add(0, 5.0)  # it stands on a fresh snapshot
    assert [symbol for _, symbol in run(audits, 0.0, 31.0)] == [1, 2, 0]


def test_a_lost_book_is_not_looked_at() -> None:
    audits = with_books(30.0, 3)
    audits.remove(1)
    audits.remove(7)
    assert {symbol for _, symbol in run(audits, 0.0, 120.0)} == {0, 2}


def test_books_that_come_make_the_looks_denser_at_once() -> None:
    audits = with_books(3600.0, 1)
    for symbol in range(1, 3600):
        audits.add(symbol, 100.0)
    assert len(run(audits, 100.0, 10.0)) >= 9


def test_zero_is_never() -> None:
    assert run(with_books(0.0, 10), 0.0, 100.0) == []


def test_without_books_nothing_is_looked_at() -> None:
    audits = with_books(10.0, 1)
    audits.remove(0)
    assert run(audits, 0.0, 100.0) == []
