"""What the client says of gaps: the section GAPS, and the events that open and close one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway_client import EventKind, Gap, GapEvent, GapState
from gateway_client.gaps import gaps
from gateway_client.gateway import Gateway
from gateway_client.layout import Kind
from tests import golden
from tests.clients.support import Shard
from tests.clients.test_events import RingWriter
from tests.clients.test_golden_segment import Golden

REAL = 1790000000000000000
LOST = Gap(
    2, 0, "usdm:btcusdt@forceOrder", EventKind.LIQUIDATION, GapState.LOST, None, None, 0, 0,
    REAL + 20, REAL + 20, None, REAL + 10,
)  # fmt: skip
CANDLES = Gap(
    3, 0, "spot:btcusdt@kline_1m", EventKind.KLINE, GapState.OPEN, 1789999920000, 1789999980000,
    2, 0, REAL + 30, None, REAL + 25, REAL + 28,
)  # fmt: skip
FILLED = Gap(
    5, 0, "usdm:btcusdt@aggTrade", EventKind.AGG_TRADE, GapState.FILLED, 309917640, 309917646, 7, 7,
    REAL + 70, REAL + 90, REAL + 50, REAL + 60,
)  # fmt: skip


def test_gaps_of_a_segment_in_order_of_their_numbers(
    run_dir: Path, gateway_class: type[Gateway]
) -> None:
    Golden(run_dir, golden.MINOR_3)
    found = gaps(gateway_class(run_dir)._directory)
    assert found == [LOST, CANDLES, FILLED]
    assert [gap.is_open for gap in found] == [False, True, False]


@pytest.mark.parametrize("name", [golden.MINOR_0, golden.MINOR_1])
def test_an_older_writer_says_nothing_of_gaps(
    run_dir: Path, gateway_class: type[Gateway], name: str
) -> None:
    Golden(run_dir, name)
    assert gaps(gateway_class(run_dir)._directory) == []


def test_events_of_a_gap(run_dir: Path, gateway_class: type[Gateway]) -> None:
    made = Golden(run_dir, golden.MINOR_3)
    events = gateway_class(run_dir).events(position=made.want["events"]["start"], timeout=0)
    opened, closed = [event for event in events if isinstance(event, GapEvent)]
    for event in (opened, closed):
        assert (event.gap_number, event.first_id, event.last_id) == (5, 309917640, 309917646)
        assert (event.missing, event.subject) == (7, EventKind.AGG_TRADE)
        assert (event.ts_before, event.ts_after) == (REAL + 50, REAL + 60)
    assert (opened.kind, opened.gap_state, opened.recovered) == (EventKind.GAP, GapState.OPEN, 0)
    assert closed.kind is EventKind.GAP_CLOSED
    assert (closed.gap_state, closed.recovered) == (GapState.FILLED, 7)
    assert repr(closed) == (
        "<GAP_CLOSED usdm:BTCUSDT LIVE usdm:btcusdt@aggTrade #5 FILLED "
        "309917640 to 309917646, 7 of 7 recovered>"
    )


def test_an_older_writers_gap_has_its_ids_and_nothing_else(
    run_dir: Path, gateway_class: type[Gateway]
) -> None:
    made = Golden(run_dir, golden.MINOR_1)
    events = gateway_class(run_dir).events(position=made.want["events"]["start"], timeout=0)
    (gap,) = [event for event in events if isinstance(event, GapEvent)]
    assert (gap.first_id, gap.last_id) == (309917646, 309917646)
    assert (gap.gap_number, gap.gap_state, gap.ts_before) == (0, GapState.NONE, None)


@pytest.mark.parametrize(
    ("subject", "expected", "received", "missing", "ids"),
    [
        (Kind.TRADE, 8, 11, 3, (8, 10)),
        (Kind.DIFF, 8, 11, 3, (8, 10)),  # spot: first ids of events
        (Kind.DIFF, 8, 11, 0, (9, 11)),  # futures: previous ids
        (Kind.KLINE, 60_000, 240_000, 3, (60_000, 180_000)),
        (Kind.LIQUIDATION, 0, 0, 0, (None, None)),
        (Kind.BLOCK_TRADE, 8, 11, 0, (8, 10)),
    ],
)
def test_missing_ids_by_what_the_stream_delivers(
    shard: Shard,
    gateway_class: type[Gateway],
    subject: Kind,
    expected: int,
    received: int,
    missing: int,
    ids: tuple[int | None, int | None],
) -> None:
    events = gateway_class(shard.run_dir).events(timeout=0)
    RingWriter(shard).write(
        Kind.GAP, "state", expected_id=expected, received_id=received, subject=subject,
        missing=missing, gap_number=4, gap_state=99,
    )  # fmt: skip
    (gap,) = events
    assert isinstance(gap, GapEvent)
    assert (gap.first_id, gap.last_id) == ids
    assert gap.gap_state is GapState.NONE  # of a newer layout
    assert ("without ids" in repr(gap)) == (ids == (None, None))
