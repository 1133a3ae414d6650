"""The generated market and the rules of connections over real sockets."""

from __future__ import annotations

import asyncio
import itertools
import socket
from contextlib import suppress
from typing import Any

import aiohttp
import orjson
import pytest

from gateway.errors import PortTaken
from gateway.simulator import connection as connections
from gateway.simulator import outgoing
from gateway.simulator.conduct import Violation
from gateway.simulator.heartbeat import PingRule
from gateway.simulator.names import Market
from gateway.simulator.rules import Rules
from gateway.simulator.simulator import Simulator, SimulatorOptions
from tests.waiting import until

from .client import running

pytestmark = pytest.mark.asyncio
SYMBOLS = ((Market.SPOT, "BTCUSDT"), (Market.USDM, "BTCUSDT"), (Market.COINM, "BTCUSD_PERP"))
DEPTH = {
    "spot": ("btcusdt", "/spot/api/v3", "BTCUSDT"),
    "usdm": ("btcusdt", "/usdm/fapi/v1", "BTCUSDT"),
    "coinm": ("btcusd_perp", "/coinm/dapi/v1", "BTCUSD_PERP"),
}


def generated(**options: Any) -> Simulator:
    return Simulator(SimulatorOptions(**{"symbols": SYMBOLS, "rate": 10.0, **options}))


@pytest.mark.parametrize("market", list(DEPTH))
async def test_snapshot_and_diffs_make_the_true_book(market: str) -> None:
    symbol, api, name = DEPTH[market]
    async with running(generated()) as client:
        ws = await client.connect(f"/{market}/stream?streams={symbol}@depth@100ms")
        first = orjson.loads(await ws.text())["data"]
        _, snapshot = await client.get(f"{api}/depth?symbol={name}&limit=1000")
        assert snapshot["lastUpdateId"] >= first["u"]
        bids, asks = dict(snapshot["bids"]), dict(snapshot["asks"])
        diffs = [first] + [orjson.loads(text)["data"] for text in await ws.texts(15)]
        for diff in diffs:
            if diff["u"] > snapshot["lastUpdateId"]:
                _apply(bids, diff["b"])
                _apply(asks, diff["a"])
        assert diffs[-1]["u"] > snapshot["lastUpdateId"]
        _, true = await client.get(f"/sim/book?market={market}&symbol={name}&id={diffs[-1]['u']}")
        assert (bids, asks) == (dict(true["bids"]), dict(true["asks"]))


def _apply(side: dict[str, str], levels: list[list[str]]) -> None:
    for price, qty in levels:
        side[price] = qty
        if not float(qty):
            del side[price]


async def test_depth_answers_have_the_fields_of_their_market() -> None:
    async with running(generated()) as client:
        fields = {}
        for market, (_, api, name) in DEPTH.items():
            _, body = await client.get(f"{api}/depth?symbol={name}&limit=5")
            fields[market] = list(body)
            assert len(body["bids"]) == len(body["asks"]) == 5
        assert fields == {
            "spot": ["lastUpdateId", "bids", "asks"],
            "usdm": ["lastUpdateId", "E", "T", "bids", "asks"],
            "coinm": ["lastUpdateId", "E", "T", "symbol", "pair", "bids", "asks"],
        }


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/spot/api/v3/ping", 200, {}),
        ("/spot/api/v3/depth?symbol=NOPE", 400, {"code": -1121, "msg": "Invalid symbol."}),
        ("/spot/api/v3/exchangeInfo?symbol=NOPE", 400, {"code": -1121, "msg": "Invalid symbol."}),
        (
            "/usdm/fapi/v1/depth",
            400,
            {
                "code": -1102,
                "msg": "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.",
            },
        ),
        ("/spot/api/v9/x", 404, {"code": -1, "msg": "no such endpoint: /spot/api/v9/x"}),
    ],
)
async def test_rest_answers_as_the_venue_does(path: str, status: int, body: Any) -> None:
    async with running(generated()) as client:
        assert await client.get(path) == (status, body)


async def test_time_runs_and_exchange_info_lists_the_symbols() -> None:
    async with running(generated()) as client:
        _, body = await client.get("/usdm/fapi/v1/time")
        assert body["serverTime"] > 1_700_000_000_000
        for market, (_, api, name) in DEPTH.items():
            _, info = await client.get(f"{api}/exchangeInfo")
            assert [row["symbol"] for row in info["symbols"]] == [name], market


