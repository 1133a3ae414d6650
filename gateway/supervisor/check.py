"""What is said of a configuration: before anything is carried, and when it is read again. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from gateway.config import Config
from gateway.errors import ConfigError
from gateway.instruments import Instruments
from gateway.markets import FACTS
from gateway.patterns import Selection
from gateway.supervisor.subscriptions import Wanted, unfit

# The rest is built into segments, sockets and processes.
TAKEN_UP = frozenset({
    "subscribe", "instruments_refresh_minutes", "connections.attempts_per_5min",
    "on_demand.grace_seconds", "liveness.hung_seconds", "liveness.ready_seconds",
})  # fmt: skip
_NAMED = 5  # of what is alike


def check_listed(
    selection: Selection, instruments: Instruments, origin: str, upstream: str
) -> None:
    """Refuse names that the venue does not list: it would acknowledge them and stay silent.

    What it listed once and trades no more is left out with a remark: a contract that was delivered
    must not keep a gateway from starting. Raises ConfigError.
    """
    streams = [stream for stream in selection.streams if stream.symbol]
    missing = {s.symbol_id for s in streams if (s.market, s.symbol) not in instruments}
    if missing:
        near = _near(min(missing), instruments) if len(missing) == 1 else ""
        raise ConfigError(
            origin,
            f"{', '.join(sorted(missing))}: exchangeInfo of {upstream} has no such symbol",
            f"{near}check the spelling and the market (spot, usdm, coinm)",
        )
    for stream in streams:
        if not instruments[stream.market, stream.symbol].offers(stream.form):
            refusal = unfit(stream, instruments)
            problem, _, remedy = refusal.why.rpartition("; ") if refusal else ("", "", "")
            raise ConfigError(origin, f"{stream.name}: {problem}", remedy)


def _near(symbol_id: str, instruments: Instruments) -> str:
    """Ask whether another symbol of the market was meant, where one is near."""
    name, _, symbol = symbol_id.partition(":")
    names = [known for market, known in instruments if FACTS[market].name == name]
    near = get_close_matches(symbol, names, n=1, cutoff=0.75)
    return f"did you mean {name}:{near[0]}? " if near else ""


def remarks(wanted: Wanted, instruments: Instruments) -> Iterator[str]:
    """Yield what a user should know of what was subscribed: what is left out, or may be silent."""
    yield from map(no_match, wanted.unmatched)
    yield from _few(f"{name}: left out: {refusal.why}" for name, refusal in wanted.refused.items())
    keys = dict.fromkeys((s.market, s.symbol) for s in wanted.streams.values() if s.symbol)
    idle = [instruments[key] for key in keys if not instruments[key].is_trading]
    yield from _few(
        f"{instrument.symbol_id}: its status is {instrument.status}, it may stay silent"
        for instrument in idle
    )


def idle_depths(
    depth_levels: Mapping[str, int], wanted: Wanted, instruments: Instruments
) -> Iterator[str]:
    """Yield what a user should know of ``book.depth_levels``: names that mean no book here."""
    markets = {FACTS[stream.market].name for stream in wanted.streams.values()}
    names = {f"{FACTS[market].name}:{symbol}" for market, symbol in instruments}
    names |= {stream.symbol_id for stream in wanted.streams.values()}
    for mask in depth_levels:
        market = mask.partition(":")[0]
        if market not in markets:
            yield f"book.depth_levels: {mask}: nothing of {market} is carried"
        elif not any(fnmatchcase(name, mask) for name in names):
            near = _near(mask, instruments).rstrip()
            more = f"; {near}" if near else ", and it has no effect today"
            yield f"book.depth_levels: {mask}: the venue lists no such instrument{more}"


def no_match(pattern: str) -> str:
    """Say that a pattern means nothing today."""
    return f"{pattern}: matches no instrument that trades now; what is listed later joins"


def _few(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number < _NAMED:
            yield line
        else:
            more = 1 + sum(1 for _ in lines)
            yield f"{more} more like this"


def taken_up(before: Config, read: Config) -> list[str]:
    """Return the keys that differ and are taken up, but ``subscribe``."""
    return [key for key in _differences(before, read, "") if key in TAKEN_UP - {"subscribe"}]


def needs_restart(running: Config, read: Config) -> list[str]:
    """Return the keys, as ``memory.raw_ring_bytes``, that differ and are not taken up."""
    return [key for key in _differences(running, read, "") if key not in TAKEN_UP]


def _differences(old: Any, new: Any, where: str) -> Iterator[str]:
    if not isinstance(old, msgspec.Struct):
        if old != new:
            yield where
        return
    for field in old.__struct_fields__:
        name = f"{where}.{field}" if where else field
        yield from _differences(getattr(old, field), getattr(new, field), name)
