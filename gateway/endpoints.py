"""Addresses of the venue, as data: hosts of each market, paths of each route, fall-backs. Pure.

Sources: rest-api.md, web-socket-streams.md, testnet and demo-mode "General information", the USD-M
change notice of 2026-03-05 and the official connectors' constants. Every market has a list: the
next address is tried where one cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from gateway.layout import Market
from gateway.markets import FACTS, Route
from gateway.redaction import HIDDEN, redacted

Paths = Mapping[tuple[Market, Route], tuple[str, ...]]
_HOSTS_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where market data comes from. ``name`` is what messages and the manifest call it."""

    name: str
    ws: Mapping[Market, tuple[str, ...]]
    rest: Mapping[Market, tuple[str, ...]]
    paths: Paths
    ws_api: Mapping[Market, str] = field(default_factory=dict)  # requests by WebSocket

    def ws_urls(self, market: Market, route: Route) -> tuple[str, ...]:
        """Return the WebSocket addresses of a route in the order to try them.

        Always the combined form: only its frames name their stream.
        """
        paths, bases = self.paths[market, route], self.ws[market]
        return tuple(base.rstrip("/") + path for path in paths for base in bases)

    def rest_urls(self, market: Market, call: str) -> tuple[str, ...]:
        """Return the addresses of a REST call, such as ``depth``, without its query."""
        prefix = FACTS[market].rest_prefix
        return tuple(f"{base.rstrip('/')}{prefix}/{call}" for base in self.rest[market])


_ROUTED: Final[Paths] = {
    (Market.SPOT, Route.PUBLIC): ("/stream",),
    (Market.USDM, Route.PUBLIC): ("/public/stream",),
    (Market.USDM, Route.MARKET): ("/market/stream",),
    # Sources disagree whether dstream is routed. Unrouted carries the public streams either way;
    # /market/stream was seen to bring back what the unrouted address had ceased to deliver.
    (Market.COINM, Route.PUBLIC): ("/stream",),
    (Market.COINM, Route.MARKET): ("/market/stream", "/stream"),
}
# The trial hosts still serve everything unrouted, and may learn the routes any day.
_EITHER: Final[Paths] = {
    key: tuple(dict.fromkeys((*paths, "/stream"))) for key, paths in _ROUTED.items()
}

_WS_API_PATHS: Final[Mapping[Market, str]] = {
    Market.SPOT: "/ws-api/v3",
    Market.USDM: "/ws-fapi/v1",
    Market.COINM: "/ws-dapi/v1",
}


def _ws_api(spot: str, usdm: str, coinm: str) -> Mapping[Market, str]:
    bases = {Market.SPOT: spot, Market.USDM: usdm, Market.COINM: coinm}
    return {market: base + _WS_API_PATHS[market] for market, base in bases.items()}


BINANCE: Final = Endpoints(
    "binance",
    ws={
        Market.SPOT: (
            "wss://stream.binance.com:9443",
            "wss://stream.binance.com:443",
            "wss://data-stream.binance.vision",
        ),
        Market.USDM: ("wss://fstream.binance.com",),
        Market.COINM: ("wss://dstream.binance.com",),
    },
    rest={
        Market.SPOT: (
            "https://api.binance.com",
            "https://api-gcp.binance.com",
            *(f"https://api{number}.binance.com" for number in range(1, 5)),
            "https://data-api.binance.vision",
        ),
        Market.USDM: ("https://fapi.binance.com",),
        Market.COINM: ("https://dapi.binance.com",),
    },
    paths=_ROUTED,
    ws_api=_ws_api(
        "wss://ws-api.binance.com:443", "wss://ws-fapi.binance.com", "wss://ws-dapi.binance.com"
    ),
)
TESTNET: Final = Endpoints(
    "testnet",
    ws={
        Market.SPOT: (
            "wss://stream.testnet.binance.vision",
            "wss://stream.testnet.binance.vision:9443",
        ),
        Market.USDM: ("wss://fstream.binancefuture.com",),
        Market.COINM: ("wss://dstream.binancefuture.com",),
    },
    rest={
        Market.SPOT: ("https://testnet.binance.vision",),
        Market.USDM: ("https://testnet.binancefuture.com", "https://demo-fapi.binance.com"),
        Market.COINM: ("https://testnet.binancefuture.com", "https://demo-dapi.binance.com"),
    },
    paths=_EITHER,
    ws_api=_ws_api(
        "wss://ws-api.testnet.binance.vision",
        "wss://testnet.binancefuture.com",
        "wss://testnet.binancefuture.com",
    ),
)
DEMO: Final = Endpoints(
    "demo",
    ws={
        Market.SPOT: ("wss://demo-stream.binance.com:9443", "wss://demo-stream.binance.com"),
        Market.USDM: ("wss://demo-fstream.binance.com", "wss://fstream.binancefuture.com"),
        Market.COINM: ("wss://demo-dstream.binance.com", "wss://dstream.binancefuture.com"),
    },
    rest={
        Market.SPOT: ("https://demo-api.binance.com",),
        Market.USDM: ("https://demo-fapi.binance.com",),
        Market.COINM: ("https://demo-dapi.binance.com",),
    },
    paths=_EITHER,
    ws_api=_ws_api(
        "wss://demo-ws-api.binance.com",
        "wss://testnet.binancefuture.com",
        "wss://testnet.binancefuture.com",
    ),
)
PRESETS: Final[Mapping[str, Endpoints]] = {e.name: e for e in (BINANCE, TESTNET, DEMO)}


