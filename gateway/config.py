"""The configuration: TOML → frozen structs. Every limit has a name and its unit here.

Pure but for ``load``, which reads the file. An unknown key, a wrong type or a value outside its
limits is a ConfigError that names the key and what is allowed. Without a file the defaults hold.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta

from gateway.endpoints import (
    PRESETS,
    Endpoints,
    below,
    check_proxy,
    check_url,
    is_loopback,
    replaced,
)
from gateway.errors import ConfigError, ConfigMissing, UsageError
from gateway.layout import Market
from gateway.markets import (
    ATTEMPTS_PER_5_MINUTES_LIMIT,
    BY_NAME,
    CONNECTION_HOURS_LIMIT,
    STREAMS_PER_CONNECTION_LIMIT,
)
from gateway.patterns import Selection, select
from gateway.segment_plan import LEVELS_MAX

DEFAULT_SUBSCRIBE: Final = tuple(
    f"{market}:{symbol}@{suffix}"
    for market, trades in (("spot", "trade"), ("usdm", "aggTrade"))
    for symbol in ("btcusdt", "ethusdt")
    for suffix in ("bookTicker", "depth@100ms", trades, "ticker")
)

TRANSPORTS: Final = ("rest", "ws-api")
LEVELS_ASKED: Final = (5, 5000)  # the least and the most

_RingBytes = Annotated[int, Meta(ge=1 << 16, le=1 << 40)]
_Rows = Annotated[int, Meta(ge=1, le=1_000_000)]
_Levels = Annotated[int, Meta(ge=LEVELS_ASKED[0], le=LEVELS_ASKED[1])]
_Seconds = Annotated[float, Meta(gt=0, le=3600)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A TOML table: unknown keys are refused."""


class MarketHosts(_Table, frozen=True):
    """Base addresses of one market, in the order to try them. Empty: those of the preset."""

    ws: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for url in self.ws:
            check_url("ws", url, "wss", "ws")
        for url in self.rest:
            check_url("rest", url, "https", "http")


class UpstreamHosts(_Table, frozen=True):
    """Hosts by market, instead of those of the preset."""

    spot: MarketHosts = MarketHosts()
    usdm: MarketHosts = MarketHosts()
    coinm: MarketHosts = MarketHosts()

    def of(self, market: Market) -> MarketHosts:
        """Return the hosts of ``market``."""
        return {Market.SPOT: self.spot, Market.USDM: self.usdm, Market.COINM: self.coinm}[market]


class Upstream(_Table, frozen=True):
    """Where market data comes from: Binance, or a base address with /spot, /usdm and /coinm."""

    ws: str = ""  # a base address for all markets, instead of the preset
    rest: str = ""
    preset: str = "binance"  # or testnet, demo
    endpoints: UpstreamHosts = UpstreamHosts()
    proxy: str = ""  # http://… or socks5://…, for WebSockets and REST
    tls_ca_file: str = ""  # trusted instead of the system's authorities

    def __post_init__(self) -> None:
        if bool(self.ws) != bool(self.rest):
            raise ValueError("'ws' and 'rest' belong together: set both or none")
        if self.preset not in PRESETS:
            allowed = ", ".join(PRESETS)
            raise ValueError(f"'preset' is {self.preset!r}, must be one of {allowed}")
        if self.ws:
            check_url("ws", self.ws, "wss", "ws")
            check_url("rest", self.rest, "https", "http")
        if self.ws and (self.preset != "binance" or self.endpoints != UpstreamHosts()):
            raise ValueError("'ws' and 'rest' replace 'preset' and 'endpoints': leave those out")
        check_proxy("proxy", self.proxy)

    def resolved(self) -> Endpoints:
        """Return the addresses that this means."""
        if self.ws:
            return below(self.ws, self.rest)
        hosts = {market: self.endpoints.of(market) for market in Market}
        return replaced(
            PRESETS[self.preset],
            ws={market: own.ws for market, own in hosts.items()},
            rest={market: own.rest for market, own in hosts.items()},
        )


class Connections(_Table, frozen=True):
    """WebSockets to the venue."""

    streams_max: Annotated[int, Meta(ge=1)] = 200  # on one connection
    redundancy: Annotated[int, Meta(ge=1, le=2)] = 1  # sockets that carry every stream at all times
    # Age at which a socket is replaced, at the latest; they take turns within the hour before.
    rotate_hours: Annotated[float, Meta(gt=0, lt=CONNECTION_HOURS_LIMIT)] = 23.0
    ping_seconds: Annotated[float, Meta(ge=1, le=3600)] = 180.0  # between our own pings
    # Connections attempted by all gateways of this user, at all hosts of the venue together.
    attempts_per_5min: Annotated[int, Meta(ge=1, le=ATTEMPTS_PER_5_MINUTES_LIMIT)] = 250

    def __post_init__(self) -> None:
        if self.streams_max > STREAMS_PER_CONNECTION_LIMIT:
            limit = STREAMS_PER_CONNECTION_LIMIT
            raise ValueError(
                f"'streams_max' is {self.streams_max}: Binance closes a connection with more than "
                f"{limit} streams, and all of them are lost"
            )


