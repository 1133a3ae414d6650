"""Wires that are slow or half open."""

from __future__ import annotations

from gateway.simulator.link import Link


def test_link_in_order_is_clear() -> None:
    link = Link(100)
    assert link.is_clear
    assert link.due_at() is None


def test_lag_delays_everything_and_keeps_the_order() -> None:
    link = Link(100)
    link.set_lag(2.0, 0.0)
    assert not link.is_clear
    link.put(b"a", 10.0)
    link.put(b"b", 10.5)
    link.set_lag(0.5, 11.0)
    link.put(b"c", 11.0)
    assert link.due_at() == 12.0
    assert [link.take(now) for now in (11.9, 12.0, 12.4, 12.5)] == [b"", b"a", b"", b"bc"]
    assert link.due_at() is None
    assert not link.is_clear


def test_lag_that_ends_lets_everything_go() -> None:
    link = Link(100)
    link.set_lag(60.0, 0.0)
    link.put(b"a", 1.0)
    link.put(b"b", 2.0)
    link.set_lag(0.0, 3.0)
    link.put(b"c", 3.0)
    assert link.take(3.0) == b"abc"
    assert link.is_clear


def test_half_open_link_keeps_what_it_is_given_until_it_heals() -> None:
    link = Link(100)
    link.is_held = True
    link.put(b"a", 1.0)
    assert (link.take(1e9), link.due_at(), link.is_clear) == (b"", None, False)
    link.is_held = False
    link.put(b"b", 2.0)
    assert link.take(2.0) == b"ab"


def test_link_that_holds_too_much_is_lost_for_good() -> None:
    link = Link(3)
    link.is_held = True
    link.put(b"abc", 0.0)
    assert not link.is_lost
    link.put(b"d", 0.0)
    assert link.is_lost
    link.is_held = False
    link.put(b"e", 0.0)
    assert link.take(1.0) == b""
    assert not link.is_clear


def test_narrow_link_delivers_in_pieces_and_in_order() -> None:
    link = Link(1000)
    link.set_width(100, 0.0)
    assert not link.is_clear
    link.put(b"a" * 10, 0.0)
    link.put(b"b" * 5, 0.0)
    assert [link.take(now) for now in (0.04, 0.051, 0.101, 0.2)] == [
        b"", b"a" * 5, b"a" * 5, b"b" * 5,
    ]  # fmt: skip
    link.put(b"c" * 5, 10.0)  # the wire was free meanwhile
    assert round(link.due_at() or 0, 6) == 10.05
    link.set_width(None, 10.0)
    assert link.take(10.0) == b"c" * 5
    assert link.is_clear
