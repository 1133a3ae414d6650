"""Addresses of the venue: which, in which order, and none that is not encrypted."""

from __future__ import annotations

import pytest

from gateway.endpoints import (
    BINANCE,
    PRESETS,
    Endpoints,
    below,
    check_proxy,
    check_url,
    is_loopback,
    replaced,
)
from gateway.layout import Market
from gateway.markets import Route
from gateway.stream_table import FORMS


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_every_route_of_every_stream_has_encrypted_addresses(preset: Endpoints) -> None:
    endpoints = PRESETS[preset.name]
    for market, forms in FORMS.items():
        for route in {form.route for meanings in forms.values() for form in meanings}:
            urls = endpoints.ws_urls(market, route)
            assert urls
            assert len(set(urls)) == len(urls)
            for url in urls:
                assert url.startswith("wss://")
                assert url.endswith("/stream")  # combined: its frames name their stream
        assert all(url.startswith("https://") for url in endpoints.rest_urls(market, "depth"))


@pytest.mark.parametrize(
    ("market", "route", "urls"),
    [
        (
            Market.SPOT,
            Route.PUBLIC,
            (
                "wss://stream.binance.com:9443/stream",
                "wss://stream.binance.com:443/stream",
                "wss://data-stream.binance.vision/stream",
            ),
        ),
        (Market.USDM, Route.PUBLIC, ("wss://fstream.binance.com/public/stream",)),
        (Market.USDM, Route.MARKET, ("wss://fstream.binance.com/market/stream",)),
        (Market.COINM, Route.PUBLIC, ("wss://dstream.binance.com/stream",)),
        (
            Market.COINM,
            Route.MARKET,
            ("wss://dstream.binance.com/market/stream", "wss://dstream.binance.com/stream"),
        ),
    ],
)
def test_binance_is_reached_where_each_route_delivers(
    market: Market, route: Route, urls: tuple[str, ...]
) -> None:
    assert BINANCE.ws_urls(market, route) == urls


def test_rest_has_several_hosts_where_the_venue_has() -> None:
    spot = BINANCE.rest_urls(Market.SPOT, "depth")
    assert spot[0] == "https://api.binance.com/api/v3/depth"
    assert spot[-1] == "https://data-api.binance.vision/api/v3/depth"
    assert len(spot) == 7
    assert BINANCE.rest_urls(Market.USDM, "rpiDepth") == (
        "https://fapi.binance.com/fapi/v1/rpiDepth",
    )


def test_requests_by_websocket_have_an_encrypted_address_each() -> None:
    assert BINANCE.ws_api == {
        Market.SPOT: "wss://ws-api.binance.com:443/ws-api/v3",
        Market.USDM: "wss://ws-fapi.binance.com/ws-fapi/v1",
        Market.COINM: "wss://ws-dapi.binance.com/ws-dapi/v1",
    }
    for preset in PRESETS.values():
        assert set(preset.ws_api) == set(Market)
        assert all(url.startswith("wss://") for url in preset.ws_api.values())
    assert below("ws://127.0.0.1:9/", "http://h").ws_api[Market.USDM] == (
        "ws://127.0.0.1:9/usdm/ws-fapi/v1"
    )


def test_own_rest_hosts_are_not_gone_round_by_websocket() -> None:
    rest = {Market.USDM: ["https://c"]}
    assert set(replaced(BINANCE, {}, rest).ws_api) == {Market.SPOT, Market.COINM}


def test_trial_hosts_fall_back_to_the_unrouted_address() -> None:
    assert PRESETS["testnet"].ws_urls(Market.USDM, Route.MARKET) == (
        "wss://fstream.binancefuture.com/market/stream",
        "wss://fstream.binancefuture.com/stream",
    )
    assert PRESETS["testnet"].ws_urls(Market.SPOT, Route.PUBLIC) == (
        "wss://stream.testnet.binance.vision/stream",
        "wss://stream.testnet.binance.vision:9443/stream",
    )
    assert PRESETS["testnet"].rest_urls(Market.SPOT, "depth") == (
        "https://testnet.binance.vision/api/v3/depth",
    )