class OnDemand(_Table, frozen=True):
    """Streams that are subscribed because a consumer asks for their topic."""

    enabled: bool = False
    streams_max: Annotated[int, Meta(ge=1, le=10_000)] = 200  # at a time
    grace_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 30.0  # after the last consumer left


class Memory(_Table, frozen=True):
    """Shared memory of a shard. Rings are powers of two; a row is never used for anything else."""

    events_ring_bytes: _RingBytes = 8 << 20
    raw_ring_bytes: _RingBytes = 16 << 20
    symbol_capacity_min: Annotated[int, Meta(ge=1, le=100_000)] = 256  # rows
    stream_capacity_min: _Rows = 2048  # rows
    connection_capacity_min: Annotated[int, Meta(ge=2, le=10_000)] = 64  # rows, two a connection
    value_capacity_min: _Rows = 1024  # rows: values without a slot of their own (candles, …)

    def __post_init__(self) -> None:
        for name in ("events_ring_bytes", "raw_ring_bytes"):
            value = getattr(self, name)
            if value & (value - 1):
                raise ValueError(f"'{name}' is {value}, must be a power of two")


class Book(_Table, frozen=True):
    """Order books, in levels a side."""

    levels: Annotated[int, Meta(ge=1, le=LEVELS_MAX)] = 20  # in shared memory
    levels_max: Annotated[int, Meta(ge=1000, le=1_000_000)] = 10_000  # kept in the shard
    snapshot_levels: _Levels = 1000  # asked of REST, in the end: all begin with fewer
    # The same for symbol ids, and for patterns of them: { "spot:BTCUSDT" = 5000, "usdm:*" = 100 }.
    depth_levels: dict[str, int] = {}

    def __post_init__(self) -> None:
        for name, levels in self.depth_levels.items():
            if not LEVELS_ASKED[0] <= levels <= LEVELS_ASKED[1]:
                limits = f"from {LEVELS_ASKED[0]} to {LEVELS_ASKED[1]}"
                raise ValueError(f"'depth_levels' has {name!r} = {levels}, must be {limits}")
            market, colon, symbol = name.partition(":")
            if not colon or market not in BY_NAME or not symbol or symbol != symbol.upper():
                raise ValueError(
                    f"'depth_levels' has {name!r}, must be like 'spot:BTCUSDT' or 'usdm:BTC*'"
                )
        most = max(self.snapshot_levels, *self.depth_levels.values(), 0)
        if most > self.levels_max:
            raise ValueError(f"'levels_max' is {self.levels_max}, less than {most} asked of REST")


class Audit(_Table, frozen=True):
    """Comparing LIVE books with the venue's own."""

    # In which each book is compared once; costs the weight of its snapshot. 0: none is.
    interval_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 3600.0


class Backfill(_Table, frozen=True):
    """Fetching the trades and candles that were missed."""

    enabled: bool = True
    events_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000  # of one gap, the newest


class Zeromq(_Table, frozen=True):
    """The publisher."""

    hwm_messages: Annotated[int, Meta(ge=1, le=10_000_000)] = 100_000  # held for a slow subscriber


class Rest(_Table, frozen=True):
    """REST calls."""

    timeout_seconds: _Seconds = 10.0
    body_bytes_max: Annotated[int, Meta(ge=1 << 16, le=1 << 28)] = 60 << 20
    queue_max: Annotated[int, Meta(ge=1, le=100_000)] = 4096  # calls that wait for weight
    weight_reserve: Annotated[float, Meta(ge=0, le=0.9)] = 0.2  # share left to other programs
    transport: str = "rest"  # of snapshots, or ws-api; REST where that cannot be had

    def __post_init__(self) -> None:
        if self.transport not in TRANSPORTS:
            allowed = ", ".join(TRANSPORTS)
            raise ValueError(f"'transport' is {self.transport!r}, must be one of {allowed}")


class Liveness(_Table, frozen=True):
    """When a stream counts as silent or late, and a shard as hung."""

    first_data_seconds: _Seconds = 30.0  # from a subscription's ack to a stream's first message
    lag_seconds: _Seconds = 3.0  # later than usual, and a connection is replaced
    heartbeat_interval_ms: Annotated[int, Meta(ge=10, le=10_000)] = 100
    heartbeat_timeout_ms: Annotated[int, Meta(ge=100, le=60_000)] = 1000
    hung_seconds: _Seconds = 10.0  # then the supervisor kills the shard
    ready_seconds: _Seconds = 30.0  # for a shard to come up

    def __post_init__(self) -> None:
        if self.heartbeat_timeout_ms < 3 * self.heartbeat_interval_ms:
            raise ValueError("'heartbeat_timeout_ms' must be at least 3 x 'heartbeat_interval_ms'")


