"""Combined-stream envelopes: any order of keys, and what is no envelope."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import probe
from gateway.errors import DecodeError
from tests.core.test_decode import SAMPLES
from tests.json_noise import Literal, Members, text_of, unknown
from tests.model import decode as model
from tests.model.faults import Refused
from tests.strategies import Payload, examples, mutate, payloads, seeds

NAMES = ("btcusdt@trade", "btcusd_perp@depth@0ms", "测试usdt@bookTicker", "!ticker@arr", "")


def split(frame: bytes) -> tuple[str, bytes]:
    name, offset, length = probe.split_envelope(frame)
    assert 0 <= offset <= offset + length <= len(frame)
    return name.decode(), frame[offset : offset + length]


@st.composite
def enveloped(draw: Any) -> tuple[str, Payload, bytes]:
    payload = draw(payloads())
    noise = random.Random(draw(seeds))
    name = draw(st.sampled_from(NAMES))
    pairs = [("stream", name), ("data", Literal(payload.data.decode()))]
    pairs += [
        (key, unknown(noise)) for key in ("id", "x", "streams", "dat") if noise.random() < 0.3
    ]
    noise.shuffle(pairs)
    return name, payload, text_of(Members(tuple(pairs)), noise).encode()


@examples(1000)
@given(enveloped())
def test_any_order_of_keys_is_split(case: tuple[str, Payload, bytes]) -> None:
    name, payload, frame = case
    found, data = split(frame)
    assert found == name
    assert data.strip(b" \t\r\n") == payload.data


@pytest.mark.parametrize("payload", SAMPLES)
def test_the_venues_own_form_is_split(payload: Payload) -> None:
    frame = b'{"stream":"a@b","data":' + payload.data + b"}"
    assert split(frame) == ("a@b", payload.data)
    swapped = b'{"data":' + payload.data + b',"stream":"a@b"}'
    assert split(swapped) == ("a@b", payload.data)


@pytest.mark.parametrize(
    "data", [b"[]", b"[{},{}]", b'"text"', b"null", b"12", b'{"a":{"stream":"no","data":1}}']
)
def test_data_may_be_any_value(data: bytes) -> None:
    for frame in (b'{"stream":"s","data":%s}' % data, b'{"data" : %s, "stream":"s"}' % data):
        name, found = split(frame)
        assert name == "s"
        assert json.loads(found) == json.loads(data)


def test_of_a_key_sent_twice_the_last_counts() -> None:
    assert split(b'{"stream":"a","data":1,"stream":"b","data":2}') == ("b", b"2")
    assert split(b'{"data":1,"data":2,"stream":"a","stream":"b"}') == ("b", b"2")


@pytest.mark.parametrize(
    "frame",
    [b'{"result":null,"id":1}', b'{"error":{"code":2,"msg":"Invalid request"},"id":2}', b"{}"],
)
def test_control_answers_are_no_envelope(frame: bytes) -> None:
    name, offset, length = probe.split_envelope(frame)
    assert (name, offset, length) == (b"", -1, 0)


@pytest.mark.parametrize(
    "frame",
    [
        b"", b" ", b"{", b'{"stream"', b'{"stream":"a","data":', b'{"stream":"a","data":{}',
        b"[]", b"null", b'{"stream":1,"data":{}}', b'{"stream":"a" "data":{}}', b"}{", b"\xff\xfe",
        b'{"stream":"a","data":{}}x', b'{"data":{]},"stream":"a"}', b'{"data":{"stream":"a"}',
    ],
)  # fmt: skip
def test_what_is_neither_is_refused(frame: bytes) -> None:
    """Or split, where the fault lies in the data: then the payload's decoder refuses it."""
    try:
        name, offset, length = probe.split_envelope(frame)
    except DecodeError:
        return
    assert not name or not model.is_object(frame[offset : offset + length])


@examples(1000)
@given(enveloped(), seeds)
def test_mutated_envelopes_never_become_another_stream(
    case: tuple[str, Payload, bytes], seed: int
) -> None:
    """Split as the oracle splits; or refused, or left to a decoder that will refuse the data."""
    harmed = bytearray(case[2])
    mutate(harmed, random.Random(seed))
    mutated = bytes(harmed)
    if not probe.utf8_valid(mutated):
        return  # never reaches the splitter
    try:
        expected = model.split_envelope(mutated)[0]
    except Refused:
        expected = None
    try:
        name, offset, length = probe.split_envelope(mutated)
    except DecodeError:
        assert expected is None
        return
    if expected is None:
        assert offset < 0 or not name or not model.is_object(mutated[offset : offset + length])
    else:
        assert name.decode() == expected


def test_a_name_longer_than_any_stream_is_no_harm() -> None:
    name, _, _ = probe.split_envelope(b'{"stream":"' + b"x" * 100_000 + b'","data":{}}')
    assert len(name) in (0, 100_000)