def below(ws: str, rest: str) -> Endpoints:
    """Return the endpoints of one base address for all markets, which it has below /spot and so on.

    So does ``gateway simulate``.
    """
    return Endpoints(
        redacted(ws),
        ws={market: (f"{ws.rstrip('/')}/{facts.name}",) for market, facts in FACTS.items()},
        rest={market: (f"{rest.rstrip('/')}/{facts.name}",) for market, facts in FACTS.items()},
        paths=_ROUTED,
        ws_api={
            market: f"{ws.rstrip('/')}/{facts.name}{_WS_API_PATHS[market]}"
            for market, facts in FACTS.items()
        },
    )


def replaced(
    endpoints: Endpoints,
    ws: Mapping[Market, Sequence[str]],
    rest: Mapping[Market, Sequence[str]],
) -> Endpoints:
    """Return ``endpoints`` with other hosts for the markets that name some; the name says so."""
    own = {market: tuple(urls) for market, urls in ws.items() if urls}
    own_rest = {market: tuple(urls) for market, urls in rest.items() if urls}
    if not own and not own_rest:
        return endpoints
    is_all = own.keys() == own_rest.keys() == endpoints.ws.keys()
    hosts = _hosts(url for urls in (*own.values(), *own_rest.values()) for url in urls)
    name = f"custom ({hosts})" if is_all else f"{endpoints.name}, endpoints changed ({hosts})"
    ws_api = {market: url for market, url in endpoints.ws_api.items() if market not in own_rest}
    return Endpoints(
        name, {**endpoints.ws, **own}, {**endpoints.rest, **own_rest}, endpoints.paths, ws_api
    )


def _hosts(urls: Iterable[str]) -> str:
    """Return the hosts, with their ports, that a name shows."""
    found = list(dict.fromkeys(urlsplit(url).netloc.rpartition("@")[2] for url in urls))
    more = f" and {len(found) - _HOSTS_NAMED} more" if len(found) > _HOSTS_NAMED else ""
    return ", ".join(found[:_HOSTS_NAMED]) + more


def check_url(key: str, url: str, secure: str, plain: str = "") -> None:
    """Refuse an address that is none of ``secure``, or of ``plain`` on this very host.

    Market data that is not encrypted can be altered on its way. Raises ValueError with what the
    address must look like.
    """
    parts = _split(key, url)
    if parts.scheme == secure:
        return
    url = redacted(url)
    if not plain or parts.scheme != plain:
        wanted = f"{secure}://" if not plain else f"{secure}:// (on this host also {plain}://)"
        raise ValueError(f"'{key}' is {url!r}, must start with {wanted}")
    if not is_loopback(parts.host):
        raise ValueError(f"'{key}' is {url!r}: {plain}:// is for this host only, use {secure}://")


def check_proxy(key: str, url: str) -> None:
    """Refuse what is no address of a proxy; raises ValueError, without the password in ``url``."""
    if url and _split(key, url).scheme not in ("http", "socks5"):
        raise ValueError(f"'{key}' is {redacted(url)!r}, must start with http:// or socks5://")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this host's own."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Parts:
    scheme: str
    host: str


def _split(key: str, url: str) -> _Parts:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # both raise where they are malformed
    except ValueError as exc:
        # Its text repeats what it could not read, which may be part of a password.
        raise ValueError(f"'{key}' is {_hidden(url)!r}, no address with a host and a port") from exc
    if not parts.scheme or not host:
        raise ValueError(f"'{key}' is {_hidden(url)!r}, no address")
    if parts.query or parts.fragment:
        raise ValueError(f"'{key}' is {_hidden(url)!r}, must end before ? and #")
    return _Parts(parts.scheme, host)


def _hidden(url: str) -> str:
    """Return what may be shown of text that is no address: nothing before its last ``@``."""
    head, at, rest = url.rpartition("@")
    scheme, separator, _ = head.partition("://")
    return f"{scheme if separator else ''}{separator}{HIDDEN}@{rest}" if at else url