class Metrics(_Table, frozen=True):
    """Metrics for Prometheus, /healthz and /readyz, over HTTP from the supervisor."""

    # host:port, as "127.0.0.1:9464"; port 0: any free one. Empty: off, so that two gateways on a
    # host never want the same port.
    listen: str = ""
    # Whether ``listen`` may be an address that other hosts reach: who reaches it may read it,
    # without a password and unencrypted.
    public: bool = False

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


class Config(_Table, frozen=True):
    """The whole configuration. ``subscribe`` holds stream names and patterns with their market."""

    subscribe: tuple[str, ...] = DEFAULT_SUBSCRIBE
    run_dir: str = ""  # empty: the default search
    shards: Annotated[int, Meta(ge=1, le=64)] = 1  # processes that share the streams
    # Between two looks at exchangeInfo: new listings join their patterns, delisted ones retire.
    instruments_refresh_minutes: Annotated[float, Meta(gt=0, le=1440)] = 10.0
    upstream: Upstream = Upstream()
    connections: Connections = Connections()
    on_demand: OnDemand = OnDemand()
    memory: Memory = Memory()
    book: Book = Book()
    audit: Audit = Audit()
    backfill: Backfill = Backfill()
    zeromq: Zeromq = Zeromq()
    rest: Rest = Rest()
    liveness: Liveness = Liveness()
    metrics: Metrics = Metrics()


def load(path: Path) -> Config:
    """Read a configuration file; raises ConfigError (ConfigMissing: not there or not readable)."""
    try:
        text = path.read_text("utf-8")
    except OSError as exc:
        remedy = "check --config, or leave it out for the defaults"
        raise ConfigMissing(path, f"cannot be read: {exc.strerror}", remedy) from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(path, "is not UTF-8 text", "write the configuration as TOML") from exc
    return read(text, str(path))


def read(text: str, path: str) -> Config:
    """Make a configuration from TOML text; ``path`` names it in errors. Raises ConfigError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(path, f"is not TOML: {exc}", "correct that line") from exc
    _refuse_unknown_keys(table, Config, path, "")
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as exc:
        problem, _, where = str(exc).partition(" - at ")
        remedy = "correct it, or remove it for the default"
        raise ConfigError(path, problem, remedy, where.strip("`$.")) from exc
    selection_of(config, path)
    return config


def selection_of(config: Config, path: str) -> Selection:
    """Return what is subscribed; raises ConfigError where a name is wrong or none is given."""
    try:
        selection = select(config.subscribe)
    except UsageError as exc:
        raise ConfigError(path, exc.problem, exc.remedy, f"subscribe: {exc.given}") from exc
    if not selection.names and not config.on_demand.enabled:
        raise ConfigError(path, "no streams", "list at least one, or remove the key", "subscribe")
    return selection


def override(
    config: Config,
    *,
    subscribe: Sequence[str] = (),
    upstream_ws: str = "",
    upstream_rest: str = "",
) -> Config:
    """Return ``config`` with what the command line says; raises UsageError."""
    if subscribe:
        config = msgspec.structs.replace(config, subscribe=select(subscribe).names)
    if not upstream_ws and not upstream_rest:
        return config
    given = _upstream(upstream_ws, upstream_rest)
    others = {"proxy": config.upstream.proxy, "tls_ca_file": config.upstream.tls_ca_file}
    upstream = msgspec.structs.replace(given, **others)
    return msgspec.structs.replace(config, upstream=upstream)


def _upstream(ws: str, rest: str) -> Upstream:
    if not ws or not rest:
        names = ("--upstream-ws", "--upstream-rest")
        given, missing = names if ws else names[::-1]
        raise UsageError(given, "needs the other address too", f"give {missing} as well")
    try:
        return Upstream(ws, rest)
    except ValueError as exc:
        raise UsageError("--upstream-ws/--upstream-rest", str(exc), "give a base address") from exc


def _refuse_unknown_keys(
    table: dict[str, Any], struct: type[msgspec.Struct], path: str, where: str
) -> None:
    # msgspec refuses them too, but does not say which keys there are.
    fields = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for key, value in table.items():
        name = f"{where}.{key}" if where else key
        if key not in fields:
            raise ConfigError(path, "unknown key", f"allowed: {', '.join(fields)}", name)
        nested = fields[key]
        if isinstance(nested, type) and issubclass(nested, _Table) and isinstance(value, dict):
            _refuse_unknown_keys(cast("dict[str, Any]", value), nested, path, name)