async def test_weight_is_counted_in_pools() -> None:
    async with running(generated()) as client:
        name = "X-MBX-USED-WEIGHT-1M"
        assert await client.header("/usdm/fapi/v1/depth?symbol=BTCUSDT&limit=1000", name) == "20"
        assert await client.header("/coinm/dapi/v1/ping", name) in ("21", "1")  # 1: a new minute
        assert await client.header("/spot/api/v3/ping", name) == "1"


async def test_usdm_alone_tells_the_book_with_retail_orders() -> None:
    async with running(generated()) as client:
        path = "/usdm/fapi/v1/rpiDepth?symbol=BTCUSDT"
        status, body = await client.get(path)
        assert (status, list(body)) == (200, ["lastUpdateId", "E", "T", "bids", "asks"])
        assert int(await client.header(path, "X-MBX-USED-WEIGHT-1M") or 0) in (20, 40)
        assert (await client.get(path + "&limit=500"))[1]["code"] == -4021
        assert (await client.get("/spot/api/v3/rpiDepth?symbol=BTCUSDT"))[0] == 404


async def test_control_messages_are_answered_unwrapped() -> None:
    async with running(generated()) as client:
        ws = await client.connect("/spot/stream?streams=btcusdt@trade")
        assert await ws.ask("LIST_SUBSCRIPTIONS", None, 3) == {
            "result": ["btcusdt@trade"],
            "id": 3,
        }
        assert await ws.ask("UNSUBSCRIBE", ["btcusdt@trade"], 4) == {"result": None, "id": 4}
        await ws.ws.send_str("{")
        assert orjson.loads(await ws.text())["error"]["code"] == 3


async def test_envelope_can_be_switched_while_connected() -> None:
    async with running(generated()) as client:
        ws = await client.connect("/spot/ws/btcusdt@bookTicker")
        assert list(orjson.loads(await ws.text())) == ["u", "s", "b", "B", "a", "A"]
        assert await ws.ask("SET_PROPERTY", ["combined", True]) == {"result": None, "id": 1}
        assert list(orjson.loads(await ws.text())) == ["stream", "data"]


async def test_unsubscribed_stream_is_silent_after_its_ack() -> None:
    async with running(generated()) as client:
        ws = await client.connect("/spot/stream?streams=btcusdt@bookTicker/btcusdt@trade")
        await ws.texts(5)
        await ws.ask("UNSUBSCRIBE", ["btcusdt@bookTicker"])
        assert all(b"@trade" in text for text in await ws.texts(10))


async def test_message_in_fragments_is_joined() -> None:
    async with running(generated()) as client:
        ws = await client.connect("/spot/stream")
        writer = ws.ws._writer
        assert isinstance(writer, aiohttp.http_websocket.WebSocketWriter)
        transport = writer.transport
        half, rest = b'{"method":"LIST_SUBS', b'CRIPTIONS","id":9}'
        for opcode, part in ((0x01, half), (0x80, rest)):  # text without FIN, continuation with
            transport.write(bytes((opcode, 0x80 | len(part), 0, 0, 0, 0)) + part)
        assert orjson.loads(await ws.text()) == {"result": [], "id": 9}


@pytest.mark.parametrize("path", ["/moon/stream", "/spot/nothing"])
async def test_unknown_endpoint_is_refused(path: str) -> None:
    async with running(generated()) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.connect(path)
        assert caught.value.status == 404


async def test_server_pings_and_takes_a_copy_for_an_answer() -> None:
    pings = dict.fromkeys(Market, PingRule(0.05, 0.4))
    rules = Rules(pings=pings, messages=dict.fromkeys(Market, 1000))
    async with running(generated(rules=rules)) as client:
        ws = await client.connect("/spot/stream", autoping=False)
        for _ in range(12):  # longer than the deadline
            message = await asyncio.wait_for(ws.ws.receive(), 20)
            assert message.type is aiohttp.WSMsgType.PING
            assert message.data.isdigit()
            await ws.ws.pong(message.data)


@pytest.mark.parametrize("answer", [None, b"something else"])
async def test_connection_without_the_right_pong_is_closed(answer: bytes | None) -> None:
    pings = dict.fromkeys(Market, PingRule(0.05, 0.2))
    rules = Rules(pings=pings, messages=dict.fromkeys(Market, 1000))
    simulator = generated(rules=rules)
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream", autoping=False)
        while True:
            message = await asyncio.wait_for(ws.ws.receive(), 20)
            if message.type is not aiohttp.WSMsgType.PING:
                break
            if answer is not None:
                await ws.ws.pong(answer)
        assert ws.ws.close_code == 1008
        assert simulator.conduct.violations == {Violation.PONG: 1}


