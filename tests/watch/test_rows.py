"""Rows sorted and filtered."""

from __future__ import annotations

import pytest

from gateway.watch.changes import Row
from gateway.watch.rows import ORDERS, arrange
from gateway.watch.states import SEVERITY, worst
from gateway_client import Status
from tests.watch.made import instrument

ROWS = [
    Row(instrument("spot:B", silent_ns=900, gaps=1), 5.0),
    Row(instrument("usdm:A", Status.GAPPED, silent_ns=None, bid_px=None), 50.0),
    Row(instrument("spot:C", Status.DOWN, silent_ns=10**10, gaps=7, ask_px=6_200_000), 0.0),
    Row(instrument("spot:A", silent_ns=900), 5.0),
]


def names(rows: list[Row]) -> list[str]:
    return [row.of.symbol for row in rows]


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("symbol", ["spot:A", "spot:B", "spot:C", "usdm:A"]),
        ("rate", ["usdm:A", "spot:A", "spot:B", "spot:C"]),
        ("gaps", ["spot:C", "spot:B", "spot:A", "usdm:A"]),
        ("state", ["spot:C", "usdm:A", "spot:A", "spot:B"]),
        ("age", ["usdm:A", "spot:C", "spot:A", "spot:B"]),
        ("spread", ["spot:C", "spot:A", "spot:B", "usdm:A"]),
    ],
)
def test_noteworthy_come_first_and_equals_by_name(order: str, wanted: list[str]) -> None:
    assert names(arrange(ROWS, order)) == wanted
    assert set(ORDERS) >= {order}


def test_every_order_can_be_reversed() -> None:
    for order in ORDERS:
        rows = arrange(ROWS, order, reverse=True)
        assert ORDERS[order](rows[0]) >= ORDERS[order](rows[-1]), order
    assert names(arrange(ROWS, "symbol", reverse=True))[0] == "usdm:A"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ["spot:A", "spot:B", "spot:C", "usdm:A"]),
        ("SPOT", ["spot:A", "spot:B", "spot:C"]),
        ("spot down", ["spot:C"]),
        ("gapped", ["usdm:A"]),
        ("!live", ["spot:C", "usdm:A"]),
        (":a !usdm", ["spot:A"]),
        ("!", []),
        ("nothing", []),
    ],
)
def test_every_word_must_occur(text: str, wanted: list[str]) -> None:
    assert names(arrange(ROWS, text=text)) == wanted


def test_every_status_has_its_severity() -> None:
    assert sorted(SEVERITY) == sorted(Status)
    assert worst([Status.LIVE, Status.SYNCING, Status.DEAD]) is Status.DEAD
    assert worst([]) is Status.EMPTY
