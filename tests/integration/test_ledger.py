"""The ledger must find what it is there to find."""

from __future__ import annotations

from tests.integration.ledger import Ledger

STREAM = "spot:btcusdt@trade"


def told(*ids: int, epoch: int = 1, to: Ledger | None = None) -> Ledger:
    """A ledger that was told these trades by one writer."""
    ledger = to or Ledger()
    for number, at in enumerate(ids, 1):
        ledger.number(STREAM, epoch, number)
        ledger.trade(STREAM, at)
    return ledger


def test_trades_one_after_the_other_are_no_interruption() -> None:
    ledger = told(5, 6, 7)
    assert (ledger.interrupted, ledger.missing(STREAM), ledger.again(STREAM)) == ([], 0, 0)
    assert ledger.count(STREAM) == ledger.trades == 3


def test_a_hole_is_missing_until_it_is_filled() -> None:
    ledger = told(5, 9)
    assert ledger.interrupted == [(STREAM, "id 9 after 5")]
    assert (ledger.missing(STREAM), ledger.holes(STREAM)) == (3, [(5, 9)])
    ledger.interrupted.clear()
    for at in (6, 7, 8):
        ledger.trade(STREAM, at)
    assert (ledger.missing(STREAM), len(ledger.interrupted)) == (0, 3)
    ledger.interrupted.clear()
    ledger.trade(STREAM, 10)  # what goes on behind a filled hole goes on
    assert ledger.interrupted == []


def test_a_trade_told_twice_is_counted_and_keeps_its_first_writer() -> None:
    ledger = told(6, 7, epoch=2, to=told(5, 6))
    assert ledger.again(STREAM) == 1
    assert [ledger.told_by(STREAM, at) for at in (5, 6, 7, 8)] == [1, 1, 2, 0]
    assert ledger.epoch(STREAM) == 2


def test_a_number_left_out_and_another_writer_are_interruptions() -> None:
    ledger = Ledger()
    for epoch, sequence in ((1, 1), (1, 2), (1, 4), (2, 1), (2, 2)):
        ledger.number(STREAM, epoch, sequence)
    assert [what for _, what in ledger.interrupted] == [
        "(1, 4) after (1, 2)",
        "(2, 1) after (1, 4)",
    ]
