"""One stream on one connection with its faults, damage that still arrives, and what is counted."""

from __future__ import annotations

import orjson
import pytest

from gateway.simulator.damage import damage_frame, damage_payload
from gateway.simulator.fault_counts import FaultCounts
from gateway.simulator.fault_plan import Damage, Fault, FaultPlan, FrameFaults
from gateway.simulator.fault_wire import FaultyWire
from gateway.simulator.faults import Decision, Faults
from gateway.simulator.frames import payload_offset, text_frame

PAYLOAD = '{"s":"BTCUSDT","币":"é","b":[["61000.10","0.5"]],"u":123}'.encode()
STREAM = "spot:btcusdt@depth"


class Written(Faults):
    """Faults that a test has written down, by number of the frame."""

    def __init__(self, **hits: Decision) -> None:
        super().__init__()
        self._hits = {int(number.removeprefix("n")): what for number, what in hits.items()}

    def decide(self, stream: str, number: int, connection: int = 0) -> Decision:
        return self._hits.get(number, Decision())


def run(faults: Faults, count: int, step_s: float = 1.0) -> tuple[list[bytes], FaultCounts]:
    """Feed frames one second apart; return what leaves in its order."""
    counts = FaultCounts()
    wire = FaultyWire(faults, counts, STREAM, 5)
    left = []
    for number in range(1, count + 1):
        left += wire.take(number * step_s)
        left += wire.feed(b"%d" % number, number * step_s)
    return left + wire.take(1e9), counts


def test_dropped_and_doubled_frames() -> None:
    faults = Written(n2=Decision(Fault.DROP), n4=Decision(Fault.DUPLICATE))
    left, counts = run(faults, 5)
    assert left == [b"1", b"3", b"4", b"4", b"5"]
    assert counts.status()["connections"]["5"][STREAM] == {
        "first": 1, "frames": 5, "drop": 1, "duplicate": 1,
        "numbers": {"drop": [2], "duplicate": [4]},
    }  # fmt: skip
    assert counts.status()["streams"] == {STREAM: {"drop": 1, "duplicate": 1}}


def test_reordered_frame_follows_the_next_that_leaves() -> None:
    faults = Written(
        n2=Decision(Fault.REORDER), n3=Decision(Fault.REORDER),
        n5=Decision(Fault.REORDER), n6=Decision(Fault.DROP),
    )  # fmt: skip
    left, counts = run(faults, 8)
    assert left == [b"1", b"3", b"2", b"4", b"7", b"5", b"8"]
    assert counts.status()["kinds"]["reorder"] == 2  # the third had no place to wait
    assert counts.status()["connections"]["5"][STREAM]["numbers"]["reorder"] == [2, 5]


def test_kept_frame_counts_when_it_has_left_and_is_released_at_the_end() -> None:
    counts = FaultCounts()
    wire = FaultyWire(Written(n1=Decision(Fault.REORDER)), counts, STREAM)
    assert wire.feed(b"1", 0.0) == []
    assert counts.status()["kinds"]["reorder"] == 0
    assert wire.release() == [b"1"]
    assert wire.feed(b"2", 1.0) == [b"2"]


def test_delay_holds_its_stream_in_order() -> None:
    counts = FaultCounts()
    faults = Written(n2=Decision(Fault.DELAY, 2.5), n3=Decision(Fault.DELAY, 1.0))
    wire = FaultyWire(faults, counts, STREAM)
    assert wire.feed(b"1", 1.0) == [b"1"]
    assert wire.feed(b"2", 2.0) == wire.feed(b"3", 3.0) == wire.feed(b"4", 4.0) == []
    assert wire.due_at() == 4.5
    assert wire.take(4.4) == []
    assert wire.take(4.5) == [b"2", b"3", b"4"]
    assert wire.feed(b"5", 5.0) == [b"5"]
    assert counts.status()["connections"]["0"][STREAM]["numbers"] == {"delay": [2, 3]}


@pytest.mark.parametrize("how", list(Damage))
def test_damaged_frame_is_a_whole_text_frame(how: Damage) -> None:
    frame = text_frame(PAYLOAD)
    for roll in range(2_000):
        hurt = damage_frame(frame, how, roll * 0x9E3779B97F4A7C15 % 2**64)
        payload = hurt[payload_offset(hurt) :]
        payload.decode()  # valid UTF-8
        assert hurt == text_frame(payload)
        assert payload != PAYLOAD
        if how is Damage.DIGIT:
            found = orjson.loads(payload)
            assert found.keys() == orjson.loads(PAYLOAD).keys()
            assert len(payload) == len(PAYLOAD)
        else:
            with pytest.raises(orjson.JSONDecodeError):
                orjson.loads(payload)


def test_payload_without_a_place_is_cut_and_an_empty_one_stays() -> None:
    assert damage_payload(b"abc", Damage.DIGIT, 1) == b"a"
    assert damage_payload(b"", Damage.CUT, 5) == b""


def test_wire_that_joins_late_counts_from_there() -> None:
    counts = FaultCounts()
    plan = FaultPlan(frames=(FrameFaults(drop=1.0, until=10),))
    wire = FaultyWire(Faults(plan), counts, STREAM, 2, first=10)
    assert wire.feed(b"10", 0.0) == []
    assert wire.feed(b"11", 0.0) == [b"11"]
    found = counts.status()["connections"]["2"][STREAM]
    assert (found["first"], found["frames"], found["numbers"]) == (10, 2, {"drop": [10]})
