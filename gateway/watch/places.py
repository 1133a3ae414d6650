"""Where the slots of every instrument lie: looked up once, and again when anything moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway_client.attached import UNFED, Attached
from gateway_client.directory import Directory
from gateway_client.layout import SectionKind

SECTIONS: Final = (
    SectionKind.QUOTE, SectionKind.BOOK, SectionKind.LAST_TRADE, SectionKind.TICKER,
    SectionKind.MARK_PRICE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slots:
    """Slots of one section in one segment: ``rows`` there, and whose they are."""

    shard: Attached
    places: list[int]
    """Of the instruments, in ``Places.symbols``."""
    rows: list[int]


@dataclass(frozen=True, slots=True)
class Places:
    """All of them. ``numbers[i]`` names instrument, by shard, for each row of its SYMBOLS."""

    symbols: list[str]
    exponents: list[tuple[int, int]]
    """Of price and quantity."""
    slots: Mapping[SectionKind, list[Slots]]
    numbers: list[list[int | None]]


def find(directory: Directory) -> Places:
    """Look up, for every instrument in use, the slots that a stream feeds; the best fed of each."""
    symbols = directory.symbols()
    number_of = {symbol: number for number, symbol in enumerate(symbols)}
    rows = [directory.instruments[symbol] for symbol in symbols]
    return Places(
        symbols,
        [(row.px_exponent, row.qty_exponent) for row in rows],
        {section: _slots(directory, section, number_of) for section in SECTIONS},
        [_numbers(each, number_of) for each in directory.attached],
    )


def _slots(directory: Directory, section: SectionKind, number_of: dict[str, int]) -> list[Slots]:
    best: dict[str, tuple[int, int, int]] = {}
    for at, each in enumerate(directory.attached):
        for symbol, row in each.active.items():
            found = (each.rank(row, section), at, row.row)
            if found < best.get(symbol, (UNFED, 0, 0)):
                best[symbol] = found
    chosen: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for symbol, (_, at, row_number) in best.items():
        chosen[at].append((number_of[symbol], row_number))
    return [
        Slots(directory.attached[at], [n for n, _ in pairs], [row for _, row in pairs])
        for at, pairs in chosen.items()
    ]


def _numbers(each: Attached, number_of: dict[str, int]) -> list[int | None]:
    """Which instrument a row of SYMBOLS is; None: a retired one."""
    return [
        number_of[row.symbol] if each.active.get(row.symbol) is row else None for row in each.by_row
    ]
