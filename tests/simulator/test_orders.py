"""Orders to the control room, as JSON."""

from __future__ import annotations

import pytest

from gateway.simulator.names import Market
from gateway.simulator.orders import (
    ORDERS,
    BadOrder,
    Disconnect,
    Kill,
    Lag,
    Order,
    Refuse,
    SetRules,
    Silence,
    read_order,
)
from gateway.simulator.rules import Pool


@pytest.mark.parametrize("name", list(ORDERS))
def test_example_of_each_order_is_one(name: str) -> None:
    kind, example = ORDERS[name]
    assert type(read_order(name, example.encode())) is kind


@pytest.mark.parametrize(
    ("name", "body", "order"),
    [
        ("kill", b"", Kill()),
        ("kill", b'{"market":"usdm","connection":3}', Kill(market=Market.USDM, connection=3)),
        ("disconnect", b'{"code":1012}', Disconnect(code=1012)),
        ("lag", b'{"seconds":1}', Lag(1.0)),
        ("silence", b'{"stream":"spot:a@trade","sticky":true}',
         Silence("spot:a@trade", sticky=True)),
        ("refuse", b'{"status":"tcp"}', Refuse("tcp")),
        ("refuse", b'{"on":false}', Refuse(on=False)),
        ("rules", b'{"weight":{"spot":300}}', SetRules(weight={Pool.SPOT: 300})),
    ],
)  # fmt: skip
def test_order_is_read(name: str, body: bytes, order: Order) -> None:
    assert read_order(name, body) == order


@pytest.mark.parametrize(
    ("name", "body", "named"),
    [
        ("kill", b"{", "truncated"),
        ("kill", b"[]", "object"),
        ("kill", b'{"marker":"spot"}', "marker"),
        ("kill", b'{"market":"moon"}', "moon"),
        ("kill", b'{"stream":"btcusdt@trade"}', "'btcusdt@trade' is not a stream"),
        ("hold", b'{"on":1}', "on"),
        ("drop", b'{"stream":"spot:a@trade","count":0}', "count"),
        ("drop", b"{}", "stream"),
        ("disconnect", b'{"code":1005}', "1005"),
        ("lag", b'{"seconds":-1}', "seconds"),
        ("lag", b"{}", "seconds"),
        ("silence", b'{"stream":"spot:a@trade","connection":1,"sticky":true}', "sticky"),
        ("refuse", b"{}", "status"),
        ("refuse", b'{"status":500}', "500"),
        ("refuse", b'{"status":"tcp","count":2}', "tcp"),
        ("rules", b'{"weight":{"moon":1}}', "moon"),
        ("halt", b'{"symbol":"BTCUSDT"}', "BTCUSDT"),
    ],
)
def test_what_is_not_an_order_is_refused_in_one_line(name: str, body: bytes, named: str) -> None:
    with pytest.raises(BadOrder) as caught:
        read_order(name, body)
    text = str(caught.value)
    assert text.startswith(f"{name}: ")
    assert named in text
    assert ORDERS[name][1] in text
    assert "\n" not in text
