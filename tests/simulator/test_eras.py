"""Ids that begin anew: streams, snapshots and truth of both numberings."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from gateway.simulator.changes import Change, levels_of
from gateway.simulator.eras import LOWEST_ID, Eras, NoLowerIds, lower_id
from gateway.simulator.names import Market
from gateway.simulator.truth import Truth, UnknownUpdateId

from .played import START_MS, Played

KEYS = {
    Market.SPOT: "spot:btcusdt", Market.USDM: "usdm:btcusdt", Market.COINM: "coinm:btcusd_perp",
}  # fmt: skip


def truth(update_id: int, qty: str) -> Truth[Change]:
    made: Truth[Change] = Truth(levels_of)
    made.start(update_id, [("1.0", qty)], [("2.0", qty)])
    return made


def test_id_alone_says_which_numbering_it_is_of() -> None:
    eras = Eras(truth(1000, "5"))
    eras.current.append(1001, Change(1001, True, "1.0", "6"))
    eras.begin(truth(300, "7"))
    eras.current.append(301, Change(301, True, "1.0", "8"))
    assert [eras.book_at(n).bids[0][1] for n in (1000, 1001, 300, 301)] == ["5", "6", "7", "8"]
    for unknown in (299, 302, 999, 1002):
        with pytest.raises(UnknownUpdateId):
            eras.book_at(unknown)


def test_book_of_some_time_ago_is_found_in_its_numbering() -> None:
    eras = Eras(truth(1000, "5"))
    assert eras.book_before(0).update_id == 1000
    eras.mark(10_000)
    eras.begin(truth(300, "7"))
    eras.mark(11_000)
    assert [eras.book_before(ms).update_id for ms in (0, 10_500, 11_000, 99_000)] == [
        1000, 1000, 300, 300,
    ]  # fmt: skip


def test_numberings_end_when_there_is_no_lower_one() -> None:
    random, lowest = Random(1), 10**10
    for _ in range(10):
        before, lowest = lowest, lower_id(lowest, random)
        assert LOWEST_ID <= lowest <= before // 2
    with pytest.raises(NoLowerIds):
        lower_id(3 * LOWEST_ID - 1, random)


@pytest.mark.parametrize("market", list(Market))
def test_streams_begin_anew_and_lose_nothing(market: Market) -> None:
    base = KEYS[market]
    kinds = ("depth@100ms", "trade", "aggTrade", "bookTicker")
    played = Played([f"{base}@{kind}" for kind in kinds]).play(20.0)
    symbol = base.partition(":")[2].upper()
    found = played.exchange.find(market, symbol)
    last_id = found.update_id
    played.exchange.restart_ids(market, symbol, played.now_ns)
    assert found.update_id < last_id // 2
    first_id = found.update_id
    played.play(20.0)
    diffs = played.frames[f"{base}@depth@100ms"]
    (turn,) = [n for n, (one, two) in enumerate(pairwise(diffs)) if two["u"] < one["u"]]
    assert diffs[turn]["u"] == last_id  # the old numbering is sent to its end
    name = "pu" if market is not Market.SPOT else "U"
    assert diffs[turn + 1][name] == first_id + (market is Market.SPOT)
    for kind, field in (("trade", "t"), ("aggTrade", "a")):
        ids = [frame[field] for frame in played.frames[f"{base}@{kind}"]]
        (turn,) = [n for n, (one, two) in enumerate(pairwise(ids)) if two != one + 1]
        assert ids[turn + 1] <= ids[turn] // 2
    quotes = [frame["u"] for frame in played.frames[f"{base}@bookTicker"]]
    assert sum(two < one for one, two in pairwise(quotes)) == 1
    assert found.eras.book_at(last_id).bids[0] == found.eras.book_at(first_id).bids[0]


def test_retail_book_numbers_anew_too() -> None:
    key = "usdm:btcusdt@rpiDepth@500ms"
    played = Played([key]).play(5.0)
    played.exchange.restart_ids(Market.USDM, "BTCUSDT", played.now_ns)
    played.play(5.0)
    ids = [frame["u"] for frame in played.frames[key]]
    assert sum(two < one for one, two in pairwise(ids)) == 1


def test_book_of_seconds_ago_is_kept() -> None:
    played = Played([]).play(10.0)
    found = played.exchange.find(Market.SPOT, "BTCUSDT")
    ids = [found.eras.book_before(START_MS + ms).update_id for ms in range(0, 10_001, 1000)]
    assert ids == sorted(set(ids))
    assert ids[-1] == found.update_id
