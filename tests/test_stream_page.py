"""The page of all streams: what the table says, and calls that exist."""

from __future__ import annotations

import inspect
from pathlib import Path

from gateway.stream_page import ACCESSORS, render
from gateway.stream_table import SLOTS
from gateway_client import Gateway

ROOT = Path(__file__).resolve().parents[1]


def test_page_is_what_the_table_says() -> None:
    found = (ROOT / "STREAMS.md").read_text(encoding="utf-8")
    assert found == render(), "STREAMS.md is stale: run make layout"


def test_every_kind_with_a_slot_has_a_call_that_reads_it() -> None:
    assert set(ACCESSORS) == set(SLOTS)
    for call in set(ACCESSORS.values()):
        name, _, arguments = call.rstrip(")").partition("(")
        method = getattr(Gateway, name)
        given = arguments.split(", ")
        assert len(given) < len(inspect.signature(method).parameters)
