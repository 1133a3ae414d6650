"""The oracle itself: against json, against exact fractions, against a naive book."""

from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.layout import Market
from tests.json_noise import Literal, text_of, unknown
from tests.model import json_text
from tests.model.book import Book
from tests.model.decimals import parse_decimal, render
from tests.model.replay import agreement
from tests.model.sequencing import BookLife, Diff, Snapshot, Step
from tests.strategies import examples, mutated

PIECES = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", '"', ":", ",", "\\", "0", "1", "-", ".", "e", "+", "true", "null",
         "fals", " ", "\n", "\t", "a", "\\u00e9", "\x01", '"a"', '{"a":1}', "[1,2]"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


def is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=lambda name: json.loads("?"))
    except ValueError:
        return False
    return True


@examples(1000)
@given(PIECES)
def test_the_scanner_accepts_what_json_accepts(text: str) -> None:
    assert (json_text.verdict(text)[0] is None) == is_json(text)


@examples(500)
@given(mutated())
def test_the_scanner_accepts_mutated_payloads_as_json_does(payload: object) -> None:
    text = payload.data.decode(errors="replace")  # type: ignore[attr-defined]  # a Payload
    assert (json_text.verdict(text)[0] is None) == is_json(text)


@examples(300)
@given(st.integers(0, 2**32))
def test_every_beginning_of_a_document_is_truncated_and_no_more(seed: int) -> None:
    noise = random.Random(seed)
    text = text_of([unknown(noise), Literal("1")], noise)
    for end in range(len(text)):
        assert json_text.verdict(text[:end])[0] == "TRUNCATED"
    assert json_text.verdict(text + "]")[0] == "SYNTAX"


@examples(500)
@given(st.integers(-(2**62), 2**62), st.integers(-12, 0), st.integers(0, 5))
def test_decimals_go_out_and_come_back(mantissa: int, exponent: int, zeros: int) -> None:
    text = render(mantissa, exponent, zeros - exponent)
    assert Fraction(text) == Fraction(mantissa) * Fraction(10) ** exponent
    assert parse_decimal(text, exponent) == mantissa


def test_the_book_keeps_its_prices_sorted_and_its_best_on_top() -> None:
    noise, book = random.Random(3), Book()
    naive: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for _ in range(5000):
        side, px, qty = noise.randrange(2), noise.randrange(200), noise.randrange(3)
        book.set(side, px, qty)
        naive[side].pop(px, None)
        if qty:
            naive[side][px] = qty
        bids = sorted(naive[0].items(), reverse=True)
        assert book.top(5) == (bids[:5], sorted(naive[1].items())[:5])


def life(market: Market, *inputs: Diff | Snapshot) -> list[Step]:
    book = BookLife(market)
    return [book.on_diff(one) if isinstance(one, Diff) else book.on_snapshot(one) for one in inputs]


def spot(first: int, last: int) -> Diff:
    return Diff(first, last, first - 1)


@pytest.mark.parametrize(
    ("inputs", "steps"),
    [
        ((spot(5, 6), Snapshot(6), spot(7, 7)), "BUFFERED LIVE APPLIED"),
        ((spot(5, 6), Snapshot(4), spot(7, 7)), "BUFFERED LIVE APPLIED"),
        ((spot(5, 6), Snapshot(3), Snapshot(5)), "BUFFERED TOO_OLD LIVE"),
        ((spot(5, 6), Snapshot(9), spot(7, 8), spot(9, 12)), "BUFFERED HELD BEHIND APPLIED"),
        ((spot(5, 6), Snapshot(6), spot(8, 8), spot(9, 9)), "BUFFERED LIVE GAP BUFFERED"),
        ((Snapshot(6), spot(7, 7)), "HELD APPLIED"),
        ((Snapshot(6), spot(9, 9), Snapshot(9)), "HELD GAP LIVE"),
    ],
)
def test_a_spot_book_lives_as_the_venue_prescribes(
    inputs: tuple[Diff | Snapshot, ...], steps: str
) -> None:
    assert " ".join(step.name for step in life(Market.SPOT, *inputs)) == steps


@pytest.mark.parametrize(
    ("inputs", "steps"),
    [
        ((Diff(5, 8, 3), Snapshot(8), Diff(11, 14, 8)), "BUFFERED LIVE APPLIED"),
        ((Diff(5, 8, 3), Snapshot(9), Diff(11, 14, 8)), "BUFFERED HELD APPLIED"),
        ((Diff(5, 8, 3), Snapshot(9), Diff(11, 14, 10)), "BUFFERED HELD GAP"),
        ((Diff(5, 8, 3), Snapshot(2), Snapshot(3)), "BUFFERED TOO_OLD LIVE"),
        ((Diff(5, 8, 3), Snapshot(6), Diff(11, 14, 9)), "BUFFERED LIVE GAP"),
    ],
)
def test_a_futures_book_lives_as_the_venue_prescribes(
    inputs: tuple[Diff | Snapshot, ...], steps: str
) -> None:
    assert " ".join(step.name for step in life(Market.USDM, *inputs)) == steps


def test_agreement_compares_only_where_a_later_quote_exists() -> None:
    one, two = ((1, 1), (2, 1)), ((1, 9), (2, 9))
    quotes, ids = [one, two], [10, 20]
    assert agreement([(9, one)], ids, quotes) == (0, 0)
    assert agreement([(10, one), (19, one)], ids, quotes) == (2, 2)
    assert agreement([(19, two)], ids, quotes) == (0, 1)
    assert agreement([(20, two), (21, two)], ids, quotes) == (0, 0)
