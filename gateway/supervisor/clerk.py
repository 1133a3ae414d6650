"""Serves the requests of the control socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Any

from gateway.markets import FACTS
from gateway.supervisor.catalogue import Catalogue
from gateway.supervisor.consumers import Consumers
from gateway.supervisor.fleet import Fleet
from gateway.supervisor.gate import Gate
from gateway.supervisor.manifest import Manifest
from gateway.supervisor.requests import Request
from gateway.supervisor.snapshots import Books, books_of, no_book
from gateway.supervisor.steward import Steward


class Clerk:
    """``serve`` raises GatewayError for what cannot be done; all else is in the result."""

    def __init__(
        self,
        steward: Steward,
        consumers: Consumers,
        fleet: Fleet,
        gate: Gate,
        catalogue: Catalogue,
        manifest: Manifest,
        weights: Callable[[], Mapping[str, Mapping[str, float]]],
    ) -> None:
        """``weights`` tells of each pool of REST weight its limit, what is spent and held."""
        self._steward = steward
        self._consumers = consumers
        self._fleet = fleet
        self._gate = gate
        self._catalogue = catalogue
        self._manifest = manifest
        self._weights = weights

    async def serve(self, request: Request) -> Mapping[str, Any]:
        """Do what is asked; return the result."""
        match request.method:
            case "subscribe":
                return (await self._steward.subscribe(request.streams)).as_result()
            case "unsubscribe":
                outcome = await self._steward.unsubscribe(request.streams)
                self._consumers.look_again()
                return outcome.as_result()
            case "list":
                return self._list()
            case "status":
                return await self.status()
            case "snapshot":
                return (await self._snapshot(request)).as_result()

    def _list(self) -> dict[str, Any]:
        """Return what is carried, by whose wish, and what is not and why."""
        subscriptions = self._steward.subscriptions
        rules = subscriptions.rules.as_dict
        return {
            "configured": list(subscriptions.configured.names),
            "subscribed": [name for name, adds in rules.items() if adds],
            "unsubscribed": [name for name, adds in rules.items() if not adds],
            "on_demand": list(subscriptions.demanded),
            "streams": sorted(self._steward.carried),
            "refused": {name: r.why for name, r in self._steward.refused.items()},
        }

    async def _snapshot(self, request: Request) -> Books:
        """Return whole books as their shards have them now."""
        carried, found = books_of(self._steward.wanted), Books()
        for symbol in request.symbols:
            stream = carried.get(symbol)
            shard_id = None if stream is None else self._steward.shard_of(stream.name)
            if stream is None or shard_id is None:
                found.refused[symbol] = no_book(list(carried))
                continue
            reply = await self._fleet.book(shard_id, stream.market, stream.row_name)
            found.add(symbol, reply, request.levels)
            await asyncio.sleep(0)  # 20,000 levels are some milliseconds: others come in between
        return found

    async def status(self) -> dict[str, Any]:
        """Return how the gateway itself is doing; how its data is doing stands in the segments."""
        demand = self._consumers.demand
        listed = [market for market, _ in self._catalogue.instruments]
        return {
            "pid": os.getpid(),
            "instance": f"{self._manifest.instance_id:016x}",
            "started_ns": self._manifest.started_ns,
            "upstream": self._manifest.upstream,
            "shards": [
                {"id": shard_id, "pid": ready.pid, "generation": str(ready.generation)}
                | {"restarts": self._fleet.restarts.get(shard_id, 0)}
                for shard_id, ready in sorted(self._fleet.ready.items())
            ],
            # Of the shards that are down, too.
            "restarts": {str(n): count for n, count in self._fleet.restarts.items()},
            "streams": len(self._steward.carried),
            "refused": len(self._steward.refused),
            "on_demand": {
                "streams": len(demand.streams),
                "limit": demand.limit,
                "refused": demand.refused,
            },
            "instruments": {FACTS[m].name: listed.count(m) for m in self._catalogue.markets},
            "hosts": await self._gate.hosts(),
            "weight": self._weights(),
        }
