"""What ``status`` shows: everything about a gateway at one moment, with rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway_client import GatewayStatus
from gateway_client.status import ConnectionStatus


@dataclass(frozen=True, slots=True)
class View:
    """A whole gateway at one moment."""

    status: GatewayStatus
    frames_per_second: float
    bytes_per_second: float
    rates: Mapping[str, float]  # frames a second, by name of connection

    @property
    def is_alive(self) -> bool:
        """Whether any shard delivers."""
        return any(shard.is_alive for shard in self.status.shards)

    def total(self, counter: str) -> int:
        """Return a counter, added up over the shards."""
        return sum(shard.counters.get(counter, 0) for shard in self.status.shards)

    def connections(self) -> Counter[str]:
        """Return how many connections are in which state; IDLE ones are on standby."""
        return Counter(each.state for each in self.links())

    def links(self) -> Iterator[ConnectionStatus]:
        """Yield the connections of all shards, but those that are retired."""
        for shard in self.status.shards:
            yield from (each for each in shard.connections if each.state != "RETIRED")

    def deliveries(self) -> Counter[str]:
        """Return how many subscribed streams do what, over all shards."""
        found: Counter[str] = Counter()
        for shard in self.status.shards:
            found.update(shard.deliveries)
        return found
