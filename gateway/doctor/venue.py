"""What is asked of the venue by REST: its clock, and what it lists."""

from __future__ import annotations

import asyncio
import time

import orjson

from gateway.doctor.case import Case, Instruments, Listed
from gateway.doctor.findings import Finding, bad, ok, skipped, warn
from gateway.doctor.judge import judge_offset
from gateway.errors import ConfigError, VenueError
from gateway.layout import Market
from gateway.plan import Need
from gateway.planner import Layout
from gateway.rest.calls import Call
from gateway.rest.client import RestClient
from gateway.state import StateFile
from gateway.supervisor import rates
from gateway.supervisor.catalogue import Catalogue
from gateway.supervisor.check import check_listed
from gateway.supervisor.subscriptions import Subscriptions

SYMBOLS = "symbols"
_SAMPLES = 3
_TIME_WEIGHT = 1  # of every market's /time
_PATIENCE_S = 3.0
_CLOCK_S = 8.0
_LIST_S = 12.0  # spot's list has 15 MB
_NETWORK = "check network and upstream, then 'gateway doctor' again"


async def look_at_clock(rest: RestClient, market: Market, name: str) -> Finding:
    """Compare this clock with the venue's, by the quickest of a few answers."""
    try:
        async with asyncio.timeout(_CLOCK_S):
            samples = [await _sample(rest, market) for _ in range(_SAMPLES)]
    except TimeoutError:
        return bad(name, f"no answer within {_CLOCK_S:g} s", _NETWORK, VenueError.exit_code)
    except VenueError as exc:
        return bad(name, exc.problem, exc.remedy, VenueError.exit_code)
    error_ms, offset_ms = min(samples)
    return judge_offset(name, offset_ms, error_ms)


async def _sample(rest: RestClient, market: Market) -> tuple[float, float]:
    """Return half the round trip, and how far this clock is ahead, in ms; raises VenueError.

    The first one pays for the connection; the wait for a turn counts as round trip, too.
    """
    call = Call(market, "time", {}, _TIME_WEIGHT, Need.LOST, patience_s=_PATIENCE_S)
    sent, begin = time.time(), time.monotonic()
    answer = await rest.call(call)
    half = (time.monotonic() - begin) / 2
    try:
        told = float(orjson.loads(answer.body)["serverTime"]) if answer.is_ok else None
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        told = None
    if told is None:
        problem = answer.problem() if not answer.is_ok else "its answer has no serverTime"
        raise VenueError(rest.address(market, "time"), problem, _NETWORK)
    return half * 1e3, (sent + half) * 1e3 - told


async def look_at_list(case: Case, rest: RestClient | None) -> tuple[Listed, Finding]:
    """Expand what is configured by what the venue lists; ``rest`` None: it is not asked."""
    if rest is None:
        why = "not asked: names are taken as they are, patterns are left out"
        return lay(case, case.assumed)[0], skipped(SYMBOLS, why)
    catalogue = Catalogue(rest)
    try:
        async with asyncio.timeout(_LIST_S):
            await catalogue.need(case.selection.markets)
        check_listed(case.selection, catalogue.instruments, case.origin, case.endpoints.name)
    except TimeoutError:
        seen = f"the venue's list did not come within {_LIST_S:g} s"
        return lay(case, case.assumed)[0], warn(SYMBOLS, seen, _NETWORK)
    except (VenueError, ConfigError) as exc:
        found = bad(SYMBOLS, exc.problem, exc.remedy, exc.exit_code)
        return lay(case, case.assumed)[0], found
    return lay(case, catalogue.instruments)


def lay(case: Case, instruments: Instruments) -> tuple[Listed, Finding]:
    """Return what would be carried of what is listed, and what is to be said of the rest."""
    wanted = Subscriptions(case.selection).wanted(instruments, {})
    streams = tuple(wanted.streams.values())
    content = StateFile(case.state, rates.FILE_NAME, rates.Rates).read()
    key = rates.upstream_key(case.endpoints)
    layout = Layout.make(
        case.config, streams, instruments, str(case.place), 1, rates.known_rates(content, key),
        content.homes.get(key, {}),
    )  # fmt: skip
    listed = Listed(layout, streams, instruments)
    left_out = {name: refusal.why for name, refusal in wanted.refused.items()}
    left_out |= dict.fromkeys(wanted.unmatched, "matches nothing today")
    seen = f"{len(streams)} streams of {len(case.selection.markets)} markets are listed"
    if not left_out:
        return listed, ok(SYMBOLS, seen)
    name, why = next(iter(left_out.items()))
    more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
    seen += f"; left out: {name} ({why}){more}"
    return listed, warn(SYMBOLS, seen, "gateway plan, which names them all")
