"""The rules of sequence: truth tables over all small ids."""

from __future__ import annotations

import itertools

import pytest

from gateway.core import probe
from tests.model import sequencing as model

IDS = range(7)
GREAT = 2**63 - 1


def test_spot_rule_is_the_venues_for_all_small_ids() -> None:
    for first, last, book in itertools.product(IDS, IDS, IDS):
        expected = model.judge_spot(first, last, book).value
        assert probe.judge_spot(first, last, book) == expected, (first, last, book)


def test_futures_rule_is_the_venues_for_all_small_ids() -> None:
    for prev, last, book in itertools.product(IDS, IDS, IDS):
        expected = model.judge_futures(prev, last, book).value
        assert probe.judge_futures(prev, last, book) == expected, (prev, last, book)


def test_futures_first_event_rule_is_the_venues_for_all_small_ids() -> None:
    for first, last, prev, snapshot in itertools.product(IDS, IDS, IDS, IDS):
        expected = model.judge_futures_first(first, last, prev, snapshot).value
        got = probe.judge_futures_first(first, last, prev, snapshot)
        assert got == expected, (first, last, prev, snapshot)


@pytest.mark.parametrize(
    ("first", "last", "book", "verdict"),
    [
        (11, 15, 10, "APPLY"),
        (12, 15, 10, "GAP"),
        (8, 10, 10, "BEHIND"),
        (8, 11, 10, "APPLY"),  # overlap: levels are absolute
        (GREAT, GREAT, GREAT, "BEHIND"),
        (GREAT, GREAT, GREAT - 1, "APPLY"),
        (GREAT, GREAT, GREAT - 2, "GAP"),
        (0, GREAT, 0, "APPLY"),
    ],
)
def test_spot_rule_reads_as_the_venue_writes_it(
    first: int, last: int, book: int, verdict: str
) -> None:
    assert probe.judge_spot(first, last, book) == verdict


@pytest.mark.parametrize(
    ("first", "last", "prev", "snapshot", "verdict"),
    [
        (8, 9, 7, 10, "BEHIND"),
        (8, 10, 7, 10, "APPLY"),  # u == lastUpdateId is applied, unlike on spot
        (11, 14, 9, 10, "APPLY"),  # the snapshot fell between two events
        (12, 14, 11, 10, "GAP"),
    ],
)
def test_futures_start_rule_reads_as_the_venue_writes_it(
    first: int, last: int, prev: int, snapshot: int, verdict: str
) -> None:
    assert probe.judge_futures_first(first, last, prev, snapshot) == verdict
