"""What may be dialled, and which address is next."""

from __future__ import annotations

import pytest

from gateway.errors import ConfigError
from gateway.shard.address import Addresses, check_proxy, check_url, host_of


@pytest.mark.parametrize(
    "url",
    [
        "wss://stream.binance.com:9443/stream",
        "wss://fstream.binance.com/public/stream",
        "ws://127.0.0.1:8090/spot/stream",
        "ws://127.8.9.1/spot",
        "ws://[::1]:8090/spot/stream",
        "ws://localhost:8090/spot/stream",
    ],
)
def test_tls_anywhere_and_plain_on_this_host_may_be_dialled(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "ws://stream.binance.com:9443/stream",
        "ws://192.168.1.7:8090/spot/stream",
        "ws://127.0.0.1.example.com/stream",
        "ws://localhost.example.com/stream",
        "ws://10.0.0.1/",
    ],
)
def test_plain_to_another_host_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_url(url)
    assert str(caught.value).startswith(
        f"{url}: is not encrypted, and not on this host; use wss://"
    )
    assert caught.value.exit_code == 78


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "stream", "", "wss://", "wss://h:99999/x"])
def test_what_is_no_websocket_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        check_url(url)


@pytest.mark.parametrize("proxy", ["", "http://10.0.0.1:3128", "socks5://u:p@proxy.example:1080"])
def test_proxies_may_be_anywhere(proxy: str) -> None:
    check_proxy(proxy)


@pytest.mark.parametrize("proxy", ["10.0.0.1:3128", "ftp://u:secret@h:1", "socks5://"])
def test_what_is_no_proxy_is_refused_without_its_password(proxy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_proxy(proxy)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("wss://stream.binance.com:9443/stream", "stream.binance.com"),
        ("wss://stream.binance.com/stream", "stream.binance.com"),
        ("ws://127.0.0.1:8090/spot/stream", "127.0.0.1:8090"),
        ("ws://localhost:8090/spot/stream", "localhost:8090"),
    ],
)
def test_a_host_counts_whatever_its_port_but_simulators_count_apart(url: str, host: str) -> None:
    assert host_of(url) == host


def test_an_address_that_fails_makes_room_for_the_next_and_comes_round_again() -> None:
    addresses = Addresses(("a", "b", "c"))
    seen = []
    for _ in range(4):
        seen.append(addresses.current)
        addresses.failed(addresses.current)
    assert seen == [0, 1, 2, 0]


def test_a_probe_that_fails_changes_nothing() -> None:
    addresses = Addresses(("a", "b", "c"))
    addresses.failed(2)
    assert addresses.current == 0


def test_probes_try_each_other_address_in_turn_until_one_delivers() -> None:
    addresses = Addresses(("a", "b", "c"), current=1)
    assert [addresses.probe() for _ in range(4)] == [2, 0, 2, 0]
    addresses.delivered(0)
    assert addresses.current == 0
    assert addresses.probe() == 1


def test_a_single_address_is_all_there_is_to_probe() -> None:
    assert Addresses(("a",)).probe() == 0
