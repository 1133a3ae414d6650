"""Second looks that end in other ways than by a comparison: a core that says what a test wants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway import plan as wire
from gateway.core.engine import LookResult
from gateway.layout import Market
from gateway.plan import Need, PlanSymbol
from gateway.shard.calls import PLACES, Calls
from gateway.shard.deepening import PAUSE_FIRST_S
from gateway.shard.depths import Depths
from gateway.shard.looks import Looks

SHALLOW = b'{"lastUpdateId":7,"bids":[' + b",".join([b'["1","1"]'] * 100) + b'],"asks":[]}'


@dataclass
class Core:
    """The core's part of a look."""

    can_look: bool = True
    result: LookResult = LookResult.STARTED
    error: str = "OK"
    begun: list[int] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)

    def look_again(self, row: int) -> bool:
        self.begun += [row] if self.can_look else []
        return self.can_look

    def second_snapshot(self, row: int, body: bytes, limit: int) -> tuple[LookResult, str]:
        return self.result, self.error

    def stop_looking(self, row: int) -> None:
        self.stopped.append(row)


class Rows:
    def __init__(self) -> None:
        self.symbols = {n: PlanSymbol(Market.SPOT, f"S{n}USDT", -2, -5) for n in range(20)}

    def symbol_name(self, row: int) -> str:
        return f"spot:S{row}USDT"


