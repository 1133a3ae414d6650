"""A side of the resting book, against a plain dict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.ladder import Side


@given(
    is_bid=st.booleans(),
    steps=st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), max_size=60),
)
def test_side_agrees_with_a_dict(is_bid: bool, steps: list[tuple[int, int]]) -> None:
    side, model = Side(is_bid), dict[int, int]()
    for price, qty in steps:
        side.set(price, qty)
        model[price] = qty
        if not qty:
            del model[price]
        ordered = sorted(model, reverse=is_bid)
        assert side.qty == model
        assert len(side) == len(model)
        assert side.top(3) == ordered[:3]
        if ordered:
            assert (side.best, side.worst) == (ordered[0], ordered[-1])
            assert side.nth(2) == ordered[min(2, len(ordered) - 1)]


@pytest.mark.parametrize("is_bid", [True, False])
def test_top_of_all_is_the_whole_side(is_bid: bool) -> None:
    side = Side(is_bid)
    for price in (3, 1, 2):
        side.set(price, 1)
    assert sorted(side.top(1 << 30)) == [1, 2, 3]
