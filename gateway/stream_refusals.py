"""Why a stream name is refused, and what to write instead. Pure.

The venue would take nearly all of these names and stay silent, so the sentence is all the help
there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from gateway.errors import UsageError
from gateway.layout import Market
from gateway.markets import FACTS
from gateway.stream_forms import StreamForm, StreamType, Subject
from gateway.stream_table import CONTRACT_TYPES, ENDED, FORMS, TABLE

_NEAR_LETTERS = 4  # fewer in common say nothing
_EXAMPLE_OF = {
    Subject.SYMBOL: "an instrument, as btcusdt (COIN-M: btcusd_perp)",
    Subject.PAIR: "a pair, as btcusd",
    Subject.ASSET: "an asset against USD, as adausd",
}


def refusal(text: str, market: Market, symbol: str, suffix: str) -> UsageError:
    """Return the error for ``text``; ``symbol`` is empty for a name of the whole market."""
    if (market, suffix) in ENDED:
        return UsageError(text, *ENDED[market, suffix])
    name = FACTS[market].name
    if suffix in FORMS[market]:
        return _wrong_subject(text, market, suffix, FORMS[market][suffix][0])
    others = [FACTS[other].name for other, forms in FORMS.items() if suffix in forms]
    near = [row for row in TABLE if market in row.markets and _is_near(row, suffix)]
    if near:
        return UsageError(text, f"{name} has no {suffix}", _instead(near, suffix))
    if others:
        problem = f"{name} has no {suffix}, it is a stream of {' and '.join(others)}"
    else:
        problem = f"unknown stream '{suffix}' on {name}"
    same = [row for row in TABLE if market in row.markets and _is_whole(row) is (not symbol)]
    meant = get_close_matches(suffix, [name for row in same for name, _ in row.forms()], n=1)
    asked = f"did you mean {meant[0]}? " if meant and not others else ""
    return UsageError(text, problem, f"{asked}allowed: {_usages(same)}")


def _wrong_subject(text: str, market: Market, suffix: str, form: StreamForm) -> UsageError:
    if form.subject is Subject.CONTRACT:
        kinds = ", ".join(CONTRACT_TYPES[market])
        right = f"a pair and a contract type, as btcusdt_perpetual (types: {kinds})"
    else:
        right = _EXAMPLE_OF[form.subject]
    return UsageError(text, f"{suffix} does not exist for this name", f"it takes {right}")


def _is_whole(row: StreamType) -> bool:
    return row.subject is Subject.MARKET


def _is_near(row: StreamType, suffix: str) -> bool:
    base, given = row.base.rstrip("_").lower(), suffix.lower()
    return len(given) >= _NEAR_LETTERS and (given.startswith(base) or base.startswith(given))


def _instead(near: Iterable[StreamType], suffix: str) -> str:
    names = [name for row in near for name, _ in row.forms()]
    # 1m and 1M are different intervals, so a wrong case is named only where it leaves one choice.
    same = [name for name in names if name.lower() == suffix.lower()]
    if len(same) == 1:
        return f"write {same[0]}"
    intervals = next((row.intervals for row in near if "<interval>" in row.usage), ())
    which = f" (intervals: {', '.join(intervals)})" if intervals else ""
    return f"allowed: {_usages(near)}{which}"


def _usages(rows: Iterable[StreamType]) -> str:
    return ", ".join(dict.fromkeys(row.usage for row in rows))
