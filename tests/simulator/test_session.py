"""Control messages, as the venue's documents and measurements have their answers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.simulator.conduct import Violation
from gateway.simulator.names import Market
from gateway.simulator.session import STREAMS_MAX, Answer, Session


def ask(session: Session, **request: Any) -> Answer:
    return session.handle(orjson.dumps(request))


def test_subscribing_is_acked_and_listed_once() -> None:
    session = Session(Market.SPOT, True, ["a@trade"])
    answer = ask(session, method="SUBSCRIBE", params=["b@trade", "a@trade", "b@trade"], id=1)
    assert answer == Answer(b'{"result":null,"id":1}', added=("b@trade",))
    assert ask(session, method="LIST_SUBSCRIPTIONS", id=3).reply == (
        b'{"result":["a@trade","b@trade"],"id":3}'
    )


def test_unsubscribing_is_acked_also_for_what_was_not_subscribed() -> None:
    session = Session(Market.USDM, True, ["a@trade"])
    answer = ask(session, method="UNSUBSCRIBE", params=["b@trade", "a@trade"], id=312)
    assert answer == Answer(b'{"result":null,"id":312}', removed=("a@trade",))
    assert session.streams == ()


def test_nonsense_that_is_well_formed_is_acked() -> None:
    session = Session(Market.SPOT, True)
    answer = ask(session, method="SUBSCRIBE", params=["BTCUSDT@trade", "x@nonsense"], id=1)
    assert answer.added == ("BTCUSDT@trade", "x@nonsense")


def test_combined_is_read_and_set() -> None:
    session = Session(Market.SPOT, False)
    assert ask(session, method="GET_PROPERTY", params=["combined"], id=2).reply == (
        b'{"result":false,"id":2}'
    )
    assert ask(session, method="SET_PROPERTY", params=["combined", True], id=5).reply == (
        b'{"result":null,"id":5}'
    )
    assert session.combined
    assert ask(session, method="GET_PROPERTY", params=["combined"], id=2).reply == (
        b'{"result":true,"id":2}'
    )


VARIANTS = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            b'{"method":"SET_PROPERTY","params":["other",true],"id":1}',
            {"error": {"code": 0, "msg": "Unknown property"}, "id": 1},
        ),
        (
            b'{"method":"SET_PROPERTY","params":["combined",1],"id":1}',
            {"error": {"code": 1, "msg": "Invalid value type: expected Boolean"}, "id": 1},
        ),
        (
            b'{"method":"GET_PROPERTY","params":[7],"id":1}',
            {
                "error": {"code": 2, "msg": "Invalid request: property name must be a string"},
                "id": 1,
            },
        ),
        (
            b'{"method":"GET_PROPERTY","id":1}',
            {
                "error": {"code": 2, "msg": "Invalid request: property name must be a string"},
                "id": 1,
            },
        ),
        (
            b'{"method":"SUBSCRIBE","params":["a@trade"],"id":[]}',
            {
                "error": {
                    "code": 2,
                    "msg": "Invalid request: request ID must be an unsigned integer",
                }
            },
        ),
        (
            b'{"method":"BUY","id":1}',
            {
                "error": {
                    "code": 2,
                    "msg": "Invalid request: unknown variant BUY, expected one of "
                    f"{VARIANTS} at line 1 column 15",
                },
                "id": 1,
            },
        ),
        (
            b'{"id":1}',
            {
                "error": {
                    "code": 2,
                    "msg": "Invalid request: missing field `method` at line 1 column 8",
                },
                "id": 1,
            },
        ),
        (
            b'{"method":"LIST_SUBSCRIPTIONS","params":["a"],"id":1}',
            {"error": {"code": 2, "msg": "Invalid request: too many parameters"}, "id": 1},
        ),
        (
            b'{"method":"SUBSCRIBE","params":["a b"],"id":2}',
            {"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": 2},
        ),
        (
            b'{"method":"SUBSCRIBE","params":[7],"id":2}',
            {"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": 2},
        ),
        (b"[]", {
            "error": {
                "code": 2,
                "msg": "Invalid request: missing field `method` at line 1 column 2",
            }
        }),
    ],
)  # fmt: skip
def test_errors_have_the_codes_and_texts_of_the_venue(text: bytes, error: dict[str, Any]) -> None:
    session = Session(Market.USDM, True)
    answer = session.handle(text)
    assert orjson.loads(answer.reply) == error
    assert answer == Answer(answer.reply, error=error["error"]["code"])
    assert session.streams == ()


@pytest.mark.parametrize("text", [b"hello", b"", b'{"method":', b"\xff\xfe"])
def test_what_is_not_json_is_said_so(text: bytes) -> None:
    error = orjson.loads(Session(Market.SPOT, True).handle(text).reply)["error"]
    assert error["code"] == 3
    assert error["msg"].startswith("Invalid JSON: expected value at line 1 column ")


@pytest.mark.parametrize("request_id", [None, "abc9", -5, 2**63 - 1])
def test_spot_takes_ids_that_futures_refuse(request_id: Any) -> None:
    request = {"method": "LIST_SUBSCRIPTIONS", "id": request_id}
    text = orjson.dumps(request)
    assert orjson.loads(Session(Market.SPOT, True).handle(text).reply) == {
        "result": [],
        "id": request_id,
    }
    futures = orjson.loads(Session(Market.USDM, True).handle(text).reply)
    assert ("error" in futures) is not (request_id == 2**63 - 1)


@pytest.mark.parametrize("request_id", ["a" * 37, "with-dash", 1.5, True, 2**63])
def test_spot_refuses_other_ids(request_id: Any) -> None:
    text = orjson.dumps({"method": "LIST_SUBSCRIPTIONS", "id": request_id})
    assert b'"error"' in Session(Market.SPOT, True).handle(text).reply


TOO_MANY = Answer(
    b'{"error":{"code":4,"msg":"Too many subscriptions"}}',
    close=(1008, "Invalid request"),
    error=4,
    violation=Violation.STREAMS,
)


def test_one_stream_too_many_closes_the_connection() -> None:
    session = Session(Market.USDM, True, [f"s{number}@trade" for number in range(STREAMS_MAX)])
    assert session.opened() is None
    assert ask(session, method="SUBSCRIBE", params=["s1@trade"], id=1).close is None
    assert ask(session, method="SUBSCRIBE", params=["more@trade"], id=2) == TOO_MANY


def test_too_many_streams_in_the_address_end_the_same() -> None:
    names = [f"s{number}@trade" for number in range(STREAMS_MAX + 1)]
    assert Session(Market.SPOT, True, names).opened() == TOO_MANY


def message_of(length: int) -> bytes:
    """Return a SUBSCRIBE for one stream, filled with spaces to ``length`` bytes."""
    text = b'{"method":"SUBSCRIBE","params":["a@trade"],"id":1%b}'
    return text % (b" " * (length - len(text) + 2))


@pytest.mark.parametrize(
    ("market", "length", "is_swallowed"),
    [(Market.SPOT, 4096, False), (Market.SPOT, 4097, True), (Market.USDM, 9000, False)],
)
def test_message_over_4096_bytes_is_swallowed_on_spot(
    market: Market, length: int, is_swallowed: bool
) -> None:
    session = Session(market, True)
    text = message_of(length)
    assert len(text) == length
    answer = session.handle(text)
    assert (answer == Answer(b"", violation=Violation.SIZE)) is is_swallowed
    assert session.streams == (() if is_swallowed else ("a@trade",))


@pytest.mark.parametrize("name", ["NOPE@trade", "btcusdt@kline_7q", "!nothing@arr", "btcusdt"])
def test_name_that_will_never_deliver_is_acked(name: str) -> None:
    answer = ask(Session(Market.USDM, True), method="SUBSCRIBE", params=[name], id=7)
    assert (answer.reply, answer.added) == (b'{"result":null,"id":7}', (name,))
