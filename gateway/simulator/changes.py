"""One change of one price level, as the generated books keep their history. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gateway.simulator.truth import Levels


class Change(NamedTuple):
    """One level's new quantity; 0 removes it."""

    update_id: int
    is_bid: bool
    price: str
    qty: str


def levels_of(change: Change) -> Levels:
    """Return a change as levels, for ``Truth``."""
    level = [(change.price, change.qty)]
    return (level, []) if change.is_bid else ([], level)


def newest(changes: Iterable[Change], is_bid: bool) -> list[tuple[str, str]]:
    """Return what is left of one side's changes when each price is named once."""
    left = {change.price: change.qty for change in changes if change.is_bid is is_bid}
    return list(left.items())
