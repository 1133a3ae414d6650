"""A REST call from query to answer: weighed, hurt by faults, built. Pure but for the source.

``respond`` serves the HTTP shell and simulated time alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from gateway.simulator.answers import Answers, Call, Query
from gateway.simulator.fault_times import AS_USUAL, RestDecision
from gateway.simulator.latest_answers import LatestAnswers
from gateway.simulator.names import Market
from gateway.simulator.past_answers import PastAnswers
from gateway.simulator.queries import Refusal, fault_body
from gateway.simulator.source import Source
from gateway.simulator.weight import Spent, WeightPool

API_PATHS: Final = {
    Market.SPOT: "/spot/api/v3",
    Market.USDM: "/usdm/fapi/v1",
    Market.COINM: "/coinm/dapi/v1",
}
_ERROR_WEIGHT: Final = 1  # of a query that is not understood


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """What HTTP carries. ``is_excess``: refused because too much weight was used."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    is_excess: bool = False


def calls_of(market: Market, source: Source, pool: WeightPool) -> dict[str, Call]:
    """Return a market's calls by the last part of their path (``depth``, ``aggTrades``)."""
    answers = Answers(market, source, pool.rate_limits).calls()
    return answers | PastAnswers(market, source).calls() | LatestAnswers(market, source).calls()


def respond(
    call: Call, query: Query, pool: WeightPool, now_ns: int,
    fault: RestDecision = AS_USUAL, headers: Mapping[str, str] | None = None,
) -> RestAnswer:  # fmt: skip
    """Answer a call; ``headers`` are the request's. The fault's delay is left to the caller."""
    spent: Spent | None = None
    try:
        spent = pool.spend(call.weigh(query), now_ns)
        if spent.status != 200:
            return RestAnswer(spent.status, spent.body, dict(spent.headers), is_excess=True)
        if fault.status:
            return _fail(spent, fault)
        if call.needs_key and not (headers or {}).get("X-MBX-APIKEY"):
            raise Refusal(-2014, "API-key format invalid.", 401)
        body = orjson.dumps(call.build(query, fault.stale_s))
        return RestAnswer(200, body, dict(spent.headers))
    except Refusal as refusal:
        spent = spent or pool.spend(_ERROR_WEIGHT, now_ns)
        is_excess = spent.status != 200
        return RestAnswer(refusal.status, refusal.body, dict(spent.headers), is_excess)


def _fail(spent: Spent, fault: RestDecision) -> RestAnswer:
    retry = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    return RestAnswer(fault.status, fault_body(fault.status), {**spent.headers, **retry})
