"""Variables of the environment: every key has one, the later layer wins, mistakes are named."""

from __future__ import annotations

import pytest

from gateway.config import Config, override_settings, settle
from gateway.config.environment import OTHERS
from gateway.config.keys import Key, keys
from gateway.config.toml_text import literal
from gateway.errors import ConfigError

KEYS = list(keys().values())


def test_no_two_keys_share_a_variable() -> None:
    names = [key.variable for key in KEYS]
    assert len(set(names)) == len(names)
    assert not set(names) & set(OTHERS)
    assert {"GATEWAY_BOOK_LEVELS", "GATEWAY_SUBSCRIBE", "GATEWAY_RUN_DIR"} <= set(names)
    assert "GATEWAY_UPSTREAM_ENDPOINTS_SPOT_WS" in names


@pytest.mark.parametrize("key", KEYS, ids=[key.name for key in KEYS])
def test_every_key_can_be_set(key: Key) -> None:
    """Written as TOML, a value is the same in a variable as in a file."""
    text = key.default if isinstance(key.default, str) else literal(key.default)
    settings = settle("", "a.toml", {key.variable: text})
    assert settings.config == Config()
    assert settings.origins == ({key.name: key.variable} if text else {})


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("GATEWAY_BOOK_LEVELS", "50", "book.levels", 50),
        ("GATEWAY_BOOK_LEVELS_MAX", "1_000", "book.levels_max", 1000),
        ("GATEWAY_REST_TIMEOUT_SECONDS", "3", "rest.timeout_seconds", 3.0),
        ("GATEWAY_BACKFILL_ENABLED", "false", "backfill.enabled", False),
        ("GATEWAY_UPSTREAM_PRESET", "demo", "upstream.preset", "demo"),
        ("GATEWAY_METRICS_LISTEN", "[::1]:0", "metrics.listen", "[::1]:0"),
        (
            "GATEWAY_SUBSCRIBE",
            " spot:btcusdt@trade  usdm:*@ticker usdm:!ticker@arr\n",
            "subscribe",
            ("spot:btcusdt@trade", "usdm:*@ticker", "usdm:!ticker@arr"),
        ),
        ("GATEWAY_PROCESSES_CPUS", "2 3 4-5,8", "processes.cpus", ("2", "3", "4-5,8")),
        ("GATEWAY_SUBSCRIBE", '["spot:btcusdt@trade"]', "subscribe", ("spot:btcusdt@trade",)),
        (
            "GATEWAY_UPSTREAM_ENDPOINTS_USDM_WS",
            "wss://a.example wss://b.example:8443",
            "upstream.endpoints.usdm.ws",
            ("wss://a.example", "wss://b.example:8443"),
        ),
        (
            "GATEWAY_BOOK_DEPTH_LEVELS",
            '{ "usdm:*" = 100 }',
            "book.depth_levels",
            {"usdm:*": 100},
        ),
    ],
)
def test_text_of_a_variable_is_read_as_its_key_is(
    variable: str, text: str, path: str, value: object
) -> None:
    found: object = settle("", "a.toml", {variable: text}).config
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value