class Bench:
    """Looks with what they need, and a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, audit_interval_s: float = 0.0) -> None:
        self.core = Core()
        self.sent: list[wire.SnapshotRequest] = []
        self.widened: list[tuple[int, int, int]] = []
        self.now = 1000.0
        monkeypatch.setattr("gateway.shard.looks.time.monotonic", lambda: self.now)
        engine: Any = self.core
        self.calls = Calls()
        self.looks = Looks(
            engine, Depths(1000, 20), Rows(), self.calls, self.sent.append, self, audit_interval_s
        )

    def ask(self, row: int, px_exponent: int, qty_exponent: int) -> None:
        self.widened.append((row, px_exponent, qty_exponent))

    def live(self, *rows: int) -> None:
        for row in rows:
            self.looks.snapshot_is_in(row, SHALLOW, 100)
            self.looks.on_live(row)

    def turn(self, seconds: float = 0.0, waiting: int = 0) -> list[wire.SnapshotRequest]:
        """Go on for so long, and return what was asked for then."""
        self.now += seconds
        before = len(self.sent)
        for _ in range(5):  # as often as notices come
            self.looks.ask_due(self.now, waiting)
        return self.sent[before:]

    def reply(self, request: wire.SnapshotRequest, status: int = 200, body: bytes = b"{}") -> None:
        self.calls.answered(request.request_id)
        self.looks.on_reply(wire.SnapshotReply(request.request_id, status, body, limit=1000))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_a_book_is_asked_for_once(bench: Bench) -> None:
    bench.live(3)
    [request] = bench.turn()
    assert (request.symbol, request.levels, request.need) == ("S3USDT", 1000, Need.DEEPEN)
    assert bench.turn(1.0) == []
    bench.reply(request)
    assert bench.turn(1.0) == []  # the core waits for the stream
    bench.looks.on_looked(3, 200, 0)
    assert bench.turn(1000.0) == []


def test_only_as_many_as_there_are_places(bench: Bench) -> None:
    bench.live(*range(8))
    first = bench.turn()
    assert len(first) == PLACES[Need.DEEPEN]
    for request in first:
        bench.reply(request)
    assert len(bench.turn()) == PLACES[Need.DEEPEN]


def test_a_book_that_is_lost_ends_its_look(bench: Bench) -> None:
    bench.live(3)
    [request] = bench.turn()
    bench.looks.on_lost(3)
    assert bench.core.stopped == [3]
    bench.core.result = LookResult.UNWANTED
    bench.reply(request)
    assert bench.turn(1000.0) == []
    bench.live(3)
    assert len(bench.turn()) == 1


def test_a_book_that_is_gone_is_looked_at_no_more(bench: Bench) -> None:
    bench.live(3)
    bench.looks.forget(3)
    bench.looks.on_live(3)
    assert bench.turn(1000.0) == []


@pytest.mark.parametrize("status", [503, 429, 0])
def test_a_refused_look_is_tried_later(bench: Bench, status: int) -> None:
    bench.live(3)
    [request] = bench.turn()
    bench.reply(request, status)
    assert bench.core.stopped == [3]
    assert bench.turn(PAUSE_FIRST_S - 0.1) == []
    assert len(bench.turn(0.1)) == 1


def test_a_look_that_nobody_answers_is_tried_later(bench: Bench) -> None:
    bench.live(3)
    [request] = bench.turn()
    bench.looks.unanswered(request.request_id)
    bench.calls.answered(request.request_id)
    assert bench.core.stopped == [3]
    assert len(bench.turn(PAUSE_FIRST_S)) == 1


def test_a_snapshot_that_is_too_old_is_asked_again_for_the_same_look(bench: Bench) -> None:
    bench.live(3)
    [request] = bench.turn()
    bench.core.result = LookResult.TOO_OLD
    bench.reply(request)
    assert bench.core.stopped == []
    [again] = bench.turn(1.0)
    assert bench.core.begun == [3]
    bench.core.result = LookResult.STARTED
    bench.reply(again)
    bench.looks.on_looked(3, 200, 0)
    assert bench.turn(1000.0) == []


def test_what_the_core_gave_up_while_the_answer_was_awaited_begins_anew(bench: Bench) -> None:
    bench.live(3)
    [request] = bench.turn()
    bench.looks.on_failed(3)
    assert bench.core.begun == [3, 3]
    assert bench.turn(1000.0) == []  # the answer is still to come
    bench.reply(request)
    bench.looks.on_failed(3)  # the stream did not reach it
    assert bench.core.begun == [3, 3]
    assert len(bench.turn(PAUSE_FIRST_S)) == 1


def test_a_look_that_cannot_begin_waits(bench: Bench) -> None:
    bench.core.can_look = False
    bench.live(3)
    assert bench.turn() == []
    bench.core.can_look = True
    assert bench.turn() == []
    assert len(bench.turn(PAUSE_FIRST_S)) == 1


def test_an_answer_with_finer_values_has_the_instrument_widened(bench: Bench) -> None:
    bench.live(3)
    [request] = bench.turn()
    bench.core.result, bench.core.error = LookResult.UNREADABLE, "INEXACT"
    bench.reply(request, body=b'{"lastUpdateId":7,"bids":[["1.001","1"]],"asks":[]}')
    assert [(row, px) for row, px, _ in bench.widened] == [(3, -3)]


def test_audits_are_made_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, audit_interval_s=10.0)
    for row in range(10):
        bench.looks.snapshot_is_in(row, b'{"bids":[],"asks":[]}', 1000)  # it is the whole book
        bench.looks.on_live(row)
    [request] = bench.turn(5.0)
    assert (request.need, request.levels) == (Need.AUDIT, 1000)
    assert bench.turn(5.0) == []  # there is no place for another
    assert len(bench.core.begun) == 1
    bench.reply(request)
    assert len(bench.turn(1.0)) == 1


def test_a_book_that_differs_is_not_audited_again_before_it_is_live(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, audit_interval_s=10.0)
    bench.looks.snapshot_is_in(3, b'{"bids":[],"asks":[]}', 1000)
    bench.looks.on_live(3)
    [request] = bench.turn(10.0)
    bench.reply(request)
    bench.looks.on_lost(3)  # the core asks for a snapshot
    bench.looks.on_looked(3, 200, 1)
    assert bench.turn(100.0) == []


def test_an_audit_that_fails_does_not_hold_up_deeper_levels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, audit_interval_s=10.0)
    bench.looks.snapshot_is_in(3, b'{"bids":[],"asks":[]}', 1000)
    bench.looks.on_live(3)
    [request] = bench.turn(10.0)
    bench.looks.on_thin(3)
    assert bench.turn() == []  # one look at a time
    bench.reply(request, 503)
    [request] = bench.turn()
    assert request.need is Need.DEEPEN