async def test_clients_ping_is_answered() -> None:
    async with running(generated()) as client:
        ws = await client.connect("/spot/stream", autoping=False)
        await ws.ws.ping(b"hello")
        message = await asyncio.wait_for(ws.ws.receive(), 20)
        assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"hello")


async def test_close_of_the_client_is_answered_and_forgotten() -> None:
    simulator = generated()
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream?streams=btcusdt@trade")
        await ws.ws.close(code=1000)
        assert ws.ws.close_code == 1000
        await until(lambda: not simulator.hub.outlets and not simulator.hub.keys)


async def test_too_many_streams_close_the_connection() -> None:
    async with running(generated()) as client:
        ws = await client.connect("/usdm/public/stream")
        names = [f"s{number}usdt@trade" for number in range(1025)]
        assert (await ws.ask("SUBSCRIBE", names))["error"]["code"] == 4
        assert (await ws.until_closed())[1] == 1008


async def test_consumer_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "UNSENT_MAX_BYTES", 200_000)
    monkeypatch.setattr(outgoing, "CLOSE_GRACE_S", 0.05)
    simulator = generated()
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream?streams=btcusdt@trade")
        await until(lambda: bool(simulator.hub.outlets))
        (connection,) = simulator.hub.outlets
        transport = ws.ws._response.connection.transport
        transport.pause_reading()
        frame = b"\x81\x7f" + (1 << 20).to_bytes(8, "big") + b"x" * (1 << 20)
        async with asyncio.timeout(20):
            while simulator.hub.outlets:
                connection.queue.append(frame)
                simulator.hub.flush()
                await asyncio.sleep(0.005)
        transport.abort()


async def test_drops_leave_a_hole_that_ids_show() -> None:
    simulator = generated(drop_every=3)
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream?streams=btcusdt@depth@100ms")
        diffs = [orjson.loads(text)["data"] for text in await ws.texts(6)]
        joins = [after["U"] == before["u"] + 1 for before, after in itertools.pairwise(diffs)]
        assert joins == [True, False, True, False, True]
        assert simulator.control.status()["streams"]["spot:btcusdt@depth@100ms"]["dropped"] >= 2


async def test_control_room_disconnects_pauses_and_goes_on() -> None:
    simulator = generated()
    async with running(simulator) as client:
        trades = await client.connect("/spot/stream?streams=btcusdt@trade")
        tickers = await client.connect("/spot/stream?streams=btcusdt@bookTicker")
        order = {"stream": "spot:btcusdt@trade", "code": 1012}
        assert await client.post("/sim/disconnect", order) == (200, {"closed": 1})
        assert (await trades.until_closed())[1] == 1012
        assert (await client.post("/sim/disconnect", {"code": 7}))[0] == 400
        await client.post("/sim/pause")
        assert simulator.control.status()["paused"]
        await client.post("/sim/resume")
        sent = simulator.hub.sent["spot:btcusdt@bookTicker"]
        await tickers.texts(sent + 5)
        assert await client.post("/sim/disconnect") == (200, {"closed": 1})
        assert (await tickers.until_closed())[1] == 1001


async def test_paused_market_sends_nothing() -> None:
    simulator = generated()
    async with running(simulator) as client:
        await client.post("/sim/pause")
        await client.connect("/spot/stream?streams=btcusdt@bookTicker")
        await asyncio.sleep(0.2)
        assert not simulator.hub.sent
        await client.post("/sim/resume")
        await until(lambda: simulator.hub.sent["spot:btcusdt@bookTicker"] > 0)


async def test_port_that_is_taken_is_named() -> None:
    async with running(generated()) as client:
        with pytest.raises(PortTaken) as caught:
            await generated(port=client.port("ws")).start()
        assert (caught.value.port, caught.value.exit_code) == (client.port("ws"), 98)


async def test_rest_takes_another_port_when_the_next_is_taken() -> None:
    for _ in range(20):
        with socket.socket() as taken, suppress(PortTaken):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            async with running(generated(port=port - 1)) as client:
                assert client.port("ws") == port - 1
                assert client.port("rest") != port
                assert (await client.get("/spot/api/v3/ping"))[0] == 200
                return
    pytest.fail("found no two free ports side by side")


async def test_market_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = generated()
    told = asyncio.Event()
    simulator.on_failure = told.set

    async def fail() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(simulator.source, "run", fail)
    async with running(simulator):
        async with asyncio.timeout(20):
            await told.wait()
        assert str(simulator.failure) == "broken"