@pytest.mark.parametrize(
    ("variable", "text", "sentence"),
    [
        (
            "GATEWAY_BOOK_LEVELS",
            "fifty",
            "GATEWAY_BOOK_LEVELS: is 'fifty'; write a whole number fr",
        ),
        ("GATEWAY_BOOK_LEVELS", "0", "GATEWAY_BOOK_LEVELS: is 0; write a whole number from 1 to"),
        ("GATEWAY_BOOK_LEVELS", "1\nx = 2", "GATEWAY_BOOK_LEVELS: is '1\\nx = 2'; write a whole"),
        ("GATEWAY_BACKFILL_ENABLED", "yes", "GATEWAY_BACKFILL_ENABLED: is 'yes'; write true or f"),
        ("GATEWAY_SUBSCRIBE", "spot:btcusdt@nope", "GATEWAY_SUBSCRIBE: subscribe: spot:btcusdt@no"),
        ("GATEWAY_SUBSCRIBE", "[1]", "GATEWAY_SUBSCRIBE: has 1; write a list of texts"),
        ("GATEWAY_BOOK_DEPTH_LEVELS", "usdm:*=100", "GATEWAY_BOOK_DEPTH_LEVELS: is 'usdm:*=100';"),
        ("GATEWAY_MEMORY_RAW_RING_BYTES", "70000", "GATEWAY_MEMORY_RAW_RING_BYTES: memory: 'raw_"),
        ("GATEWAY_UPSTREAM_WS", "wss://h", "GATEWAY_UPSTREAM_WS: upstream: 'ws' and 'rest' belong"),
        ("GATEWAY_UPSTREAM_PROXY", "ftp://a:secret@h", "'proxy' is 'ftp://a:***@h', must start"),
    ],
)
def test_wrong_value_names_its_variable(variable: str, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settle("", "defaults", {variable: text})
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(variable)
    assert "secret" not in str(caught.value)


def test_later_layers_win_key_by_key() -> None:
    text = "shards = 2\n[book]\nlevels = 30\nlevels_max = 2000"
    environment = {"GATEWAY_BOOK_LEVELS": "40", "GATEWAY_SUBSCRIBE": "spot:btcusdt@trade"}
    settings = settle(text, "a.toml", environment)
    assert settings.origins == {
        "shards": "a.toml",
        "book.levels": "GATEWAY_BOOK_LEVELS",
        "book.levels_max": "a.toml",
        "subscribe": "GATEWAY_SUBSCRIBE",
    }
    assert (settings.config.book.levels, settings.config.book.levels_max) == (40, 2000)
    settings = override_settings(settings, subscribe=["spot:ethusdt@trade"])
    assert settings.config.subscribe == ("spot:ethusdt@trade",)
    assert settings.origins["subscribe"] == "--subscribe"


def test_addresses_of_a_later_layer_replace_the_preset_of_an_earlier_one() -> None:
    file = '[upstream]\npreset = "demo"\nproxy = "http://h:1"'
    addresses = {"GATEWAY_UPSTREAM_WS": "wss://h", "GATEWAY_UPSTREAM_REST": "https://h"}
    upstream = settle(file, "a.toml", addresses).config.upstream
    assert (upstream.ws, upstream.preset, upstream.proxy) == ("wss://h", "binance", "http://h:1")
    file = '[upstream]\nws = "wss://h"\nrest = "https://h"'
    upstream = settle(file, "a.toml", {"GATEWAY_UPSTREAM_PRESET": "demo"}).config.upstream
    assert (upstream.ws, upstream.rest, upstream.preset) == ("", "", "demo")
    settings = settle('[upstream]\npreset = "demo"', "a.toml", {})
    settings = override_settings(settings, upstream_ws="wss://h", upstream_rest="https://h")
    assert settings.origins == {"upstream.ws": "--upstream-ws", "upstream.rest": "--upstream-rest"}


def test_empty_variables_and_those_of_others_count_for_nothing() -> None:
    environment = {
        "GATEWAY_BOOK_LEVELS": "",
        "HOME": "/",
        "BOOK_LEVELS": "3",
        "GATEWAY_LOG": "json",
    }
    settings = settle("", "a.toml", environment)
    assert (settings.config, settings.origins, settings.remarks) == (Config(), {}, ())


def test_variable_that_sets_nothing_is_named() -> None:
    settings = settle("", "a.toml", {"GATEWAY_BOOK_LEVEL": "3", "GATEWAY_PORT": "tcp://1.2.3.4"})
    assert settings.config == Config()
    assert settings.remarks == (
        "GATEWAY_BOOK_LEVEL: sets no key, and is ignored; did you mean GATEWAY_BOOK_LEVELS?",
        "GATEWAY_PORT: sets no key, and is ignored; 'gateway config init' lists the keys",
    )
