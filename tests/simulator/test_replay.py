"""The pace of a replay, and the gates it waits at."""

from __future__ import annotations

import pytest

from gateway.errors import UsageError
from gateway.simulator.replay import MAX_SPEED, Gates, Pacer, parse_speed


@pytest.mark.parametrize(("text", "speed"), [("1", 1.0), ("0.25", 0.25), ("max", MAX_SPEED)])
def test_speed_is_read(text: str, speed: float) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["0", "-1", "fast", "", "nan", "inf", "1x"])
def test_other_speeds_are_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_speed(text)
    assert caught.value.given == f"--speed {text}"


def test_clock_runs_at_its_speed_and_stands_while_stopped() -> None:
    pacer = Pacer(2.0)
    assert pacer.offset_ns(50.0) == 0
    pacer.run(100.0)
    assert pacer.offset_ns(101.5) == 3_000_000_000
    pacer.stop(102.0)
    assert pacer.offset_ns(200.0) == 4_000_000_000
    pacer.run(300.0)
    pacer.run(301.0)
    assert pacer.offset_ns(301.0) == 6_000_000_000


def test_frames_are_due_when_the_clock_has_reached_them() -> None:
    pacer = Pacer(2.0)
    pacer.run(0.0)
    offsets = [0, 0, 1_000_000_000, 4_000_000_000]
    assert [pacer.due(offsets, now) for now in (0.0, 0.4, 0.5, 1.9, 2.0)] == [2, 2, 3, 3, 4]
    assert pacer.seconds_until(4_000_000_000, 0.5) == 1.5
    assert pacer.seconds_until(0, 5.0) == 0.0


def test_at_full_speed_everything_is_due() -> None:
    pacer = Pacer(MAX_SPEED)
    pacer.run(0.0)
    assert pacer.due([0, 10**18], 0.0) == 2


def test_gate_holds_while_its_book_is_watched_and_was_not_asked() -> None:
    gates = Gates({"spot:A": 5, "spot:B": 9})
    assert gates.limit(0, 20) == 20
    gates.watch(["spot:A", "spot:B", "spot:C"])
    assert (gates.limit(0, 20), gates.limit(0, 3)) == (5, 3)
    assert gates.holding(5) == ["spot:A"]
    assert gates.holding(4) == []
    gates.open("spot:A")
    assert gates.limit(5, 20) == 9
    gates.watch(["spot:A"])
    assert gates.limit(5, 20) == 20


def test_gate_behind_the_replay_does_not_hold_it() -> None:
    gates = Gates({"spot:A": 5})
    gates.watch(["spot:A"])
    assert gates.limit(6, 20) == 20


def test_gates_close_again_for_the_next_round() -> None:
    gates = Gates({"spot:A": 5})
    gates.watch(["spot:A"])
    gates.open("spot:A")
    gates.reset()
    assert gates.limit(0, 20) == 5
