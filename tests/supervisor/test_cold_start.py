"""The computed time of a cold start, met in virtual time by the budget and the queue themselves."""

from __future__ import annotations

import heapq

import pytest

from gateway.plan import Need
from gateway.rest.budget import SHARES, News, Wish, exchange, line_of
from gateway.rest.need_queue import NeedQueue
from gateway.rest.weight_log import Moment, Weights
from gateway.supervisor.cold_start import SAY_SECONDS, ColdStart, seconds_needed

ON_WAY_MAX = 8
LATENCY = 0.05


@pytest.mark.parametrize(
    ("weights", "line", "spent", "seconds"),
    [
        ([5] * 300, 4320, 0, 0.0),
        ([5] * 300, 4320, 4000, 60.0),
        ([50] * 300, 4320, 0, 180.0),
        ([50] * 86, 4320, 0, 0.0),
        ([50] * 87, 4320, 0, 60.0),
        ([250] * 300, 4320, 0, 17 * 60.0),
        ([], 4320, 4320, 0.0),
    ],
)
def test_seconds_are_those_of_the_sliding_minute(
    weights: list[int], line: int, spent: int, seconds: float
) -> None:
    assert seconds_needed(weights, line, spent) == seconds


def real_seconds(weights: list[int], limit: int) -> float:
    """Run the queue and the budget with virtual time until the last answer is in."""
    content, queue, now, began = Weights(), NeedQueue[int](10_000), 1000.0, 1000.0
    for weight in weights:
        queue.push(queue.make(Need.COLD, weight, "", weight))
    on_way: list[tuple[float, int]] = []
    while queue or on_way:
        done = [call for call in on_way if call[0] <= now]
        on_way = [call for call in on_way if call[0] > now]
        first = queue.first(ON_WAY_MAX - len(on_way))
        wishes = [Wish(ticket.weight, SHARES[Need.COLD]) for ticket in first]
        news = News([(at + 20.0, weight) for at, weight in on_way], done)
        clock = Moment("b", now, now)
        found = exchange(content, "p", "h", news, wishes, (limit, 0.2, 20.0), clock)
        for ticket in first[: found.granted]:
            queue.remove(ticket)
            heapq.heappush(on_way, (now + LATENCY, ticket.weight))
        now = min([at for at, _ in on_way] or [now + found.wait_s])
    return now - began


@pytest.mark.parametrize(
    ("count", "weight", "limit"), [(300, 5, 6000), (300, 50, 6000), (300, 5, 2400), (300, 20, 2400)]
)
def test_computed_time_is_met(count: int, weight: int, limit: int) -> None:
    line = int(line_of(limit, {}, 0.2) * SHARES[Need.COLD])
    computed = seconds_needed([weight] * count, line, 0)
    took = real_seconds([weight] * count, limit)
    calls = -(-count // ON_WAY_MAX) * LATENCY  # what the wire takes, beside the weight limit
    grain = 0.1  # of the log
    assert computed <= took <= computed + calls + (computed / 60 + 1) * (LATENCY + grain)


def started(count: int, line: int = 4800) -> ColdStart:
    made = ColdStart("spot", line)
    made.expect(set(range(count)))
    return made


def test_start_progress_and_end_are_said() -> None:
    start = started(300)
    assert start.asked(0, 50, 0, 100.0) == (
        "books of spot: 300 first snapshots of weight 50, all here in about 180 s by the weight "
        "limit (4320 a minute)"
    )
    assert start.asked(1, 50, 50, 100.1) == ""
    said = [start.came(book, 100.0 + 0.6 * book) for book in range(300)]
    lines = [line for line in said if line]
    assert lines[0] == (
        "books of spot: 18 of 300 first snapshots are here, the rest in about 170 s"
    )
    assert lines[-1] == (
        "books of spot: 300 of 300 first snapshots are here after 179.4 s; 180 s were computed"
    )
    assert len(lines) <= 180 / SAY_SECONDS


def test_what_is_left_is_told_by_what_was_seen_where_that_is_slower() -> None:
    start = started(100)
    start.asked(0, 5, 0, 0.0)
    said = [start.came(book, float(book)) for book in range(26)]
    assert said[20] == "books of spot: 21 of 100 first snapshots are here, the rest in about 75 s"


def test_few_books_come_without_a_word() -> None:
    start = started(4)
    assert start.asked(0, 5, 0, 0.0) == ""
    assert [start.came(book, 100.0) for book in range(4)] == [""] * 4


def test_few_books_that_must_wait_are_worth_a_word() -> None:
    start = started(4)
    assert "4 first snapshots of weight 5, all here in about 60 s" in start.asked(0, 5, 4310, 0.0)
    assert start.came(0, 1.0) == ""


def test_books_that_nobody_waits_for_do_not_count() -> None:
    start = started(100)
    assert start.asked("later", 5, 0, 0.0) == ""
    assert start.asked(0, 5, 0, 0.0)
    assert [start.came(book, 1.0) for book in ("later", 0, 0)] == [""] * 3
    said = [start.came(book, 2.0) for book in range(1, 100)]
    assert said[-1].startswith("books of spot: 100 of 100 ")
