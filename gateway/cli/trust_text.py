"""The lines of ``gateway status`` about gaps, books, REST weight and hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.cli.numbers import duration
from gateway.cli.view import View

Weight = Mapping[str, Mapping[str, Any]]
"""Pool → limit, spent and held_s, as the control request ``status`` answers them."""

Hosts = Mapping[str, Mapping[str, Any]]
"""Host or venue → attempts, held_s and the HTTP status behind it, as the same request has them."""

SHOWN = frozenset((
    "gaps", "gaps_filled", "gaps_partial", "gaps_lost", "gaps_healed", "events_backfilled",
    "audits", "audits_differing", "books_deepened", "books_thin",
))  # fmt: skip
"""Counters that stand in these lines."""

_ENDS = ("filled", "partial", "healed", "lost")


def lines(view: View, weight: Weight | None) -> Iterator[str]:
    """Yield what there is to say; ``weight`` None: nobody answered."""
    yield f"  gaps        {_gaps(view)}"
    yield f"  books       {_books(view)}"
    for pool, found in (weight or {}).items():
        yield f"  weight      {pool}: {_weight(found)}"


def hosts(found: Hosts | None) -> Iterator[str]:
    """Yield a line for each host that refused a connection and is left alone for it."""
    for host, told in (found or {}).items():
        if told["held_s"] > 0:
            wait = duration(told["held_s"] * 1e9)
            yield f"  refused     {host}: HTTP {int(told['status'])}, left alone for {wait}"


def _gaps(view: View) -> str:
    found, ends = view.total("gaps"), {end: view.total(f"gaps_{end}") for end in _ENDS}
    if not found and not any(ends.values()):
        return "none"
    still_open = max(0, found - sum(ends.values()))
    counts = ", ".join(f"{count:,} {end}" for end, count in ends.items() if count)
    fetched = view.total("events_backfilled")
    more = f"; {fetched:,} events back-filled" if fetched else ""
    return (
        f"{found:,}: {still_open:,} open{', ' if counts else ''}{counts}{more}; see 'gateway gaps'"
    )


def _books(view: View) -> str:
    audits, differing = view.total("audits"), view.total("audits_differing")
    deepened, thin = view.total("books_deepened"), view.total("books_thin")
    said = [f"{audits:,} audits, {differing:,} DIFFERED" if differing else f"{audits:,} audits"]
    said += [f"{deepened:,} deepened"] * bool(deepened) + [f"{thin:,} ran thin"] * bool(thin)
    return ", ".join(said)


def _weight(found: Mapping[str, Any]) -> str:
    held = float(found.get("held_s", 0.0))
    more = f", HELD for {duration(held * 1e9)}" if held > 0 else ""
    return f"{int(found['spent']):,} of {int(found['limit']):,} in the last minute{more}"
