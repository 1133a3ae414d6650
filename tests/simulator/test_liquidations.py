"""Which forced order of a second is told."""

from __future__ import annotations

import pytest

from gateway.simulator.liquidations import ForcedOrder, Liquidations

SECOND_MS = 1_795_345_200_000


def order(ms: int, qty: int) -> ForcedOrder:
    return ForcedOrder(SECOND_MS + ms, True, 100, 99, qty, qty)


@pytest.mark.parametrize(("largest", "told"), [(True, 7), (False, 5)])
def test_largest_of_a_second_is_told_on_usdm_and_the_latest_on_coinm(
    largest: bool, told: int
) -> None:
    liquidations = Liquidations(largest)
    for ms, qty in ((100, 3), (200, 7), (900, 5), (1000, 9)):
        liquidations.add(order(ms, qty))
    found = liquidations.before(SECOND_MS + 1000)
    assert found is not None
    assert found.qty == told
    assert liquidations.before(SECOND_MS) is None


def test_old_ones_are_forgotten() -> None:
    liquidations = Liquidations(largest=True)
    for second in range(100):
        liquidations.add(order(1000 * second, 1))
    assert liquidations.before(SECOND_MS + 100_000) is not None
    assert liquidations.before(SECOND_MS + 50_000) is None
