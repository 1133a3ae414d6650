"""Load over shards, streams over connections, turns of rotation."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.placement import (
    RATE_PER_CONNECTION_MAX,
    UNEVEN_MAX,
    Line,
    fill,
    rotate_after_s,
    spread,
)

COSTS = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.floats(0.01, 500), max_size=30)
LINES = st.lists(st.builds(Line, st.integers(0, 6), st.floats(0, 100)), max_size=4)


def test_the_dearest_goes_first_and_each_to_whoever_has_least() -> None:
    taken = spread({"a": 1, "b": 5, "c": 4, "d": 3}, [0.0, 0.0])
    assert taken == {"b": 0, "c": 1, "d": 1, "a": 0}


def test_what_is_there_already_weighs() -> None:
    assert spread({"a": 1, "b": 1}, [0.0, 9.0]) == {"a": 0, "b": 0}


@given(COSTS, st.lists(st.floats(0, 1000), min_size=1, max_size=5))
def test_nobody_gets_far_more_than_the_others(costs: dict[str, float], loads: list[float]) -> None:
    taken = spread(costs, loads)
    assert set(taken) == set(costs)
    totals = list(loads)
    for name, number in taken.items():
        totals[number] += costs[name]
    # Whoever got something had least before its last piece.
    got = [totals[number] for number in set(taken.values())]
    assert not got or max(got) <= min(totals) + max(costs.values()) + 1e-6


def test_streams_are_spread_evenly_over_as_few_lines_as_will_do() -> None:
    costs = {f"s{n:03}": 10.0 if n < 2 else 0.1 for n in range(450)}
    taken = fill(costs, [], 200)
    assert set(taken.values()) == {0, 1, 2}
    assert taken["s000"] != taken["s001"]
    counts = [list(taken.values()).count(line) for line in range(3)]
    assert max(counts) <= 200


def test_room_is_used_before_there_is_another_line() -> None:
    assert fill({"a": 1.0}, [Line(2, 5.0), Line(1, 9.0)], 2) == {"a": 1}
    assert fill({"a": 1.0}, [Line(2, 5.0), Line(2, 9.0)], 2) == {"a": 2}


def test_high_rates_get_lines_of_their_own() -> None:
    costs = {f"s{n}": RATE_PER_CONNECTION_MAX / 2 for n in range(4)}
    assert sorted(fill(costs, [], 200).values()) == [0, 0, 1, 1]
    assert fill({"only": 9 * RATE_PER_CONNECTION_MAX}, [], 200) == {"only": 0}


@given(COSTS, LINES, st.integers(1, 6))
def test_no_line_ever_has_too_many(
    costs: dict[str, float], lines: list[Line], streams_max: int
) -> None:
    taken = fill(costs, lines, streams_max)
    assert set(taken) == set(costs)
    counts = [line.count for line in lines]
    counts += [0] * (max(taken.values(), default=-1) + 1 - len(lines))
    for number in taken.values():
        counts[number] += 1
        assert counts[number] <= streams_max
    assert all(line in taken.values() for line in range(len(lines), len(counts)))


def test_rotation_is_never_late_and_spread_over_the_last_hour_of_23() -> None:
    ages = [rotate_after_s(f"spot/public/{n}", 23) for n in range(40)]
    assert all(22 * 3600 < age <= 23 * 3600 for age in ages)
    ages.sort()
    gaps = [later - earlier for earlier, later in pairwise(ages)]
    assert min(gaps) > 20
    assert max(gaps) < 240


def test_rotation_of_a_connection_is_always_the_same_and_differs_by_route() -> None:
    assert rotate_after_s("usdm/market/3", 23) == rotate_after_s("usdm/market/3", 23)
    assert rotate_after_s("usdm/market/3", 23) != rotate_after_s("usdm/public/3", 23)


HOMES = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(-1, 6), max_size=30)


def fullest(costs: dict[str, float], loads: list[float], taken: dict[str, int]) -> float:
    totals = list(loads)
    for name, number in taken.items():
        totals[number] += costs[name]
    return max(totals)


@given(COSTS, st.lists(st.floats(0, 1000), min_size=1, max_size=5), HOMES)
def test_layout_of_last_time_is_kept_as_long_as_it_is_nearly_as_even(
    costs: dict[str, float], loads: list[float], homes: dict[str, int]
) -> None:
    fresh, taken = spread(costs, loads), spread(costs, loads, homes)
    assert set(taken) == set(costs)
    limit = UNEVEN_MAX * fullest(costs, loads, fresh)
    assert fullest(costs, loads, taken) <= limit + 1e-9


@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), st.floats(1, 100), min_size=1))
def test_small_changes_of_rates_move_nothing(costs: dict[str, float]) -> None:
    before = spread(costs, [0.0] * 3)
    changed = {name: cost * (1.05 if len(name) % 2 else 0.96) for name, cost in costs.items()}
    assert spread(changed, [0.0] * 3, before) == before


def test_one_that_has_grown_moves_what_is_needed_and_no_more() -> None:
    homes = {f"s{n}": n % 2 for n in range(20)}
    costs = dict.fromkeys(homes, 1.0) | {"s0": 12.0}  # 21 against 10; the best is 16 and 15
    taken = spread(costs, [0.0, 0.0], homes)
    moved = [name for name in homes if taken[name] != homes[name]]
    assert len(moved) == 1


def test_another_shard_gets_its_part_and_one_less_is_laid_on_those_that_are_left() -> None:
    homes = {f"s{n}": n % 2 for n in range(20)}
    costs = dict.fromkeys(homes, 1.0)
    more = spread(costs, [0.0, 0.0, 0.0], homes)
    assert 0 < sum(number == 2 for number in more.values()) <= 7
    assert all(more[name] in (homes[name], 2) for name in homes)
    less = spread(costs, [0.0], homes)
    assert set(less.values()) == {0}


def test_a_shard_is_not_left_idle_for_the_sake_of_what_was() -> None:
    """One pair outweighs all the others: on load alone they could stay where they were."""
    homes = dict.fromkeys("abcdef", 0)
    taken = spread(dict.fromkeys("bcdef", 1.0) | {"a": 100.0}, [0.0] * 5, homes)
    assert set(taken.values()) == set(range(5))
    assert taken["a"] == 0
    assert sum(number != 0 for number in taken.values()) == 4


def test_what_was_never_seen_to_send_anything_is_spread_by_count() -> None:
    assert sorted(spread(dict.fromkeys("abcdef", 0.0), [0.0] * 3).values()) == [0, 0, 1, 1, 2, 2]


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=4), st.floats(0, 500), max_size=30),
    st.lists(st.sampled_from([0.0, 3.0, 900.0]), min_size=1, max_size=5),
    HOMES,
)
def test_nobody_is_idle_while_another_has_several(
    costs: dict[str, float], loads: list[float], homes: dict[str, int]
) -> None:
    counts = [0] * len(loads)
    for number in spread(costs, loads, homes).values():
        counts[number] += 1
    idle = [n for n, count in enumerate(counts) if not count and not loads[n]]
    assert not idle or max(counts) < 2
