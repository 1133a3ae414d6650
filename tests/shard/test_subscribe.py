"""SUBSCRIBE batches and the venue's answers."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shard.subscribe import (
    FRAME_BYTES_MAX,
    NAMES_MAX,
    Answer,
    batches,
    is_shutdown,
    parse_answer,
    subscribe_frame,
)


@given(st.lists(st.text(min_size=1, max_size=60), max_size=700))
def test_batches_keep_every_name_in_order_and_fit_the_venue(names: list[str]) -> None:
    parts = list(batches(names))
    assert [name for part in parts for name in part] == names
    for part in parts:
        assert 0 < len(part) <= NAMES_MAX
        assert len(subscribe_frame(part, 2**31)) <= FRAME_BYTES_MAX


def test_two_hundred_names_go_into_one_frame_when_they_are_short() -> None:
    assert len(list(batches(["a@b"] * 200))) == 1
    assert len(list(batches(["a@b"] * 201))) == 2


def test_a_subscription_is_the_venues_message() -> None:
    message = orjson.loads(subscribe_frame(["btcusdt@trade"], 7))
    assert message == {"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 7}


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b'{"result":null,"id":1}', Answer(1, "")),
        (b'{"error":{"code":2,"msg":"Invalid"},"id":2}', Answer(2, "code 2: Invalid")),
        (b'{"code":4,"msg":"Too many","id":3}', Answer(3, "code 4: Too many")),
        (b'{"error":{"code":4,"msg":"Too many"}}', Answer(None, "code 4: Too many")),
        (b'{"e":"serverShutdown","E":1}', None),
        (b"[]", None),
        (b"rubbish", None),
    ],
)  # fmt: skip
def test_answers_are_read_in_both_forms(payload: bytes, answer: Answer | None) -> None:
    assert parse_answer(payload) == answer


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"e":"serverShutdown","E":1770123456789}', True),
        (b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}', True),
        (b'{"result":null,"id":1}', False),
    ],
)
def test_shutdown_is_seen_in_every_form(payload: bytes, expected: bool) -> None:
    assert is_shutdown(payload) is expected
