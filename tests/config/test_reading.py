"""The configuration: defaults, what a file may say, and a clear refusal of everything else."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from gateway.config import Config, Upstream, load, override, read, selection_of
from gateway.config.reading import examine
from gateway.errors import ConfigError, ConfigMissing, UsageError
from gateway.layout import Kind, Market


def test_defaults_are_both_coins_on_both_markets() -> None:
    streams = selection_of(Config(), "defaults").streams
    assert {s.symbol_id for s in streams} == {
        "spot:BTCUSDT", "spot:ETHUSDT", "usdm:BTCUSDT", "usdm:ETHUSDT",
    }  # fmt: skip
    of_one = {s.form.kind for s in streams if s.symbol_id == "spot:BTCUSDT"}
    assert of_one == {Kind.QUOTE, Kind.DIFF, Kind.TRADE, Kind.TICKER}
    futures = {s.form.kind for s in streams if s.market is Market.USDM}
    assert futures == {Kind.QUOTE, Kind.DIFF, Kind.AGG_TRADE, Kind.TICKER}


def blocks_of_readme() -> list[str]:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)


def test_readme_shows_the_defaults() -> None:
    (block,) = [block for block in blocks_of_readme() if "[connections]" in block]
    assert read(block, "README.md") == Config()


def test_readme_shows_streams_that_can_be_subscribed() -> None:
    (block,) = [block for block in blocks_of_readme() if block.startswith("subscribe")]
    assert len(read(block, "README.md").subscribe) == 6


def test_empty_file_is_the_defaults() -> None:
    assert read("", "a.toml") == Config()


def test_file_changes_what_it_names_and_nothing_else() -> None:
    text = """
        subscribe = ["coinm:btcusd_perp@depth@100ms"]
        [memory]
        events_ring_bytes = 1048576
        [rest]
        timeout_seconds = 3
    """
    config = read(text, "a.toml")
    assert config.subscribe == ("coinm:btcusd_perp@depth@100ms",)
    assert config.memory.events_ring_bytes == 1 << 20
    assert config.memory.raw_ring_bytes == Config().memory.raw_ring_bytes
    assert config.rest.timeout_seconds == 3.0
    assert config.book == Config().book


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("subscribe = [", "a.toml: is not TOML: "),
        (f"subscribe = {'[' * 100_000}", "a.toml: is nested too deeply; write flat lists"),
        (
            "[[rest]]\nqueue_max = 1",
            "a.toml: rest: is [{'queue_max': 1}]; write a table, as [rest]",
        ),
        (f"rest = '{'x' * 1000}'", "xxxx…; write a table, as [rest]"),
        ("[rest]\nweight_reserve = nan", "rest.weight_reserve: is nan; write a number from 0 to"),
        ("levels = 3", "a.toml: levels: unknown key; did you mean book.levels? allowed: "),
        ("a = 3", "a.toml: a: unknown key; allowed: "),
        (
            "subscrib = []",
            "a.toml: subscrib: unknown key; did you mean subscribe? allowed: subscribe, run",
        ),
        (
            "[rest]\ntimeout = 1",
            "a.toml: rest.timeout: unknown key; did you mean timeout_seconds? allowed: timeout_s",
        ),
        ("rest = 3", "a.toml: rest: is 3; write a table, as [rest]"),
        (
            "[rest]\ntimeout_seconds = 'x'",
            "a.toml: rest.timeout_seconds: is 'x'; write a number above 0, at most 3600",
        ),
        (
            "[rest]\ntimeout_seconds = 0",
            "a.toml: rest.timeout_seconds: is 0; write a number above 0",
        ),
        (
            "[rest]\nqueue_max = 0",
            "a.toml: rest.queue_max: is 0; write a whole number from 1 to 100_000",
        ),
        (
            "[rest]\ntransport = 'ws'",
            "a.toml: rest.transport: is 'ws'; write one of rest, ws-api (did you mean ws-api?)",
        ),
        ("[memory]\nraw_ring_bytes = 70000", "'raw_ring_bytes' is 70000, must be a power of two"),
        (
            "[memory]\nraw_ring_bytes = 1024",
            "memory.raw_ring_bytes: is 1024; write a whole number from 65_536 to ",
        ),
        (
            "[book]\nlevels = 3000",
            "a.toml: book.levels: is 3000; write a whole number from 1 to 2040",
        ),
        (
            "[book.depth_levels]\n'BTCUSDT' = 100",
            "a.toml: book.depth_levels: has BTCUSDT = 100; write a table of whole numbers from",
        ),
        (
            "[book.depth_levels]\n'spot:btcusdt' = 100",
            'book.depth_levels: has "spot:btcusdt" = 100; write a ta',
        ),
        (
            "[book.depth_levels]\n'spot:*' = 5001",
            'book.depth_levels: has "spot:*" = 5001; write a tab',
        ),
        (
            "[book]\nlevels_max = 1000\n[book.depth_levels]\n'spot:*' = 5000",
            "'levels_max' is 1000, less than 5000 asked of REST",
        ),
        (
            "[audit]\ninterval_seconds = -1",
            "audit.interval_seconds: is -1; write a number from 0 to 86_400",
        ),
        ("[backfill]\nevents_max = 0", "backfill.events_max: is 0; write a whole number from 1"),
        ("[upstream]\nws = 'ws://h'", "'ws' and 'rest' belong together: set both or none"),
        ("[upstream]\nws = 'h'\nrest = 'http://h'", "a.toml: upstream: 'ws' is 'h', no address"),
        (
            "[upstream]\nws = 'ws://h'\nrest = 'https://h'",
            "ws:// is for this host only, use wss://",
        ),
        (
            "[upstream]\nws = 'wss://h'\nrest = 'http://h'",
            "http:// is for this host only, use http",
        ),
        (
            "[upstream]\nws = 'wss://h'\nrest = 'https://h'\npreset = 'demo'",
            "'ws' and 'rest' replace 'preset' and 'endpoints': leave those out",
        ),
        (
            "[upstream]\npreset = 'prod'",
            "upstream.preset: is 'prod'; write one of binance, testnet, demo",
        ),
        (
            "[upstream]\nproxy = 'socks4://h:1'",
            "'proxy' is 'socks4://h:1', must start with http://",
        ),
        (
            "[upstream.endpoints.spot]\nws = ['ws://h']",
            "upstream.endpoints.spot: 'ws' is 'ws://h': ",
        ),
        (
            "[upstream.endpoints.spot]\nhosts = []",
            "upstream.endpoints.spot.hosts: unknown key; allow",
        ),
        (
            "[upstream.endpoints.futures]\nws = []",
            "upstream.endpoints.futures: unknown key; allowed:",
        ),
        (
            "[connections]\nstreams_max = 1025",
            "a.toml: connections.streams_max: is 1025; write a whole number from 1 to 1024",
        ),
        (
            "[connections]\nstreams_max = 0",
            "connections.streams_max: is 0; write a whole number from 1 to 1024",
        ),
        (
            "[connections]\nredundancy = 3",
            "a.toml: connections.redundancy: is 3; write a whole number from 1 to 2",
        ),
        (
            "[connections]\nrotate_hours = 24",
            "connections.rotate_hours: is 24; write a number above 0, below 24",
        ),
        (
            "[connections]\nattempts_per_5min = 301",
            "attempts_per_5min: is 301; write a whole number from 1 to 300",
        ),
        (
            "[on_demand]\nmax = 3",
            "on_demand.max: unknown key; allowed: enabled, streams_max, grace_",
        ),
        ("shards = 0", "a.toml: shards: is 0; write a whole number from 1 to 64"),
        (
            "instruments_refresh_minutes = 0",
            "instruments_refresh_minutes: is 0; write a number above 0, at most 1440",
        ),
        ("[liveness]\nheartbeat_interval_ms = 500", "must be at least 3 x 'heartbeat_interval_ms'"),
        ("subscribe = []", "a.toml: subscribe: no streams; list at least one"),
        (
            "subscribe = ['spot:btcusdt@nope']",
            "a.toml: subscribe: spot:btcusdt@nope: unknown stream",
        ),
        ("subscribe = ['spot:*usdt@nope']", "a.toml: subscribe: spot:*usdt@nope: unknown stream"),
        (
            "subscribe = [1]",
            'a.toml: subscribe: has 1; write a list of texts, as ["spot:btcusdt@trade", ',
        ),
    ],
)
def test_wrong_configuration_names_the_key_and_what_is_allowed(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, "a.toml")
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("a.toml: ")
    assert caught.value.exit_code == 78


def test_wrong_value_is_not_blamed_on_its_neighbours() -> None:
    """With the default of ``heartbeat_timeout_ms`` in its place, 500 would be too much."""
    text = "[liveness]\nheartbeat_interval_ms = 500\nheartbeat_timeout_ms = 'long'"
    _, problems = examine(text, "a.toml", {})
    assert [problem.where for problem in problems] == ["liveness.heartbeat_timeout_ms"]


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing) as caught:
        load(tmp_path / "none.toml")
    assert "none.toml: cannot be read: No such file or directory; check --config" in str(
        caught.value
    )
    assert caught.value.exit_code == 66


def test_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(path)


def test_subscribe_on_the_command_line_replaces_the_list() -> None:
    config = override(Config(), subscribe=["spot:bnbusdt@trade", "spot:bnbusdt@trade"])
    assert config.subscribe == ("spot:bnbusdt@trade",)


def test_pattern_on_the_command_line_is_kept_as_it_is() -> None:
    config = override(Config(), subscribe=["usdm:!ticker@arr", "spot:*usdt@trade"])
    assert config.subscribe == ("usdm:!ticker@arr", "spot:*usdt@trade")


def test_upstream_on_the_command_line_replaces_addresses_and_nothing_else() -> None:
    table = {
        "tls_ca_file": "ca.pem",
        "proxy": "http://127.0.0.1:3128",
        "preset": "demo",
        "endpoints": {"spot": {"ws": ["wss://h"]}},
    }
    config = msgspec.convert({"upstream": table}, Config)
    config = override(config, upstream_ws="wss://h:1", upstream_rest="https://h:2")
    assert config.upstream == Upstream(
        "wss://h:1", "https://h:2", tls_ca_file="ca.pem", proxy="http://127.0.0.1:3128"
    )


def test_nothing_need_be_subscribed_where_streams_come_on_demand() -> None:
    config = read("subscribe = []\n[on_demand]\nenabled = true", "a.toml")
    assert selection_of(config, "a.toml").names == ()


def test_addresses_follow_preset_and_own_hosts() -> None:
    text = """
        [upstream]
        preset = "testnet"
        [upstream.endpoints.usdm]
        ws = ["wss://mirror.example:8443"]
    """
    endpoints = read(text, "a.toml").upstream.resolved()
    assert endpoints.ws[Market.USDM] == ("wss://mirror.example:8443",)
    assert endpoints.ws[Market.SPOT][0] == "wss://stream.testnet.binance.vision"
    assert Config().upstream.resolved().name == "binance"


def test_one_base_address_serves_every_market() -> None:
    endpoints = Upstream("ws://127.0.0.1:1", "http://127.0.0.1:2").resolved()
    assert endpoints.ws[Market.COINM] == ("ws://127.0.0.1:1/coinm",)
    assert endpoints.rest[Market.SPOT] == ("http://127.0.0.1:2/spot",)


@pytest.mark.parametrize(
    ("ws", "rest", "sentence"),
    [
        ("ws://h", "", "--upstream-ws: needs the other address too; give --upstream-rest as well"),
        (
            "",
            "http://h",
            "--upstream-rest: needs the other address too; give --upstream-ws as well",
        ),
        ("http://h", "http://h", "'ws' is 'http://h', must start with wss:// (on this host also w"),
        (
            "ws://h",
            "http://h",
            "--upstream-ws/--upstream-rest: 'ws' is 'ws://h': ws:// is for this",
        ),
    ],
)
def test_half_an_upstream_is_refused(ws: str, rest: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        override(Config(), upstream_ws=ws, upstream_rest=rest)
    assert sentence in str(caught.value)


def test_metrics_are_off_and_listen_where_told() -> None:
    assert Config().metrics.listen == ""
    for listen, address in (
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
    ):
        assert read(f'[metrics]\nlisten = "{listen}"', "a.toml").metrics.address == address


@pytest.mark.parametrize("listen", ["0.0.0.0:9464", "192.0.2.1:9464", "[::]:1", "host.example:1"])
def test_metrics_for_other_hosts_must_be_allowed(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"metrics: .*other hosts may reach it.*public = true"):
        read(f'[metrics]\nlisten = "{listen}"', "a.toml")
    assert read(f'[metrics]\nlisten = "{listen}"\npublic = true', "a.toml").metrics.public


@pytest.mark.parametrize(
    "listen", ["9464", ":9464", "127.0.0.1", "127.0.0.1:", "::1:9464", "[]:1", "h:65536", "h:٣"]
)
@pytest.mark.parametrize("public", ["true", "false"])
def test_metrics_at_no_address_are_refused(listen: str, public: str) -> None:
    with pytest.raises(ConfigError, match=r"'listen' is .* must be like '127.0.0.1:9464'"):
        read(f'[metrics]\nlisten = "{listen}"\npublic = {public}', "a.toml")