def test_a_base_address_has_the_markets_below_it() -> None:
    endpoints = below("ws://127.0.0.1:9/", "http://127.0.0.1:8")
    assert endpoints.ws_urls(Market.USDM, Route.PUBLIC) == ("ws://127.0.0.1:9/usdm/public/stream",)
    assert endpoints.ws_urls(Market.SPOT, Route.PUBLIC) == ("ws://127.0.0.1:9/spot/stream",)
    assert endpoints.rest_urls(Market.COINM, "depth") == ("http://127.0.0.1:8/coinm/dapi/v1/depth",)
    assert endpoints.name == "ws://127.0.0.1:9/"


def test_hosts_of_one_market_replace_those_of_the_preset() -> None:
    endpoints = replaced(
        BINANCE,
        ws={Market.SPOT: ["wss://a:1", "wss://b"], Market.USDM: []},
        rest={Market.SPOT: [], Market.USDM: ["https://c"]},
    )
    assert endpoints.ws_urls(Market.SPOT, Route.PUBLIC) == ("wss://a:1/stream", "wss://b/stream")
    assert endpoints.ws[Market.USDM] == BINANCE.ws[Market.USDM]
    assert endpoints.rest_urls(Market.USDM, "depth") == ("https://c/fapi/v1/depth",)
    assert endpoints.rest[Market.SPOT] == BINANCE.rest[Market.SPOT]
    assert endpoints.name == "binance, endpoints changed (a:1, b, c)"


def test_upstream_of_which_nothing_is_the_preset_s_is_custom() -> None:
    ws = {market: [f"wss://ws{int(market)}.example"] for market in Market}
    rest = {market: ["https://me:secret@rest.example"] for market in Market}
    assert replaced(BINANCE, ws, rest).name == (
        "custom (ws1.example, ws2.example, ws3.example and 1 more)"
    )
    assert replaced(BINANCE, ws, {}).name.startswith("binance, endpoints changed (ws1.example, ")
    assert replaced(BINANCE, {Market.SPOT: []}, {}).name == "binance"
    few = {market: ["https://me:secret@rest.example"] for market in Market}
    assert replaced(BINANCE, few, few).name == "custom (rest.example)"


@pytest.mark.parametrize(
    "url", ["wss://h", "wss://h:1/x", "ws://127.0.0.1:1", "ws://[::1]:1", "ws://localhost"]
)
def test_address_that_is_encrypted_or_of_this_host_is_taken(url: str) -> None:
    check_url("ws", url, "wss", "ws")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ws://stream.example", "'ws' is 'ws://stream.example': ws:// is for this host only"),
        ("ws://10.0.0.1", "ws:// is for this host only, use wss://"),
        ("ws://127.0.0.1.example", "ws:// is for this host only, use wss://"),
        ("h", "'ws' is 'h', no address"),
        ("wss://", "'ws' is 'wss://', no address"),
        ("ws:///path", "'ws' is 'ws:///path', no address"),
        ("http://h", "'ws' is 'http://h', must start with wss:// (on this host also ws://)"),
        ("wss://h:port", "'ws' is 'wss://h:port', no address with a host and a port"),
        ("wss://h?streams=a", "must end before ? and #"),
    ],
)  # fmt: skip
def test_other_addresses_are_refused(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="'ws' is ") as caught:
        check_url("ws", url, "wss", "ws")
    assert sentence in str(caught.value)


def test_proxy_is_http_or_socks5() -> None:
    for url in ("", "http://proxy:3128", "socks5://user:secret@127.0.0.1:1080"):
        check_proxy("proxy", url)
    for url in ("proxy:3128", "socks4://h:1", "https://h"):
        with pytest.raises(ValueError, match="'proxy' is "):
            check_proxy("proxy", url)


def test_password_of_a_refused_proxy_is_not_repeated() -> None:
    for url in ("ftp://user:secret@h:1", "socks4://user:sec@ret@h", "http://user:secret@h:x"):
        with pytest.raises(ValueError, match="'proxy' is ") as caught:
            check_proxy("proxy", url)
        assert "sec" not in str(caught.value)


def test_loopback_is_this_host() -> None:
    hosts = ("localhost", "127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "example.com", "")
    assert [is_loopback(host) for host in hosts] == [True, True, True, True, False, False, False]
