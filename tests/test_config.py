"""The configuration: defaults, what a file may say, and a clear refusal of everything else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gateway.config import Config, load, override, read, streams_of
from gateway.errors import ConfigError, ConfigMissing, UsageError
from gateway.layout import Kind, Market


def test_defaults_are_both_coins_on_both_markets() -> None:
    streams = streams_of(Config(), "defaults")
    assert {s.symbol_id for s in streams} == {
        "spot:BTCUSDT", "spot:ETHUSDT", "usdm:BTCUSDT", "usdm:ETHUSDT",
    }  # fmt: skip
    of_one = {s.form.kind for s in streams if s.symbol_id == "spot:BTCUSDT"}
    assert of_one == {Kind.QUOTE, Kind.DIFF, Kind.TRADE, Kind.TICKER}
    futures = {s.form.kind for s in streams if s.market is Market.USDM}
    assert futures == {Kind.QUOTE, Kind.DIFF, Kind.AGG_TRADE, Kind.TICKER}


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
        ("subscrib = []", "a.toml: subscrib: unknown key; allowed: subscribe, run_dir, upstream,"),
        ("[rest]\ntimeout = 1", "a.toml: rest.timeout: unknown key; allowed: timeout_seconds,"),
        ("rest = 3", "a.toml: rest: Expected `object`, got `int`; correct it"),
        (
            "[rest]\ntimeout_seconds = 'x'",
            "a.toml: rest.timeout_seconds: Expected `float`, got `str`",
        ),
        ("[rest]\ntimeout_seconds = 0", "a.toml: rest.timeout_seconds: Expected `float` > 0"),
        ("[memory]\nraw_ring_bytes = 70000", "'raw_ring_bytes' is 70000, must be a power of two"),
        ("[memory]\nraw_ring_bytes = 1024", "memory.raw_ring_bytes: Expected `int` >= 65536"),
        ("[book]\nlevels = 3000", "a.toml: book.levels: Expected `int` <= 2048"),
        ("[upstream]\nws = 'ws://h'", "'ws' and 'rest' belong together: set both or none"),
        ("[upstream]\nws = 'h'\nrest = 'http://h'", "'ws' is 'h', must start with ws:// or wss://"),
        ("[upstream]\nws = 'ws://'\nrest = 'http://h'", "'ws' is 'ws://', must start with"),
        ("[liveness]\nheartbeat_interval_ms = 500", "must be at least 3 x 'heartbeat_interval_ms'"),
        ("subscribe = []", "a.toml: subscribe: no streams; list at least one"),
        (
            "subscribe = ['spot:btcusdt@nope']",
            "a.toml: subscribe: spot:btcusdt@nope: unknown stream",
        ),
        ("subscribe = [1]", "a.toml: subscribe[0]: Expected `str`, got `int`"),
    ],
)
def test_wrong_configuration_names_the_key_and_what_is_allowed(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, "a.toml")
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("a.toml: ")
    assert caught.value.exit_code == 78


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


def test_upstream_on_the_command_line_keeps_the_rest_of_the_table() -> None:
    config = msgspec.convert({"upstream": {"tls_ca_file": "ca.pem"}}, Config)
    config = override(config, upstream_ws="ws://h:1", upstream_rest="http://h:2")
    assert (config.upstream.ws, config.upstream.rest) == ("ws://h:1", "http://h:2")
    assert config.upstream.tls_ca_file == "ca.pem"


@pytest.mark.parametrize(
    ("ws", "rest", "sentence"),
    [
        ("ws://h", "", "--upstream-ws: needs the other address too; give --upstream-rest as well"),
        (
            "",
            "http://h",
            "--upstream-rest: needs the other address too; give --upstream-ws as well",
        ),
        ("http://h", "http://h", "'ws' is 'http://h', must start with ws:// or wss://"),
    ],
)
def test_half_an_upstream_is_refused(ws: str, rest: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        override(Config(), upstream_ws=ws, upstream_rest=rest)
    assert sentence in str(caught.value)
