"""What is made from the tables: example, JSON Schema, what is in force. None can rot unseen."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Config, read, settle
from gateway.config.example import example
from gateway.config.keys import Key, keys, suggestion, whole
from gateway.config.schema import schema
from gateway.config.shown import as_object, as_toml
from gateway.config.toml_text import assignment, literal
from tests.config.json_schema import mistakes

KEYS = list(keys().values())
README = Path(__file__).resolve().parents[2] / "README.md"


def set_in_full() -> str:
    """The example with every setting taken into use."""
    return re.sub(r"^#(?! )", "", example(), flags=re.MULTILINE)


@pytest.mark.parametrize("key", KEYS, ids=[key.name for key in KEYS])
def test_every_key_says_what_it_is(key: Key) -> None:
    assert re.fullmatch(r"[^\s].*\.", key.description), "a sentence as Meta(description=…)"
    assert key.allowed != "a value", "a type that limits.words knows"


def test_every_table_says_what_it_is() -> None:
    for section in whole().walk():
        assert section.description.endswith("."), f"{section.struct.__name__} has no docstring"
        assert "\n" not in section.description


def test_example_changes_nothing_as_it_stands() -> None:
    assert read(example(), "example") == Config()


def test_example_has_every_key_with_its_default() -> None:
    settings = settle(set_in_full(), "example", {})
    assert settings.config == Config()
    assert set(settings.origins) == {key.name for key in KEYS}


def test_example_tells_limits_and_fits_a_page() -> None:
    text = example()
    assert "# In shared memory. A whole number from 1 to 2040.\n#levels = 20\n" in text
    assert "# Whose hosts are used. One of binance, testnet, demo.\n" in text
    assert max(map(len, text.splitlines())) <= 100


def test_schema_takes_the_example() -> None:
    for text in (example(), set_in_full()):
        assert mistakes(tomllib.loads(text), schema()) == []


@pytest.mark.parametrize(
    "text",
    [
        "nope = 1", "shards = 0", "shards = 65", "shards = 1.5", 'shards = "1"', "subscribe = [1]",
        "[rest]\ntimeout = 3", "[rest]\ntimeout_seconds = 0", '[upstream]\npreset = "prod"',
        '[book.depth_levels]\n"spot:btcusdt" = 100', '[book.depth_levels]\n"spot:BTCUSDT" = 1',
        "[connections]\nrotate_hours = 24", "[backfill]\nenabled = 1",
    ],
)  # fmt: skip
def test_schema_refuses_what_the_gateway_refuses(text: str) -> None:
    assert len(mistakes(tomllib.loads(text), schema())) == 1
    with pytest.raises(Exception, match=r"a\.toml"):
        read(text, "a.toml")


def test_schema_has_nothing_that_draft_7_has_not() -> None:
    found = schema()
    assert found["$schema"].endswith("draft-07/schema#")
    assert "$ref" not in str(found)
    book = found["properties"]["book"]
    assert book["description"] == "Order books, in levels a side."
    assert book["properties"]["levels"] == {
        "description": "In shared memory.", "type": "integer", "minimum": 1, "maximum": 2040,
        "default": 20,
    }  # fmt: skip


def test_what_is_shown_can_be_read_again() -> None:
    text = 'shards = 3\n[book]\ndepth_levels = { "usdm:*" = 100, "spot:BTCUSDT" = 5000 }'
    settings = settle(text, "a.toml", {"GATEWAY_SUBSCRIBE": "spot:a@trade " * 9})
    shown = as_toml(settings)
    assert read(shown, "shown") == settings.config
    assert re.search(r"^shards = 3 +# a\.toml$", shown, flags=re.MULTILINE)
    assert re.search(r"^subscribe = \[ +# GATEWAY_SUBSCRIBE$", shown, flags=re.MULTILINE)
    assert '\nrun_dir = ""\n' in shown
    assert as_object(settings)["config"] == tomllib.loads(shown)
    assert as_object(settings)["origins"]["book.depth_levels"] == "a.toml"


def test_no_password_is_shown() -> None:
    text = """
        [upstream]
        ws = "wss://me:secret1@h"
        rest = "https://secret2@h"
        proxy = "socks5://me:secret3@h:1"
    """
    settings = settle(text, "a.toml", {})
    shown = as_toml(settings)
    assert "secret" not in shown + str(as_object(settings))
    assert 'proxy = "socks5://me:***@h:1"' in shown
    read(shown, "shown")


def test_readme_shows_defaults_and_no_other_key() -> None:
    text = README.read_text("utf-8")
    (block,) = [
        b for b in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[connections]" in b
    ]
    settings = settle(block, "README.md", {})
    assert settings.config == Config()
    assert {"shards", "book.levels", "upstream.proxy"} <= set(settings.origins)


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.text(min_size=1), VALUES)
def test_every_value_is_written_so_that_it_can_be_read(name: str, value: Any) -> None:
    assert tomllib.loads("\n".join(assignment(name, value))) == {name: value}
    assert tomllib.loads(f"x = {literal(value)}") == {"x": value}


def test_nearest_name_is_suggested_and_nothing_far_off() -> None:
    allowed = ["levels", "levels_max", "timeout_seconds"]
    assert suggestion("level", allowed) == "levels"
    assert suggestion("timeout", allowed) == "timeout_seconds"
    assert suggestion("colour", allowed) == ""
