"""A book as a ladder."""

from __future__ import annotations

import pytest

from gateway.watch.ladder import ladder

BIDS = (10050, 100, 10040, 250, 10000, 5)
ASKS = (10060, 10, 10075, 20)


def test_quantities_are_cumulated_from_the_best_level_on() -> None:
    found = ladder(BIDS, ASKS, -2, -3)
    assert [rung.cumulated for rung in found.bids] == [100, 350, 355]
    assert [tuple(rung) for rung in found.asks] == [(10060, 10, 10), (10075, 20, 30)]
    assert (found.px(found.bids[0].px), found.qty(found.asks[1].cumulated)) == ("100.50", "0.030")


def test_spread_middle_and_imbalance() -> None:
    found = ladder(BIDS, ASKS, -2, -3)
    assert found.spread == 10
    assert found.middle == pytest.approx(100.55)
    assert found.spread_bps == pytest.approx(1e4 * 0.10 / 100.55)
    assert found.imbalance == pytest.approx((355 - 30) / (355 + 30))


@pytest.mark.parametrize(("bids", "asks", "share"), [(BIDS, (), 1.0), ((), ASKS, -1.0)])
def test_one_side_alone_has_no_spread(
    bids: tuple[int, ...], asks: tuple[int, ...], share: float
) -> None:
    found = ladder(bids, asks, -2, -3)
    assert (found.spread, found.middle, found.spread_bps) == (None, None, None)
    assert found.imbalance == share


def test_empty_book_is_empty() -> None:
    found = ladder((), (), 0, 0)
    assert (found.bids, found.asks, found.imbalance) == ([], [], None)


def test_crossed_book_has_a_negative_spread() -> None:
    assert ladder((200, 1), (190, 1), 0, 0).spread == -10
