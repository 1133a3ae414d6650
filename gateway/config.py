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

from gateway.errors import ConfigError, ConfigMissing, UsageError
from gateway.segment_plan import LEVELS_MAX
from gateway.streams import Stream, parse_all

DEFAULT_SUBSCRIBE: Final = tuple(
    f"{market}:{symbol}@{suffix}"
    for market, trades in (("spot", "trade"), ("usdm", "aggTrade"))
    for symbol in ("btcusdt", "ethusdt")
    for suffix in ("bookTicker", "depth@100ms", trades, "ticker")
)

_RingBytes = Annotated[int, Meta(ge=1 << 16, le=1 << 40)]
_Seconds = Annotated[float, Meta(gt=0, le=3600)]


def _check_url(key: str, value: str, schemes: tuple[str, ...]) -> None:
    if value and not (value.startswith(schemes) and value.partition("://")[2]):
        raise ValueError(f"'{key}' is {value!r}, must start with {' or '.join(schemes)}")


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A TOML table: unknown keys are refused."""


class Upstream(_Table, frozen=True):
    """Where market data comes from. Empty: Binance. A base address gets /spot, /usdm, /coinm."""

    ws: str = ""
    rest: str = ""
    tls_ca_file: str = ""  # trusted instead of the system's authorities

    def __post_init__(self) -> None:
        _check_url("ws", self.ws, ("ws://", "wss://"))
        _check_url("rest", self.rest, ("http://", "https://"))
        if bool(self.ws) != bool(self.rest):
            raise ValueError("'ws' and 'rest' belong together: set both or none")


class Memory(_Table, frozen=True):
    """Shared memory of a shard. Rings are powers of two."""

    events_ring_bytes: _RingBytes = 8 << 20
    raw_ring_bytes: _RingBytes = 16 << 20
    symbol_capacity_min: Annotated[int, Meta(ge=1, le=100_000)] = 256  # rows
    stream_capacity_min: Annotated[int, Meta(ge=1, le=1_000_000)] = 2048  # rows
    connection_capacity_min: Annotated[int, Meta(ge=1, le=10_000)] = 64  # rows

    def __post_init__(self) -> None:
        for name in ("events_ring_bytes", "raw_ring_bytes"):
            value = getattr(self, name)
            if value & (value - 1):
                raise ValueError(f"'{name}' is {value}, must be a power of two")


class Book(_Table, frozen=True):
    """Order books, in levels a side."""

    levels: Annotated[int, Meta(ge=1, le=LEVELS_MAX)] = 20  # in shared memory
    levels_max: Annotated[int, Meta(ge=1000, le=1_000_000)] = 10_000  # kept in the shard
    snapshot_levels: Annotated[int, Meta(ge=5, le=5000)] = 1000  # asked of REST


class Zeromq(_Table, frozen=True):
    """The publisher."""

    hwm_messages: Annotated[int, Meta(ge=1, le=10_000_000)] = 100_000  # held for a slow subscriber


class Rest(_Table, frozen=True):
    """REST calls."""

    timeout_seconds: _Seconds = 10.0
    body_bytes_max: Annotated[int, Meta(ge=1 << 16, le=1 << 28)] = 60 << 20
    wait_seconds_max: Annotated[float, Meta(ge=0, le=60)] = 5.0  # for weight, before we refuse
    weight_reserve: Annotated[float, Meta(ge=0, le=0.9)] = 0.2  # share left to other programs


class Liveness(_Table, frozen=True):
    """Heartbeat of a shard, and when it counts as hung."""

    heartbeat_interval_ms: Annotated[int, Meta(ge=10, le=10_000)] = 100
    heartbeat_timeout_ms: Annotated[int, Meta(ge=100, le=60_000)] = 1000
    hung_seconds: _Seconds = 10.0  # then the supervisor kills the shard
    ready_seconds: _Seconds = 30.0  # for a shard to come up

    def __post_init__(self) -> None:
        if self.heartbeat_timeout_ms < 3 * self.heartbeat_interval_ms:
            raise ValueError("'heartbeat_timeout_ms' must be at least 3 x 'heartbeat_interval_ms'")


class Config(_Table, frozen=True):
    """The whole configuration. ``subscribe`` holds stream names with their market."""

    subscribe: tuple[str, ...] = DEFAULT_SUBSCRIBE
    run_dir: str = ""  # empty: the default search
    upstream: Upstream = Upstream()
    memory: Memory = Memory()
    book: Book = Book()
    zeromq: Zeromq = Zeromq()
    rest: Rest = Rest()
    liveness: Liveness = Liveness()


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
    streams_of(config, path)
    return config


def streams_of(config: Config, path: str) -> list[Stream]:
    """Return the parsed subscriptions; raises ConfigError where one is wrong or none is given."""
    try:
        streams = parse_all(config.subscribe)
    except UsageError as exc:
        raise ConfigError(path, str(exc.problem), exc.remedy, f"subscribe: {exc.given}") from exc
    if not streams:
        raise ConfigError(path, "no streams", "list at least one, or remove the key", "subscribe")
    return streams


def override(
    config: Config,
    *,
    subscribe: Sequence[str] = (),
    upstream_ws: str = "",
    upstream_rest: str = "",
) -> Config:
    """Return ``config`` with what the command line says; raises UsageError."""
    if subscribe:
        names = tuple(stream.name for stream in parse_all(subscribe))
        config = msgspec.structs.replace(config, subscribe=names)
    if not upstream_ws and not upstream_rest:
        return config
    _check_upstream(upstream_ws, upstream_rest)
    upstream = msgspec.structs.replace(config.upstream, ws=upstream_ws, rest=upstream_rest)
    return msgspec.structs.replace(config, upstream=upstream)


def _check_upstream(ws: str, rest: str) -> None:
    if not ws or not rest:
        names = ("--upstream-ws", "--upstream-rest")
        given, missing = names if ws else names[::-1]
        raise UsageError(given, "needs the other address too", f"give {missing} as well")
    try:
        Upstream(ws, rest)
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
