"""Answers the shards: depth snapshots and instruments, both by REST."""

from __future__ import annotations

import logging
import time

from gateway.log import RateLimit
from gateway.markets import FACTS
from gateway.plan import InstrumentReply, InstrumentRequest, SnapshotReply, SnapshotRequest
from gateway.rest.client import RestClient
from gateway.supervisor.catalogue import Catalogue

log = logging.getLogger("gateway.supervisor")


class RestDesk:
    """The one place of the gateway that spends REST weight."""

    def __init__(self, rest: RestClient, catalogue: Catalogue) -> None:
        self._rest = rest
        self._catalogue = catalogue
        self._limit = RateLimit(count=3, interval=10.0)

    async def answer(
        self, request: SnapshotRequest | InstrumentRequest
    ) -> SnapshotReply | InstrumentReply:
        """Return the reply to a shard's request; never raises for what the venue does."""
        if isinstance(request, SnapshotRequest):
            return await self._snapshot(request)
        found = await self._catalogue.refresh(request.market, request.symbol)
        return InstrumentReply(request.market, request.symbol, found.symbol if found else None)

    async def _snapshot(self, request: SnapshotRequest) -> SnapshotReply:
        answer = await self._rest.depth(request.market, request.symbol, request.levels)
        if not answer.is_ok:
            self._report(request, answer.problem())
        return SnapshotReply(request.request_id, answer.status, answer.body, answer.error)

    def _report(self, request: SnapshotRequest, problem: str) -> None:
        more = self._limit.admit(f"{request.market}:{problem}", time.monotonic())
        if more is None:
            return
        name = f"{FACTS[request.market].name}:{request.symbol}"
        suffix = f" ({more} more like this)" if more else ""
        log.warning("no snapshot of %s: %s%s", name, problem, suffix)
