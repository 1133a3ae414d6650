"""The shards and the supervisor as processes: memory, liveness, what they serve. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Final

from msgspec import Meta

from gateway.config.base import Seconds, Table
from gateway.endpoints import is_loopback

_RingBytes = Annotated[int, Meta(ge=1 << 16, le=1 << 40)]
_CPUS: Final = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")
_Rows = Annotated[int, Meta(ge=1, le=1_000_000)]


class Memory(Table, frozen=True):
    """Shared memory of each shard. A row is never used for anything else."""

    events_ring_bytes: Annotated[
        _RingBytes, Meta(description="Ring of decoded events, in bytes; a power of two.")
    ] = 8 << 20
    raw_ring_bytes: Annotated[
        _RingBytes, Meta(description="Ring of the venue's own JSON, in bytes; a power of two.")
    ] = 16 << 20
    symbol_capacity_min: Annotated[
        int, Meta(ge=1, le=100_000, description="Rows for instruments, at least.")
    ] = 256
    stream_capacity_min: Annotated[_Rows, Meta(description="Rows for streams, at least.")] = 2048
    connection_capacity_min: Annotated[
        int, Meta(ge=2, le=10_000, description="Rows for connections, at least; two for each.")
    ] = 64
    value_capacity_min: Annotated[
        _Rows, Meta(description="Rows for values without a slot of their own (candles, …).")
    ] = 1024

    def __post_init__(self) -> None:
        for name in ("events_ring_bytes", "raw_ring_bytes"):
            value = getattr(self, name)
            if value & (value - 1):
                raise ValueError(f"'{name}' is {value}, must be a power of two")


class Processes(Table, frozen=True):
    """Where and how the shards' processes run."""

    cpus: Annotated[
        tuple[str, ...],
        Meta(
            description="CPUs that shards are bound to: the first entry for shard 0, and round "
            "again where there are more shards than entries. Empty: any.",
            examples=[["2", "3", "4-5,8"]],
        ),
    ] = ()
    nice: Annotated[
        int, Meta(ge=-20, le=19, description="Niceness of the shards; less than 0 needs a right.")
    ] = 0
    busy_poll: Annotated[
        bool,
        Meta(
            description="Look for frames without ever sleeping, at the cost of a whole CPU for "
            "each shard. Only for shards with an entry of their own in 'cpus', of CPUs that "
            "nothing else uses: on shared ones it makes latency worse."
        ),
    ] = False

    def __post_init__(self) -> None:
        for entry in self.cpus:
            cpu_set(entry)

    def cpus_of(self, shard_id: int) -> frozenset[int]:
        """Return the CPUs of a shard; empty: any."""
        return cpu_set(self.cpus[shard_id % len(self.cpus)]) if self.cpus else frozenset()


def cpu_set(entry: str) -> frozenset[int]:
    """Read ``2``, ``2-3`` or ``2,4-5``; raises ValueError."""
    found = set[int]()
    for part in entry.split(","):
        match = _CPUS.fullmatch(part.strip())
        if match is None or int(match[1]) > int(match[2] or match[1]):
            raise ValueError(f"'cpus' has {entry!r}, must be like '2', '2-3' or '2,4-5'")
        found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return frozenset(found)


class Zeromq(Table, frozen=True):
    """The publisher."""

    hwm_messages: Annotated[
        int, Meta(ge=1, le=10_000_000, description="Messages held for a slow subscriber.")
    ] = 100_000


class Liveness(Table, frozen=True):
    """When a stream counts as silent or late, and a shard as hung."""

    first_data_seconds: Annotated[
        Seconds,
        Meta(description="A stream that sends nothing for so long after its ack is replaced."),
    ] = 30.0
    lag_seconds: Annotated[
        Seconds, Meta(description="A connection that runs so much later than usual is replaced.")
    ] = 3.0
    heartbeat_interval_ms: Annotated[
        int, Meta(ge=10, le=10_000, description="Between two beats of a shard.")
    ] = 100
    heartbeat_timeout_ms: Annotated[
        int,
        Meta(
            ge=100,
            le=60_000,
            description="Without a beat for so long, readers take a shard for dead. At least "
            "3 times 'heartbeat_interval_ms'.",
        ),
    ] = 1000
    hung_seconds: Annotated[
        Seconds,
        Meta(
            description="Without a beat for so long, a shard is killed and restarted. Taken up by "
            "a reload."
        ),
    ] = 10.0
    ready_seconds: Annotated[
        Seconds, Meta(description="For a shard to come up. Taken up by a reload.")
    ] = 30.0

    def __post_init__(self) -> None:
        if self.heartbeat_timeout_ms < 3 * self.heartbeat_interval_ms:
            raise ValueError("'heartbeat_timeout_ms' must be at least 3 x 'heartbeat_interval_ms'")


class Metrics(Table, frozen=True):
    """Metrics for Prometheus, /healthz and /readyz, over HTTP from the supervisor."""

    listen: Annotated[
        str,
        Meta(
            description="host:port; port 0: any free one. Empty: off, so that two gateways on a "
            "host never want the same port.",
            examples=["127.0.0.1:9464"],
        ),
    ] = ""
    public: Annotated[
        bool,
        Meta(
            description="Whether 'listen' may be an address that other hosts reach: who reaches it "
            "may read it, without a password and unencrypted."
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.listen and not is_loopback(self.address[0]) and not self.public:
            raise ValueError(
                f"'listen' is {self.listen!r}: other hosts may reach it, without password or TLS; "
                "use 127.0.0.1, or allow it with public = true"
            )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of ``listen``; raises ValueError where it has none."""
        host, colon, port = self.listen.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        is_port = port.isascii() and port.isdecimal() and int(port) <= 65535
        if not colon or not bare or not is_port or (":" in bare and bare == host):
            raise ValueError(
                f"'listen' is {self.listen!r}, must be like '127.0.0.1:9464' or '[::1]:9464'"
            )
        return bare, int(port)
