"""The control socket's protocol, bytes in and bytes out."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.supervisor import requests
from gateway.supervisor.requests import Outcome, Refusal, Request, RequestError


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize("id", [7, -1, "a-7", "", None])
def test_request_is_read_with_its_id(id: int | str | None) -> None:
    found = requests.read(body(id=id, method="subscribe", streams=["a", "b", "a"]))
    assert found == Request(id, "subscribe", ("a", "b"))


def test_snapshot_is_read_with_its_symbols_and_levels() -> None:
    found = requests.read(body(id=1, method="snapshot", symbols=["a", "b", "a"], levels=5))
    assert found == Request(1, "snapshot", (), ("a", "b"), 5)
    assert requests.read(body(method="snapshot", symbols=["a"])).levels == 0


def test_methods_without_streams_need_none() -> None:
    assert requests.read(b'{"method":"list"}') == Request(None, "list")
    assert requests.read(b'{"method":"status","streams":[]}') == Request(None, "status")


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"", "not JSON: "),
        (b"\x00\xff", "not JSON: "),
        (b"[" * 200_000, "not JSON: "),
        (b"[1]", "not a JSON object"),
        (body(method="subscribe", streams=["a"], more=1), "unknown key 'more'; allowed: id, "),
        (body(method="stop"), "unknown method 'stop'; allowed: subscribe, unsubscribe, list, sta"),
        (body(method=["list"]), "unknown method ['list']"),
        (body(id=1), "unknown method None"),
        (body(method="x" * 1000), "unknown method 'xxxxxxxx"),
        (body(method="subscribe"), "'subscribe' takes 1 to 10000 streams"),
        (body(method="subscribe", streams=["a"] * 10_001), "takes 1 to 10000 streams"),
        (body(method="subscribe", streams="a"), "'streams' must be a list of names"),
        (body(method="subscribe", streams=[1]), "'streams' must be a list of names"),
        (body(method="list", streams=["a"]), "'list' takes no streams"),
        (body(method="list", symbols=["a"]), "'list' takes no symbols"),
        (body(method="list", levels=1), "'list' takes no levels"),
        (body(method="snapshot"), "'snapshot' takes 1 to 16 symbols"),
        (body(method="snapshot", streams=["a"]), "'snapshot' takes no streams"),
        (body(method="snapshot", symbols=[str(n) for n in range(17)]), "takes 1 to 16 symbols"),
        (body(method="snapshot", symbols={"a": 1}), "'symbols' must be a list of names"),
        (body(method="snapshot", symbols=["a"], levels=0), "'levels' must be a whole number"),
        (body(method="snapshot", symbols=["a"], levels=True), "'levels' must be a whole number"),
        (body(method="snapshot", symbols=["a"], levels="5"), "'levels' must be a whole number"),
        (b" " * (requests.REQUEST_BYTES_MAX + 1), "a request of 1048577 bytes, over 1048576"),
    ],
)
def test_wrong_request_is_one_clear_line(sent: bytes, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        requests.read(sent)
    assert message in caught.value.message
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("id", [1.5, True, [1], {"a": 1}, "x" * 65])
def test_id_of_another_kind_is_refused(id: object) -> None:
    with pytest.raises(RequestError, match="'id' must be a whole number or a string of at most"):
        requests.read(body(id=id, method="list"))


def test_refusal_comes_with_the_id_that_could_be_read() -> None:
    with pytest.raises(RequestError) as caught:
        requests.read(body(id=9, method="nope"))
    assert caught.value.id == 9


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(sent: bytes) -> None:
    with contextlib.suppress(RequestError):
        requests.read(sent)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "id": JSON,
            "method": JSON | st.sampled_from(requests.METHODS),
            "streams": JSON,
            "symbols": JSON,
            "levels": JSON,
        },
    )
)
def test_no_json_raises_anything_else(sent: dict[str, Any]) -> None:
    with contextlib.suppress(RequestError):
        assert requests.read(json.dumps(sent).encode()).method in requests.METHODS


def test_reply_has_the_shape_of_the_contract() -> None:
    outcome = Outcome(["a"], ["b"], {"c": Refusal("no such symbol", 67)})
    assert json.loads(requests.result(7, outcome.as_result())) == {
        "id": 7,
        "result": {
            "added": ["a"],
            "removed": ["b"],
            "refused": {"c": "no such symbol"},
            "late": [],
            "code": 67,
        },
    }
    assert json.loads(requests.error("x", 2, "why")) == {
        "id": "x",
        "error": {"code": 2, "message": "why"},
    }


@pytest.mark.parametrize(
    ("codes", "late", "code"),
    [([], [], 0), ([67, 2], [], 2), ([73, 67], [], 67), ([73], [0], 73), ([], [0], 69)],
)
def test_code_is_the_worst_refusals(codes: list[int], late: list[int], code: int) -> None:
    refused = {str(n): Refusal("why", each) for n, each in enumerate(codes)}
    assert Outcome(refused=refused, late=late).code == code
