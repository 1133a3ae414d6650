"""Which rows the streams of many symbols have: each symbol's stream is fed from one place. Pure.

A row of ``usdm:!ticker@arr`` is published as ``usdm:btcusdt@ticker``. Where that stream is
subscribed by itself, or another array carries it already, the row is *covered*: known, not fed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gateway.instruments import Instrument, Instruments, Life
from gateway.layout import Market, Shape
from gateway.markets import FACTS
from gateway.stream_forms import Subject
from gateway.streams import Stream, is_symbol

Key = tuple[Market, str]


@dataclass(frozen=True, slots=True)
class ArrayRows:
    """Symbols (uppercase) that an ARRAY or MERGED stream feeds, and those it leaves to others."""

    rows: tuple[str, ...]
    covered: tuple[str, ...] = ()


def has_rows(stream: Stream) -> bool:
    """Whether a stream is of many symbols."""
    return stream.form.shape in (Shape.ARRAY, Shape.MERGED, Shape.SYNTHETIC)


def row_name(stream: Stream, symbol: str) -> str:
    """Return the stream that a row of ``stream`` is published as."""
    return f"{FACTS[stream.market].name}:{symbol.lower()}@{stream.form.split}"


def rows_of(
    streams: Iterable[Stream], instruments: Instruments, kept: Collection[Key]
) -> dict[str, ArrayRows]:
    """Return the rows of every stream of many symbols among ``streams``, by its name.

    ``kept`` are symbols that have a row already: they stay while they are listed, halted or not.
    """
    streams = list(streams)
    fed = {stream.name for stream in streams}
    found = {}
    # Whole-market arrays before those of a pair, so that the answer does not hang on history.
    arrays = sorted(
        filter(has_rows, streams), key=lambda s: (s.form.subject is not Subject.MARKET, s.name)
    )
    for stream in arrays:
        if stream.form.shape is Shape.SYNTHETIC:  # made of streams that are subscribed themselves
            parts = [symbol for symbol, _ in _all(stream, instruments)]
            found[stream.name] = ArrayRows(tuple(s for s in parts if row_name(stream, s) in fed))
            continue
        symbols = _expected(stream, instruments, kept)
        rows = tuple(s for s in symbols if row_name(stream, s) not in fed)
        covered = tuple(s for s in symbols if row_name(stream, s) in fed)
        fed.update(row_name(stream, symbol) for symbol in rows)
        found[stream.name] = ArrayRows(rows, covered)
    return found


def _expected(stream: Stream, instruments: Instruments, kept: Collection[Key]) -> list[str]:
    return [
        symbol
        for symbol, instrument in _all(stream, instruments)
        if instrument.is_expected
        or (instrument.life is not Life.GONE and (stream.market, symbol) in kept)
    ]


def _all(stream: Stream, instruments: Instruments) -> list[tuple[str, Instrument]]:
    return [
        (symbol, instrument)
        for (market, symbol), instrument in sorted(instruments.items())
        if market is stream.market and _belongs(stream, instrument)
    ]


def _belongs(stream: Stream, instrument: Instrument) -> bool:
    form = stream.form
    if not is_symbol(instrument.symbol.symbol):
        return False
    if form.subject is Subject.PAIR and instrument.group != stream.symbol:
        return False
    return instrument.subject is form.rows
