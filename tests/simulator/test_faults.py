"""Frames taken off the wire, and plans of faults."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from gateway.simulator.fault_plan import (
    BadPlan,
    Fault,
    FaultPlan,
    FrameFaults,
    PlanChange,
    RestFaults,
    read_plan,
)
from gateway.simulator.faults import UNHURT, Drops, Faults


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


STREAM = "spot:btcusdt@depth@100ms"


def plan(**shares: float) -> FaultPlan:
    return FaultPlan(frames=(FrameFaults(streams="spot:*@depth*", **shares),), seed=7)


def kinds(faults: Faults, stream: str = STREAM, connection: int = 0) -> list[Fault | None]:
    return [faults.decide(stream, number, connection).fault for number in range(1, 20_001)]


def test_decision_is_a_function_of_seed_stream_and_number() -> None:
    first, again = Faults(plan(drop=0.1, corrupt=0.1)), Faults(plan(drop=0.1, corrupt=0.1))
    forward = kinds(first)
    assert forward == [again.decide(STREAM, n).fault for n in range(20_000, 0, -1)][::-1]
    assert kinds(Faults(msgspec.structs.replace(first.plan, seed=8))) != forward
    assert kinds(first, "spot:ethusdt@depth") != forward
    assert kinds(first, STREAM, connection=2) == forward
    each = Faults(msgspec.structs.replace(first.plan, per_connection=True))
    assert kinds(each, STREAM, connection=2) != kinds(each, STREAM, connection=3)


def test_each_fault_hits_its_share_and_other_streams_none() -> None:
    shares = {"drop": 0.02, "duplicate": 0.05, "reorder": 0.1, "delay": 0.15, "corrupt": 0.2}
    faults = Faults(plan(**shares))
    found = Counter(kinds(faults))
    for name, share in shares.items():
        assert abs(found[Fault(name)] / 20_000 - share) < 0.01
    assert faults.concerns(STREAM)
    assert not faults.concerns("spot:btcusdt@trade")
    assert set(kinds(faults, "spot:btcusdt@trade")) == {None}


def test_first_fitting_row_counts_and_its_range_of_frames() -> None:
    rows = (FrameFaults("spot:btc*", drop=1.0, after=2, until=4), FrameFaults(corrupt=1.0))
    faults = Faults(FaultPlan(frames=rows))
    hit = [faults.decide(STREAM, number).fault for number in range(1, 7)]
    assert hit == [None, None, Fault.DROP, Fault.DROP, None, None]
    assert faults.decide("spot:ethusdt@trade", 1).fault is Fault.CORRUPT
    faults.plan = FaultPlan(on=False, frames=rows)
    assert faults.decide(STREAM, 3) == UNHURT


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b'{"frames": [{"drop": 0.6, "corrupt": 0.6}]}', "more than 1"),
        (b'{"frames": [{"drop": 2}]}', "drop"),
        (b'{"frame": []}', "unknown field `frame`"),
        (b'{"rest": [{"status": 404}]}', "404"),
        (b"{", "truncated"),
    ],
)
def test_what_is_no_plan_is_refused_by_name(text: bytes, named: str) -> None:
    with pytest.raises(BadPlan, match=named):
        read_plan(text)


def test_toml_and_json_say_the_same() -> None:
    toml = b'seed = 3\n[[frames]]\nstreams = "spot:*"\ndrop = 0.5\ndamage = "cut"\n'
    json = b'{"seed": 3, "frames": [{"streams": "spot:*", "drop": 0.5, "damage": "cut"}]}'
    assert read_plan(toml, is_toml=True) == read_plan(json)


def test_change_replaces_what_is_given_alone() -> None:
    before = FaultPlan(seed=4, frames=(FrameFaults(drop=0.5),), rest=(RestFaults(fail=1.0),))
    after = PlanChange(on=False, rest=()).applied_to(before)
    assert after == FaultPlan(on=False, seed=4, frames=before.frames)
