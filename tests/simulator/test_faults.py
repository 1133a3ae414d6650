"""Frames taken off the wire."""

from __future__ import annotations

from gateway.simulator.faults import Drops


def test_every_nth_diff_of_each_stream_is_dropped_and_nothing_else() -> None:
    drops = Drops(every=3)
    taken = {
        stream: [drops.take(stream, True) for _ in range(7)] for stream in ("spot:a", "spot:b")
    }
    assert taken["spot:a"] == taken["spot:b"] == [False, False, True, False, False, True, False]
    assert not any(drops.take("spot:t", False) for _ in range(7))
    assert drops.dropped == {"spot:a": 2, "spot:b": 2}


def test_armed_stream_loses_its_next_frames() -> None:
    drops = Drops()
    assert not drops.concerns("spot:a", True)
    drops.arm("spot:a", 2)
    assert drops.concerns("spot:a", False)
    assert [drops.take("spot:a", False) for _ in range(3)] == [True, True, False]
    assert not drops.concerns("spot:a", False)
    assert not drops.take("spot:b", False)
    assert drops.dropped["spot:a"] == 2


def test_concern_is_said_of_diffs_only_when_every_is_set() -> None:
    assert Drops(every=1).concerns("spot:a", True)
    assert not Drops(every=1).concerns("spot:a", False)
