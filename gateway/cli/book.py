"""``gateway book``: the top of one order book, from shared memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest

import click

from gateway.cli import complete
from gateway.cli.manual import manual
from gateway.cli.numbers import duration, exact
from gateway.cli.options import json_option, run_dir_option
from gateway.streams import parse_symbol
from gateway_client import Book, Gateway

Texts = tuple[str, str]  # price, quantity


@click.command(
    "book",
    epilog=manual(
        (
            "gateway book spot:BTCUSDT --levels 5",
            "gateway book usdm:ETHUSDT --json | jq '.bids[0], .asks[0]'",
        ),
        (67, 69, 76),
    ),
)
@click.argument("symbol", shell_complete=complete.symbols)
@click.option(
    "--levels", type=click.IntRange(1, 10_000), default=20, show_default=True, help="A side."
)
@json_option
@run_dir_option
def command(symbol: str, levels: int, as_json: bool, run_dir: str) -> None:
    """Print the order book of SYMBOL, as spot:BTCUSDT, from shared memory.

    Only a book whose state is LIVE may be traded on. Prices and quantities are exact. Below the
    levels stands to which prices the gateway knows all there are.
    """
    parse_symbol(symbol)
    with Gateway(run_dir or None) as gateway:
        book = gateway.book(symbol, levels)
        click.echo(json.dumps(_object(book)) if as_json else "\n".join(_lines(book)))


def _object(book: Book) -> dict[str, object]:
    return {
        "symbol": book.symbol,
        "state": book.state.name,
        "update_id": book.update_id,
        "epoch": str(book.epoch),  # over 2^53: not every JSON reader keeps it as a number
        "ts_event": book.ts_event,
        "ts_recv": book.ts_recv,
        "bids": _side(book, book.bids_mantissa),
        "asks": _side(book, book.asks_mantissa),
        "bid_complete": _end(book, book.bid_complete_px_mantissa),
        "ask_complete": _end(book, book.ask_complete_px_mantissa),
    }


def _lines(book: Book) -> Iterator[str]:
    age = f"{duration(book.age_ns)} ago" if book.ts_recv else "no data yet"
    yield f"{book.symbol}  {book.state.name}  update {book.update_id}  {age}"
    bids, asks = _side(book, book.bids_mantissa), _side(book, book.asks_mantissa)
    texts = [text for level in bids + asks for text in level]
    width = max(map(len, ["quantity", *texts])) + 2
    yield f"{'quantity':>{width}}{'bid':>{width}}    {'ask':<{width}}{'quantity':<{width}}".rstrip()
    for bid, ask in zip_longest(bids, asks, fillvalue=("", "")):
        left = f"{bid[1]:>{width}}{bid[0]:>{width}}"
        yield f"{left}    {ask[0]:<{width}}{ask[1]}".rstrip()
    if book.bid_total or book.ask_total:
        yield _complete(book)


def _end(book: Book, mantissa: int | None) -> str | None:
    return None if mantissa is None else exact(mantissa, book.instrument.px_exponent)


def _complete(book: Book) -> str:
    """To which prices the gateway knows every level, which may be far beyond what is shown."""
    bid = _end(book, book.bid_complete_px_mantissa)
    ask = _end(book, book.ask_complete_px_mantissa)
    if bid is ask is None:
        return "every level is known"
    return f"every level is known from {bid or 'the last bid'} to {ask or 'the last ask'}"


def _side(book: Book, mantissas: tuple[int, ...]) -> list[Texts]:
    of = book.instrument
    pairs = zip(mantissas[::2], mantissas[1::2], strict=True)
    return [(exact(px, of.px_exponent), exact(qty, of.qty_exponent)) for px, qty in pairs]
