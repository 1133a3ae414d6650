"""Where market data comes from, and how it is called. Pure."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from gateway.config.base import Addresses, Seconds, Table
from gateway.endpoints import PRESETS, Endpoints, below, check_proxy, check_url, replaced
from gateway.layout import Market
from gateway.markets import (
    ATTEMPTS_PER_5_MINUTES_LIMIT,
    CONNECTION_HOURS_LIMIT,
    STREAMS_PER_CONNECTION_LIMIT,
)

TRANSPORTS: Final = ("rest", "ws-api")


class MarketHosts(Table, frozen=True):
    """Base addresses of one market, in the order to try them. Empty: those of the preset."""

    ws: Annotated[Addresses, Meta(description="WebSocket: wss:// (on this host also ws://).")] = ()
    rest: Annotated[Addresses, Meta(description="REST: https:// (on this host also http://).")] = ()

    def __post_init__(self) -> None:
        for url in self.ws:
            check_url("ws", url, "wss", "ws")
        for url in self.rest:
            check_url("rest", url, "https", "http")


class UpstreamHosts(Table, frozen=True):
    """Hosts by market, instead of those of the preset."""

    spot: MarketHosts = MarketHosts()
    usdm: MarketHosts = MarketHosts()
    coinm: MarketHosts = MarketHosts()

    def of(self, market: Market) -> MarketHosts:
        """Return the hosts of ``market``."""
        return {Market.SPOT: self.spot, Market.USDM: self.usdm, Market.COINM: self.coinm}[market]


class Upstream(Table, frozen=True):
    """Where market data comes from: Binance, or a base address with /spot, /usdm and /coinm."""

    ws: Annotated[
        str,
        Meta(
            description="WebSocket base address of all markets, which it has below /spot, /usdm "
            "and /coinm, as a simulator does. Instead of 'preset'; with 'rest'."
        ),
    ] = ""
    rest: Annotated[str, Meta(description="The same for REST; with 'ws'.")] = ""
    preset: Annotated[
        str,
        Meta(description="Whose hosts are used.", extra_json_schema={"enum": list(PRESETS)}),
    ] = "binance"
    endpoints: UpstreamHosts = UpstreamHosts()
    proxy: Annotated[
        str,
        Meta(
            description="http:// or socks5://, for WebSockets and REST. May hold user:password@, "
            "and the password is shown nowhere.",
            examples=["socks5://127.0.0.1:1080"],
        ),
    ] = ""
    tls_ca_file: Annotated[
        str, Meta(description="PEM file of the authorities to trust instead of the system's.")
    ] = ""

    def __post_init__(self) -> None:
        if bool(self.ws) != bool(self.rest):
            raise ValueError("'ws' and 'rest' belong together: set both or none")
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


class Connections(Table, frozen=True):
    """WebSockets to the venue."""

    streams_max: Annotated[
        int,
        Meta(
            ge=1,
            le=STREAMS_PER_CONNECTION_LIMIT,
            description="Streams on one connection. Binance closes one with more than "
            f"{STREAMS_PER_CONNECTION_LIMIT}, and all of them are lost.",
        ),
    ] = 200
    redundancy: Annotated[
        int, Meta(ge=1, le=2, description="2: every stream over two connections at all times.")
    ] = 1
    rotate_hours: Annotated[
        float,
        Meta(
            gt=0,
            lt=CONNECTION_HOURS_LIMIT,
            description="Age at which a connection is replaced, at the latest; they take turns "
            f"within the hour before. Binance closes them after {CONNECTION_HOURS_LIMIT:g}.",
        ),
    ] = 23.0
    ping_seconds: Annotated[float, Meta(ge=1, le=3600, description="Between our own pings.")] = (
        180.0
    )
    attempts_per_5min: Annotated[
        int,
        Meta(
            ge=1,
            le=ATTEMPTS_PER_5_MINUTES_LIMIT,
            description="Connections attempted by all gateways of this user, at all hosts of the "
            f"venue together. Binance bans at {ATTEMPTS_PER_5_MINUTES_LIMIT}. Taken up by a "
            "reload.",
        ),
    ] = 250


class Rest(Table, frozen=True):
    """REST calls."""

    timeout_seconds: Annotated[Seconds, Meta(description="For an answer, all of it.")] = 10.0
    body_bytes_max: Annotated[
        int, Meta(ge=1 << 16, le=1 << 28, description="Largest answer that is read, in bytes.")
    ] = 60 << 20
    queue_max: Annotated[
        int, Meta(ge=1, le=100_000, description="Calls that may wait for weight.")
    ] = 4096
    weight_reserve: Annotated[
        float,
        Meta(ge=0, le=0.9, description="Share of the venue's limit left to other programs."),
    ] = 0.2
    transport: Annotated[
        str,
        Meta(
            description="How snapshots are fetched; REST where ws-api cannot be had.",
            extra_json_schema={"enum": list(TRANSPORTS)},
        ),
    ] = "rest"
