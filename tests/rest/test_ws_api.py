"""Books over the WebSocket API, against a real server of it beside one of REST."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from gateway.config import Config, Upstream
from gateway.layout import Market
from gateway.rest.client import RestClient
from gateway.rest.ws_messages import depth_request, read_answer

BOOK = {"lastUpdateId": 7, "bids": [["1.0", "2.0"]], "asks": []}
LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "count": 99},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "count": 4000},
]
Judge = Callable[[dict[str, Any], web.WebSocketResponse], Awaitable[dict[str, Any] | None]]


@dataclass
class Venue:
    """Requests over WebSocket, connections of it, and calls by REST."""

    base: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    leaves: list[str] = field(default_factory=list)


async def good(request: dict[str, Any], _: web.WebSocketResponse) -> dict[str, Any]:
    return {"id": request["id"], "status": 200, "result": BOOK, "rateLimits": LIMITS}


@asynccontextmanager
async def both(
    judge: Judge = good, handshake: int = 101, wait_s: float = 0.0
) -> AsyncIterator[tuple[RestClient, Venue]]:
    found = Venue()

    async def serve(request: web.Request) -> web.StreamResponse:
        found.connections.append(request.path)
        if handshake != 101:
            return web.Response(status=handshake, headers={"Retry-After": "300"})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            found.asked.append(json.loads(message.data))
            answer = await judge(found.asked[-1], socket)
            if answer is not None:
                await socket.send_str("not for you")
                await socket.send_str(json.dumps(answer))
        return socket

    async def call(request: web.Request) -> web.StreamResponse:
        found.rest.append(str(request.rel_url))
        return web.Response(text="by REST")

    async def leave(host: str) -> float:
        found.leaves.append(host)
        return wait_s

    app = web.Application()
    for path in ("/spot/ws-api/v3", "/usdm/ws-fapi/v1", "/coinm/ws-dapi/v1"):
        app.router.add_get(path, serve)
    app.router.add_get("/{tail:.*}", call)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.base = f"127.0.0.1:{runner.addresses[0][1]}"
    rest = RestClient(Config(upstream=Upstream(f"ws://{found.base}", f"http://{found.base}")))
    rest.use_ws_api(leave)
    try:
        yield rest, found
    finally:
        await rest.close()
        await runner.cleanup()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("market", "path", "weight"),
    [
        (Market.SPOT, "/spot/ws-api/v3", 2 + 5),
        (Market.USDM, "/usdm/ws-fapi/v1", 5 + 5),
        (Market.COINM, "/coinm/ws-dapi/v1", 5 + 5),
    ],
)
async def test_books_come_over_one_connection_and_cost_as_much(
    market: Market, path: str, weight: int
) -> None:
    async def quiet(request: dict[str, Any], socket: web.WebSocketResponse) -> dict[str, Any]:
        return await good(request, socket) | {"rateLimits": []}

    async with both(quiet) as (rest, there):
        found = await rest.depth(market, "BTCUSDT", 100)
        assert (found.status, json.loads(found.body), found.limit) == (200, BOOK, 100)
        await rest.depth(market, "ETHUSDT", 100)
        assert there.asked[0]["method"] == "depth"
        assert there.asked[0]["params"] == {"symbol": "BTCUSDT", "limit": 100}
        assert there.asked[0]["id"] != there.asked[1]["id"]
        assert (there.connections, there.rest) == ([path], [])
        assert there.leaves == [there.base], "the connection is counted, once"
        await asyncio.sleep(0.6)
        pool = "spot" if market is Market.SPOT else "futures"
        assert rest.weights()[pool]["spent"] == weight + 5


@pytest.mark.asyncio
async def test_answers_belong_to_their_requests_and_tell_the_used_weight() -> None:
    held: list[dict[str, Any]] = []

    async def swapped(request: dict[str, Any], socket: web.WebSocketResponse) -> None:
        held.append(request)
        for each in reversed(held) if len(held) == 2 else ():
            result = {**BOOK, "lastUpdateId": each["params"]["symbol"]}
            answer = {"id": each["id"], "status": 200, "result": result, "rateLimits": LIMITS}
            await socket.send_str(json.dumps(answer))

    async with both(swapped) as (rest, _):
        symbols = ("A", "B")
        answers = await asyncio.gather(*(rest.depth(Market.SPOT, s, 5) for s in symbols))
        assert [json.loads(answer.body)["lastUpdateId"] for answer in answers] == ["A", "B"]
        await asyncio.sleep(0.6)
        assert rest.weights()["spot"]["spent"] == 99


@pytest.mark.asyncio
async def test_ban_is_kept_by_rest_too() -> None:
    async def banned(request: dict[str, Any], _: web.WebSocketResponse) -> dict[str, Any]:
        now = int(time.time() * 1000)
        data = {"serverTime": now, "retryAfter": now + 300_000}
        error = {"code": -1003, "msg": "Way too much request weight used", "data": data}
        return {"id": request["id"], "status": 418, "error": error, "rateLimits": []}

    async with both(banned) as (rest, there):
        found = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert found.error == "HTTP 418: the venue wants no call for 300 s"
        assert (await rest.exchange_info(Market.SPOT)).error == found.error
        assert there.rest == []


@pytest.mark.asyncio
async def test_errors_are_as_rests() -> None:
    async def unknown(request: dict[str, Any], _: web.WebSocketResponse) -> dict[str, Any]:
        error = {"code": -1121, "msg": "Invalid symbol."}
        return {"id": request["id"], "status": 400, "error": error, "rateLimits": []}

    async with both(unknown) as (rest, there):
        found = await rest.depth(Market.SPOT, "NOPE", 100)
        assert (found.status, json.loads(found.body)["code"]) == (400, -1121)
        assert there.rest == []


@pytest.mark.asyncio
async def test_venue_without_the_method_is_asked_by_rest_from_then_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def refuse(request: dict[str, Any], _: web.WebSocketResponse) -> dict[str, Any]:
        error = {"code": -1020, "msg": "This operation is not supported."}
        return {"id": request["id"], "status": 400, "error": error, "rateLimits": []}

    async with both(refuse) as (rest, there):
        assert (await rest.depth(Market.COINM, "BTCUSD_PERP", 100)).status == 400
        for _ in range(2):
            assert (await rest.depth(Market.COINM, "BTCUSD_PERP", 100)).body == b"by REST"
        assert len(there.asked) == 1
    assert caplog.text.count("ws-api of coinm: it has no books; snapshots go by REST") == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("handshake", "wait_s", "why"),
    [(503, 0.0, "HTTP 503"), (101, 90.0, "no connection may be attempted for 90 s")],
)
async def test_where_it_cannot_be_had_rest_is_asked_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture, handshake: int, wait_s: float, why: str
) -> None:
    async with both(handshake=handshake, wait_s=wait_s) as (rest, there):
        for _ in range(3):
            assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).body == b"by REST"
        assert len(there.leaves) == 1, "the next attempt has time"
        text = f"ws-api of spot: {there.base} cannot be reached ({why}); snapshots go by REST"
    assert caplog.text.count("snapshots go by REST") == 1
    assert text in caplog.text


@pytest.mark.asyncio
async def test_refused_handshake_holds_the_pool() -> None:
    async with both(handshake=429) as (rest, there):
        waiting = asyncio.create_task(rest.depth(Market.SPOT, "BTCUSDT", 100))
        await asyncio.wait({waiting}, timeout=0.5)
        assert len(there.connections) == 1
        assert rest.weights()["spot"]["held_s"] > 290
        assert there.rest == []
        waiting.cancel()


@pytest.mark.asyncio
async def test_lost_connection_is_an_error_and_is_made_anew() -> None:
    async def dies_once(
        request: dict[str, Any], socket: web.WebSocketResponse
    ) -> dict[str, Any] | None:
        if request["id"] > 1:
            return await good(request, socket)
        await socket.close()
        return None

    async with both(dies_once) as (rest, there):
        lost = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert (lost.status, lost.error) == (0, "ws-api: the connection was lost")
        assert json.loads((await rest.depth(Market.SPOT, "BTCUSDT", 100)).body) == BOOK
        assert len(there.connections) == 2


@pytest.mark.asyncio
async def test_books_with_retail_orders_and_all_else_go_by_rest() -> None:
    async with both() as (rest, there):
        assert (await rest.depth(Market.USDM, "BTCUSDT", 100, "RPI")).body == b"by REST"
        assert (await rest.exchange_info(Market.USDM)).body == b"by REST"
        assert there.asked == []


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"id":"x","status":200}', b"\xff", b'{"id":null}']
)
def test_what_is_no_answer_is_left_alone(text: bytes) -> None:
    assert read_answer(text) is None


def test_request_is_the_documented_one() -> None:
    text = depth_request(3, {"symbol": "币安人生USDT", "limit": "5"})
    wanted = {"id": 3, "method": "depth", "params": {"symbol": "币安人生USDT", "limit": 5}}
    assert json.loads(text) == wanted
