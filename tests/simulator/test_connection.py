"""The rules of a connection over real sockets."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import aiohttp
import orjson
import pytest

from gateway.simulator import outgoing
from gateway.simulator.conduct import Violation
from gateway.simulator.orders import Hold, Kill, Lag, Shutdown
from tests.waiting import until

from .client import Socket, running
from .still import publish, still

pytestmark = pytest.mark.asyncio
LIST = b'{"method":"LIST_SUBSCRIPTIONS","id":1}'


async def send_many(ws: Socket, count: int) -> None:
    """Send pings, pongs and JSON messages by turns, as fast as the socket takes them."""
    for number in range(count):
        if number % 3 == 0:
            await ws.ws.send_bytes(LIST)
        elif number % 3 == 1:
            await ws.ws.ping(b"x")
        else:
            await ws.ws.pong(b"")


@pytest.mark.parametrize(("path", "limit"), [("/spot/stream", 5), ("/usdm/market/stream", 10)])
async def test_too_many_messages_in_a_second_close_the_connection(
    tmp_path: Path, path: str, limit: int
) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect(path)
        await send_many(ws, limit)
        await asyncio.sleep(1.2)
        assert not simulator.conduct.violations
        await send_many(ws, 6 * limit)
        assert await ws.closed() == (1008, "Too many requests")
        assert simulator.conduct.violations == {Violation.RATE: 1}


@pytest.mark.parametrize("kind", ["ping", "pong"])
async def test_pings_alone_and_pongs_alone_count_as_messages(tmp_path: Path, kind: str) -> None:
    async with running(still(tmp_path)) as client:
        ws = await client.connect("/spot/stream")
        for _ in range(40):
            await getattr(ws.ws, kind)(b"")
        assert await ws.closed() == (1008, "Too many requests")


async def test_messages_within_the_limit_are_answered_before_the_close(tmp_path: Path) -> None:
    async with running(still(tmp_path)) as client:
        ws = await client.connect("/spot/stream")
        for _ in range(40):
            await ws.ws.send_bytes(LIST)
        answers, code = await ws.until_closed()
        # more than 5 only if the server itself stood still meanwhile
        assert 5 <= len(answers) < 40
        assert code == 1008


def write_pings(ws: Socket, count: int, interval_s: float) -> None:
    """Write pings past the event loop, from a thread."""
    transport = ws.ws._response.connection.transport
    number = transport.get_extra_info("socket").fileno()
    for _ in range(count):
        os.write(number, b"\x89\x80\x00\x00\x00\x00")
        time.sleep(interval_s)


async def test_standstill_of_the_server_is_not_held_against_the_client(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream")
        await until(lambda: bool(simulator.server.connections))
        writer = threading.Thread(target=write_pings, args=(ws, 7, 0.23))
        writer.start()
        time.sleep(7 * 0.23)  # noqa: ASYNC251 - the loop stands still, which is the point
        writer.join()
        assert await ws.ask("LIST_SUBSCRIPTIONS") == {"result": [], "id": 1}
        assert not simulator.conduct.violations


@pytest.mark.parametrize("close", [b"\x88\x80", b"\x88\x82", b"\x88\x86"])
async def test_each_close_of_the_client_is_answered(tmp_path: Path, close: bytes) -> None:
    body = {0x80: b"", 0x82: (4000).to_bytes(2, "big"), 0x86: b"\x03\xe8bye!"}[close[1]]
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream")
        transport = ws.ws._response.connection.transport
        transport.write(close + b"\x00\x00\x00\x00" + body)
        code, _ = await ws.closed()
        assert code == (int.from_bytes(body[:2], "big") or 1000)
        await until(lambda: not simulator.hub.outlets)


async def test_who_breaks_the_rate_repeatedly_is_banned(tmp_path: Path) -> None:
    simulator = still(tmp_path, offences=2)
    async with running(simulator) as client:
        for _ in range(2):
            ws = await client.connect("/spot/stream")
            await send_many(ws, 40)
            await ws.closed()
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.connect("/spot/stream")
        assert caught.value.status == 418
        assert 0 < int(caught.value.headers["Retry-After"]) <= 120
        await client.connect("/usdm/stream")
        assert simulator.control.status()["refused"] == {"418": 1}
        await client.post("/sim/rules", {"offences": 0})
        await client.connect("/spot/stream")


async def test_stream_1025_closes_the_connection(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/usdm/public/stream")
        names = [f"s{number}usdt@trade" for number in range(1025)]
        assert await ws.ask("SUBSCRIBE", names[:1024]) == {"result": None, "id": 1}
        assert await ws.ask("SUBSCRIBE", names[1024:]) == {
            "error": {"code": 4, "msg": "Too many subscriptions"}
        }
        assert await ws.closed() == (1008, "Invalid request")
        assert simulator.conduct.violations == {Violation.STREAMS: 1}
        assert simulator.conduct.errors == {4: 1}


async def test_message_over_4096_bytes_gets_no_answer_on_spot(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream")
        names = [f"coin{number:08}usdt@trade" for number in range(200)]
        await ws.ws.send_bytes(orjson.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}))
        assert await ws.ask("LIST_SUBSCRIPTIONS", None, 2) == {"result": [], "id": 2}
        assert simulator.conduct.swallowed == 1
        assert simulator.conduct.violations == {Violation.SIZE: 1}


async def test_times_are_in_microseconds_where_that_was_asked_for(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        micro = await client.connect("/spot/stream?streams=a@trade&timeUnit=MICROSECOND")
        bare = await client.connect("/spot/ws/a@trade?timeUnit=microsecond")
        milli = await client.connect("/spot/stream?streams=a@trade")
        await until(lambda: len(simulator.hub.outlets_of("spot:a@trade")) == 3)
        publish(simulator, "spot:a@trade", b'{"E":1795345200123,"t":1000000000000}')
        for ws, payload in (
            (micro, b'{"stream":"a@trade","data":{"E":1795345200123000,"t":1000000000000}}'),
            (bare, b'{"E":1795345200123000,"t":1000000000000}'),
            (milli, b'{"stream":"a@trade","data":{"E":1795345200123,"t":1000000000000}}'),
        ):
            assert await ws.text() == payload


async def test_bad_time_unit_is_refused_at_the_handshake(tmp_path: Path) -> None:
    async with running(still(tmp_path)) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.connect("/spot/stream?timeUnit=NANOSECOND")
        assert caught.value.status == 400


async def test_day_ends_after_a_notice_on_spot_and_without_one_on_futures(tmp_path: Path) -> None:
    async with running(still(tmp_path, day_s=0.6, notice_s=0.3)) as client:
        spot = await client.connect("/spot/stream")
        usdm = await client.connect("/usdm/public/stream")
        texts, code = await spot.until_closed()
        assert [orjson.loads(text)["stream"] for text in texts] == ["!serverShutdown"]
        assert code == 1001
        assert await usdm.until_closed() == ([], 1001)


async def test_each_connection_counts_its_own_age(tmp_path: Path) -> None:
    simulator = still(tmp_path, day_s=0.8)
    async with running(simulator) as client:
        first = await client.connect("/usdm/ws")
        await asyncio.sleep(0.4)
        await client.connect("/usdm/ws")
        await first.closed()
        assert [row["id"] for row in simulator.control.status()["connections"]] == [2]


async def test_shutdown_is_announced_in_the_form_of_each_connection(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        forms = {}
        for path in ("/spot/ws", "/spot/stream", "/spot/ws?timeUnit=MICROSECOND", "/coinm/stream"):
            forms[path] = await client.connect(path)
        await until(lambda: len(simulator.server.connections) == 4)
        assert await simulator.control.obey(Shutdown()) == {"connections": 4}
        bodies = {path: orjson.loads(await ws.text()) for path, ws in forms.items()}
    raw, micro = bodies["/spot/ws"], bodies["/spot/ws?timeUnit=MICROSECOND"]
    assert (raw["e"], len(str(raw["E"])), len(str(micro["E"]))) == ("serverShutdown", 13, 16)
    assert list(raw) == ["e", "E"]
    for path in ("/spot/stream", "/coinm/stream"):
        assert bodies[path]["stream"] == "!serverShutdown"
        assert list(bodies[path]["data"]) == ["e", "E"]


async def test_slow_link_delays_all_and_keeps_the_order(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/ws/a@trade")
        await until(lambda: bool(simulator.server.connections))
        await simulator.control.obey(Lag(0.3))
        begun = time.monotonic()
        publish(simulator, "spot:a@trade", b"1", b"2")
        await ws.ws.send_bytes(LIST)
        publish(simulator, "spot:a@trade", b"3")
        texts = await ws.texts(4)
        assert time.monotonic() - begun >= 0.3
        assert [text for text in texts if len(text) == 1] == [b"1", b"2", b"3"]
        later = await client.connect("/spot/ws/a@trade")
        assert [row["lag_s"] for row in simulator.control.status()["connections"]] == [0.3, 0.3]
        publish(simulator, "spot:a@trade", b"4")
        await simulator.control.obey(Lag(0.0))
        publish(simulator, "spot:a@trade", b"5")
        assert await ws.texts(2) == await later.texts(2) == [b"4", b"5"]


async def test_close_takes_its_turn_on_a_slow_link(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/ws/a@trade")
        await until(lambda: bool(simulator.server.connections))
        await simulator.control.obey(Lag(0.2))
        publish(simulator, "spot:a@trade", b"1")
        simulator.server.connections[0].close(1001, "bye")
        assert await ws.until_closed() == ([b"1"], 1001)
        ws = await client.connect("/spot/ws/a@trade")
        await until(lambda: bool(simulator.server.connections))
        begun = time.monotonic()
        simulator.server.connections[0].close(1001, "bye")
        await ws.closed()
        assert time.monotonic() - begun >= 0.2


async def test_half_open_connection_hears_and_says_nothing_until_it_heals(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/ws/a@trade")
        await until(lambda: bool(simulator.server.connections))
        await simulator.control.obey(Hold(connection=1))
        await ws.ws.send_bytes(LIST)
        await ws.ws.send_bytes(b'{"method":"UNSUBSCRIBE","params":["a@trade"],"id":2}')
        publish(simulator, "spot:a@trade", b"1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ws.ws.receive(), 0.2)
        assert simulator.hub.keys == ["spot:a@trade"]
        assert simulator.control.status()["connections"][0]["held"]
        await simulator.control.obey(Hold(connection=1, on=False))
        assert await ws.texts(3) == [
            b"1", b'{"result":["a@trade"],"id":1}', b'{"result":null,"id":2}',
        ]  # fmt: skip


async def test_day_that_ends_on_a_half_open_connection_is_told_when_it_heals(
    tmp_path: Path,
) -> None:
    simulator = still(tmp_path, day_s=0.3)
    async with running(simulator) as client:
        ws = await client.connect("/usdm/ws")
        await until(lambda: bool(simulator.server.connections))
        await simulator.control.obey(Hold())
        await asyncio.sleep(0.5)
        assert simulator.server.connections
        await simulator.control.obey(Hold(on=False))
        assert await ws.closed() == (1001, "the day is over")


async def test_half_open_connection_that_lost_bytes_is_reset_when_it_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "LATE_MAX_BYTES", 1000)
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/spot/ws/a@trade")
        await until(lambda: bool(simulator.server.connections))
        await simulator.control.obey(Hold())
        publish(simulator, "spot:a@trade", b"1" * 2000)
        assert simulator.server.connections
        await simulator.control.obey(Hold(on=False))
        assert await ws.until_closed() == ([], 1006)


async def test_killed_connection_ends_without_a_close_frame(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        killed = await client.connect("/usdm/ws")
        kept = await client.connect("/spot/ws")
        await until(lambda: len(simulator.server.connections) == 2)
        assert await simulator.control.obey(Kill(connection=1)) == {"killed": 1}
        assert await killed.until_closed() == ([], 1006)
        assert await kept.ask("GET_PROPERTY", ["combined"]) == {"result": False, "id": 1}
        assert [row["market"] for row in simulator.control.status()["connections"]] == ["spot"]


async def test_status_describes_each_connection(tmp_path: Path) -> None:
    simulator = still(tmp_path)
    async with running(simulator) as client:
        ws = await client.connect("/usdm/public/stream?streams=b@depth/b@aggTrade")
        await until(lambda: bool(simulator.server.connections))
        publish(simulator, "usdm:b@depth", b"1", b"2")
        publish(simulator, "usdm:b@aggTrade", b"3")
        await ws.texts(2)
        (row,) = simulator.control.status()["connections"]
        assert row.pop("age_s") >= 0
        assert row == {
            "id": 1, "market": "usdm", "route": "public", "combined": True,
            "microseconds": False, "subscribed": 2, "sent": 2, "lag_s": 0.0, "bytes_per_s": None,
            "held": False,
        }  # fmt: skip
