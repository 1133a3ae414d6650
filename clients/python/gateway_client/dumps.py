"""Whole books as the control request ``snapshot`` answers them. Pure."""

from __future__ import annotations

from typing import Any

from gateway_client.following import Dump
from gateway_client.layout import Reason
from gateway_client.values import Status


def dump_of(found: dict[str, Any]) -> Dump:
    """One of the ``books``. Raises KeyError, TypeError or ValueError for what is none."""
    px, qty = int(found["px_exponent"]), int(found["qty_exponent"])
    return Dump(
        state=_named(Status, found["state"], Status.DEAD),
        reason=_named(Reason, found["reason"], Reason.NONE),
        epoch=int(found["epoch"]),
        stream=str(found["stream"]),
        sequence=int(found["sequence"]),
        update_id=int(found["update_id"]),
        ring_position=int(found["ring_position"]),
        ts_event=None if found["ts_event"] is None else int(found["ts_event"]),
        bids=_levels(found["bids"], px, qty),
        asks=_levels(found["asks"], px, qty),
        bid_complete=_price(found["bid_complete"], px),
        ask_complete=_price(found["ask_complete"], px),
    )


def mantissa(text: str, exponent: int) -> int:
    """The integer that ``text`` is 10^exponent times of. Raises ValueError where it is none."""
    whole, _, decimals = text.partition(".")
    if len(decimals) > -exponent:
        raise ValueError(f"{text} is finer than 1e{exponent}")
    return int(whole + decimals.ljust(-exponent, "0"))


def _levels(pairs: list[list[str]], px: int, qty: int) -> list[int]:
    numbers = []
    for price, quantity in pairs:
        numbers.append(mantissa(price, px))
        numbers.append(mantissa(quantity, qty))
    return numbers


def _price(text: str | None, px: int) -> int | None:
    return None if text is None else mantissa(text, px)


def _named(kind: Any, name: str, other: Any) -> Any:
    """A member of an enum; ``other`` for what a newer gateway may say."""
    return kind.__members__.get(name, other)
