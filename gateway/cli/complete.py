"""What a shell may complete: files, directories, and what a running gateway carries.

Asked at every press of TAB: it reads the manifest and no more, and is silent where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from gateway_client.rundir import Shard

PART = "part"  # the type of what is no whole word yet: no space comes behind it
MANY = 200  # more streams than that are offered by their symbols first
_MARKETS = ("spot", "usdm", "coinm")

Items = list[CompletionItem[str]]


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Have the shell complete a file's name."""
    return [CompletionItem(incomplete, type="file")]


def directories(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Have the shell complete a directory's name."""
    return [CompletionItem(incomplete, type="dir")]


def symbols(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete a symbol that the running gateway has, as spot:BTCUSDT."""
    found = (symbol for shard in _shards(ctx) for symbol in shard.symbols)
    return _items(_matching(found, incomplete))


def streams(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete a stream that the running gateway carries, as spot:btcusdt@trade."""
    found = _matching((name for shard in _shards(ctx) for name in shard.streams), incomplete)
    if len(found) <= MANY or "@" in incomplete:
        return _items(found)
    heads = dict.fromkeys(name[: name.index("@") + 1] for name in found if _has_symbol(name))
    return _parts(heads) + _items(name for name in found if not _has_symbol(name))


def _has_symbol(stream: str) -> bool:
    """Whether a symbol stands before its @; usdm:tradingSession has not even that."""
    return "@" in stream and ":!" not in stream


def new_streams(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete a stream that could be carried: a market, a known symbol, the venue's streams."""
    market, colon, rest = incomplete.partition(":")
    if not colon:
        return _parts(f"{name}:" for name in _MARKETS if name.startswith(market))
    if market not in _MARKETS:
        return []
    symbol, at, _ = rest.partition("@")
    if symbol and at:
        names = (f"{market}:{symbol}@{form}" for form in _forms(market))
        return _items(_matching(names, incomplete))
    known = (f"{each.lower()}@" for shard in _shards(ctx) for each in shard.symbols)
    whole = (f"{market}:{form}" for form in _forms(market) if form.startswith("!"))
    return _parts(_matching(known, incomplete)) + _items(_matching(whole, incomplete))


def _forms(market: str) -> Iterator[str]:
    from gateway.markets import BY_NAME
    from gateway.stream_table import FORMS

    return iter(FORMS[BY_NAME[market].market])


def _shards(ctx: click.Context) -> tuple[Shard, ...]:
    from gateway_client import ClientError, rundir

    try:
        return rundir.find(ctx.params.get("run_dir") or None).shards
    except (ClientError, OSError):
        return ()


def _matching(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})


def _items(names: Iterable[str]) -> Items:
    return [CompletionItem(name) for name in names]


def _parts(names: Iterable[str]) -> Items:
    return [CompletionItem(name, type=PART) for name in names]
