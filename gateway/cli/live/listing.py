"""A row for each instrument. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from gateway.cli.live.styles import BOLD, DIM, state
from gateway.cli.live.text import Column, Line, Piece, filled, table
from gateway.cli.numbers import NOTHING, duration, rate
from gateway.watch.changes import Row
from gateway.watch.readings import Number

# What is left out first where the terminal is narrow has the greatest rank.
_COLUMNS: Final = (
    Column("symbol", "<", least=13), Column("state", "<", least=7), Column("bid qty", rank=7),
    Column("bid", least=8), Column("ask", least=8), Column("ask qty", rank=7),
    Column("last", least=8, rank=3), Column("bps", least=6, rank=4), Column("rate/s", least=7),
    Column("age", least=7), Column("gaps", least=5, rank=1), Column("streams", rank=9),
)  # fmt: skip
_SORTED: Final = {"symbol": 0, "state": 1, "spread": 7, "rate": 8, "age": 9, "gaps": 10}
"""Which column an order of ``gateway.watch.rows`` is about."""
OLD_NS: Final = 10 * 10**9
MARKER: Final = "▶"


def listing(
    rows: Sequence[Row], width: int, order: str = "symbol", reverse: bool = False, chosen: str = ""
) -> list[Line]:
    """Return the titles and a line for each row; that of ``chosen`` is marked."""
    found = table(columns(order, reverse), [cells(row) for row in rows], width - 1)
    title, *lines = found
    marked: list[Line] = [[(" ", ""), *title]]
    for row, line in zip(rows, lines, strict=True):
        if row.of.symbol == chosen:
            whole = filled([(MARKER, BOLD), *line], width)
            marked.append([(text, f"{style} reverse".strip()) for text, style in whole])
        else:
            marked.append([(" ", ""), *line])
    return marked


def columns(order: str = "", reverse: bool = False) -> list[Column]:
    """Return the columns; the title of the one that sorts has an arrow."""
    found = list(_COLUMNS)
    if order in _SORTED:
        at = _SORTED[order]
        # Names go up; of all others the greatest comes first.
        old, arrow = found[at], "▲" if (order == "symbol") != reverse else "▼"
        found[at] = Column(f"{old.title}{arrow}", old.side, old.least, 0)
    return found


def cells(row: Row) -> list[Piece]:
    """Return what stands in the columns."""
    of = row.of
    silent = of.silent_ns
    return [
        (of.symbol, ""), state(of.state), _number(of.bid_qty, of.qty_exponent),
        _number(of.bid_px, of.px_exponent), _number(of.ask_px, of.px_exponent),
        _number(of.ask_qty, of.qty_exponent), _last(of.last), _bps(of.spread_bps),
        (_rate(row.rate), "" if row.rate else DIM),
        (duration(math.nan if silent is None else silent), _age_style(silent)),
        (f"{of.gaps:,}", "yellow" if of.gaps else DIM), (f"{of.streams:,}", DIM),
    ]  # fmt: skip


def _rate(per_second: float) -> str:
    """One decimal for all below a hundred, so that they stand below each other."""
    return f"{per_second:.1f}" if 0 < per_second < 99.95 else rate(per_second)


def _age_style(silent: int | None) -> str:
    return DIM if silent is None else "yellow" if silent > OLD_NS else ""


def _number(mantissa: int | None, exponent: int) -> Piece:
    return (NOTHING, DIM) if mantissa is None else (Number(mantissa, exponent).text, "")


def _last(number: Number) -> Piece:
    """Prices off the tick are kept with eight decimals: without the zeros at their end."""
    text = number.text
    if number.exponent == -8 and "." in text:
        text = text.rstrip("0").rstrip(".")
    return (text, "") if text else (NOTHING, DIM)


def _bps(spread: float | None) -> Piece:
    if spread is None:
        return NOTHING, DIM
    return f"{spread:.3f}" if abs(spread) < 10 else f"{spread:.1f}", ""
