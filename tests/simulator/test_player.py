"""Replays over real sockets: bytes, forms, positions, faults, waiting and the end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.simulator.player import ReplayOptions
from gateway.simulator.replay import MAX_SPEED
from gateway.simulator.simulator import Simulator, SimulatorOptions
from tests.waiting import until

from .client import Client, running
from .tiny import SNAPSHOT_ID, START_NS, Tiny

pytestmark = pytest.mark.asyncio
ALL = "aaausdt@depth@100ms/aaausdt@bookTicker/aaausdt@trade"


def replay(*paths: str, drop_every: int | None = None, **options: Any) -> Simulator:
    chosen = {"speed": MAX_SPEED, "settle_s": 0.05, "gate_timeout_s": 3600.0, **options}
    return Simulator(
        SimulatorOptions(
            replay=paths, replay_options=ReplayOptions(**chosen), drop_every=drop_every
        )
    )


def recorded(tiny: Tiny, *suffixes: str) -> list[bytes]:
    frames = [line.split(b" ", 1)[1] for line in tiny.lines]
    wanted = [f'"{tiny.symbol.lower()}@{suffix}"'.encode() for suffix in suffixes]
    return [frame for frame in frames if any(name in frame for name in wanted)]


async def test_combined_frames_are_the_captures_own_bytes(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    async with running(replay(tiny.write(tmp_path / "a.gz"))) as client:
        socket = await client.connect(f"/spot/stream?streams={ALL}")
        before = await socket.texts(12)
        status, _ = await client.get("/spot/api/v3/depth?symbol=AAAUSDT")
        assert status == 200
        assert before + await socket.texts(48) == recorded(
            tiny, "depth@100ms", "bookTicker", "trade"
        )


async def test_only_what_is_subscribed_is_sent(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"))
    async with running(simulator) as client:
        socket = await client.connect("/spot/stream")
        answer = await socket.ask("SUBSCRIBE", ["aaausdt@trade", "bbbusdt@trade"])
        assert answer == {"result": None, "id": 1}
        assert await socket.texts(20) == recorded(tiny, "trade")
        await until(lambda: simulator.control.status()["finished"])
        assert simulator.control.status()["streams"] == {
            "spot:aaausdt@trade": {"sent": 20, "dropped": 0}
        }


async def test_raw_connection_gets_the_data_alone(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    async with running(replay(tiny.write(tmp_path / "a.gz"))) as client:
        socket = await client.connect("/spot/ws/aaausdt@trade")
        prefix = b'{"stream":"aaausdt@trade","data":'
        expected = [frame.removeprefix(prefix)[:-1] for frame in recorded(tiny, "trade")]
        assert await socket.texts(20) == expected


async def test_envelope_can_be_switched_in_the_middle_of_a_replay(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    async with running(replay(tiny.write(tmp_path / "a.gz"))) as client:
        socket = await client.connect("/spot/ws/aaausdt@depth@100ms")
        assert all(text.startswith(b'{"e":') for text in await socket.texts(4))
        await socket.ask("SET_PROPERTY", ["combined", True])
        await client.get("/spot/api/v3/depth?symbol=AAAUSDT")
        assert await socket.texts(16) == recorded(tiny, "depth@100ms")[4:]


@pytest.mark.parametrize(
    ("market", "name"),
    [
        ("usdm", "aaausdt@depth"), ("usdm", "aaausdt@depth@100ms"), ("usdm", "aaausdt@depth@500ms"),
        ("usdm", "aaausdt@depth@0ms"), ("spot", "aaausdt@depth"), ("spot", "aaausdt@depth@100ms"),
    ],
)  # fmt: skip
async def test_recorded_diffs_serve_every_speed_under_the_name_subscribed(
    tmp_path: Path, market: str, name: str
) -> None:
    tiny = Tiny(market, "AAAUSDT")
    async with running(replay(tiny.write(tmp_path / "a.gz"), gate_timeout_s=0.05)) as client:
        socket = await client.connect(f"/{market}/stream?streams={name}")
        own = f'"aaausdt@{tiny.depth_stream}"'.encode()
        expected = recorded(tiny, tiny.depth_stream)
        assert await socket.texts(20) == [
            frame.replace(own, f'"{name}"'.encode()) for frame in expected
        ]


async def test_a_speed_that_the_venue_does_not_have_stays_silent(tmp_path: Path) -> None:
    tiny = Tiny("usdm", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"))
    async with running(simulator) as client:
        socket = await client.connect("/usdm/stream?streams=aaausdt@depth@250ms/aaausdt@trade")
        assert await socket.texts(20) == recorded(tiny, "trade")


async def test_streams_of_another_route_are_acked_and_silent(tmp_path: Path) -> None:
    tiny = Tiny("usdm", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"), paused=True)
    async with running(simulator) as client:
        public = await client.connect("/usdm/public/stream")
        market = await client.connect("/usdm/market/stream")
        for socket in (public, market):
            answer = await socket.ask("SUBSCRIBE", ["aaausdt@bookTicker"])
            assert answer == {"result": None, "id": 1}
        await client.post("/sim/resume")
        assert len(await public.texts(20)) == 20
        await until(lambda: simulator.control.status()["finished"])
        assert (await market.ask("LIST_SUBSCRIPTIONS"))["result"] == ["aaausdt@bookTicker"]
        assert simulator.hub.sent == {"usdm:aaausdt@bookTicker": 20}


async def test_rest_depth_is_the_true_book_at_the_current_position(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"))
    async with running(simulator) as client:
        socket = await client.connect("/spot/stream?streams=aaausdt@depth@100ms/aaausdt@trade")
        await socket.texts(8)
        await until(lambda: bool(simulator.control.status()["waiting_for"]))
        assert simulator.control.status()["waiting_for"] == "REST depth of spot:AAAUSDT"
        assert simulator.control.status()["position"] == 12
        _, body = await client.get("/spot/api/v3/depth?symbol=AAAUSDT")
        # the fourth diff had arrived before the recorder's snapshot did
        bids, asks = tiny.books[tiny.finals[3]]
        assert body["lastUpdateId"] == tiny.finals[3]
        assert (dict(body["bids"]), dict(body["asks"])) == (bids, asks)
        assert [price for price, _ in body["bids"]] == sorted(bids, key=float, reverse=True)
        await socket.texts(32)
        _, body = await client.get("/spot/api/v3/depth?symbol=AAAUSDT&limit=2")
        bids, asks = tiny.books[tiny.finals[-1]]
        assert body["lastUpdateId"] == tiny.finals[-1]
        assert body["bids"] == [[p, bids[p]] for p in sorted(bids, key=float, reverse=True)[:2]]
        assert body["asks"] == [[p, asks[p]] for p in sorted(asks, key=float)[:2]]


async def test_before_its_position_the_captures_own_snapshot_is_answered(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    async with running(replay(tiny.write(tmp_path / "a.gz"))) as client:
        _, body = await client.get("/spot/api/v3/depth?symbol=AAAUSDT")
        bids, asks = tiny.books[SNAPSHOT_ID]
        assert body["lastUpdateId"] == SNAPSHOT_ID
        assert (dict(body["bids"]), dict(body["asks"])) == (bids, asks)


async def test_replay_goes_on_when_nobody_asks_for_the_snapshot(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    async with running(replay(tiny.write(tmp_path / "a.gz"), gate_timeout_s=0.1)) as client:
        socket = await client.connect("/spot/stream?streams=aaausdt@depth@100ms")
        assert len(await socket.texts(20)) == 20


async def test_replay_does_not_wait_for_a_book_nobody_subscribed(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    async with running(replay(tiny.write(tmp_path / "a.gz"), gate_timeout_s=3600)) as client:
        socket = await client.connect("/spot/stream?streams=aaausdt@trade")
        assert len(await socket.texts(20)) == 20


async def test_replay_stands_while_a_depth_answer_is_on_its_way(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT", count=3000)
    simulator = replay(tiny.write(tmp_path / "a.gz"), paused=True)
    async with running(simulator) as client:
        await client.connect("/spot/stream?streams=aaausdt@trade")
        with simulator.source.answering():
            simulator.source.resume()
            await until(lambda: simulator.control.status()["waiting_for"] == "REST answer")
            assert simulator.control.status()["position"] == 0
        await until(lambda: simulator.control.status()["finished"])


async def test_capture_without_snapshot_answers_404(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT", has_snapshot=False)
    async with running(replay(tiny.write(tmp_path / "a.gz"))) as client:
        assert await client.get("/spot/api/v3/depth?symbol=AAAUSDT") == (
            404,
            {"code": -1000, "msg": "the capture of AAAUSDT has no snapshot."},
        )
        socket = await client.connect("/spot/stream?streams=aaausdt@depth@100ms")
        assert len(await socket.texts(20)) == 20


async def test_exchange_info_lists_the_captures_instruments(tmp_path: Path) -> None:
    spot, usdm = Tiny("spot", "AAAUSDT"), Tiny("usdm", "BBBUSDT")
    paths = [spot.write(tmp_path / "s.gz"), usdm.write(tmp_path / "u.gz")]
    async with running(replay(*paths)) as client:
        _, info = await client.get("/spot/api/v3/exchangeInfo")
        (row,) = info["symbols"]
        units = {entry["filterType"]: entry for entry in row["filters"]}
        assert (row["symbol"], row["status"]) == ("AAAUSDT", "TRADING")
        assert units["PRICE_FILTER"]["tickSize"] == "0.10000000"
        assert units["LOT_SIZE"]["stepSize"] == "0.00100000"
        _, info = await client.get("/usdm/fapi/v1/exchangeInfo")
        (row,) = info["symbols"]
        units = {entry["filterType"]: entry for entry in row["filters"]}
        assert (row["symbol"], row["pricePrecision"], row["quantityPrecision"]) == ("BBBUSDT", 1, 3)
        assert units["PRICE_FILTER"]["tickSize"] == "0.10"
        assert units["LOT_SIZE"]["stepSize"] == "0.0010"
        assert (await client.get("/coinm/dapi/v1/exchangeInfo"))[1]["symbols"] == []


async def test_time_is_that_of_the_capture(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"))
    async with running(simulator) as client:
        assert await client.get("/spot/api/v3/time") == (200, {"serverTime": START_NS // 10**6})
        await client.connect("/spot/stream?streams=aaausdt@trade")
        await until(lambda: simulator.control.status()["finished"])
        assert (await client.get("/spot/api/v3/time"))[1]["serverTime"] == START_NS // 10**6 + 59


async def test_recorded_pace_follows_the_clock(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT", period_ns=2_000_000)
    simulator = replay(tiny.write(tmp_path / "a.gz"), speed=1.0)
    async with running(simulator) as client:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        socket = await client.connect("/spot/stream?streams=aaausdt@depth@100ms/aaausdt@trade")
        await socket.texts(40)
        assert loop.time() - begun >= 59 * 0.002


async def test_every_nth_diff_is_taken_off_the_wire_but_not_out_of_the_truth(
    tmp_path: Path,
) -> None:
    tiny = Tiny("usdm", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"), drop_every=6, gate_timeout_s=0.05)
    async with running(simulator) as client:
        socket = await client.connect("/usdm/stream?streams=aaausdt@depth@0ms/aaausdt@trade")
        texts = await socket.texts(37)
        diffs = recorded(tiny, "depth@0ms")
        kept = [diff for number, diff in enumerate(diffs, 1) if number % 6]
        assert [text for text in texts if b"@depth" in text] == kept
        assert len([text for text in texts if b"@trade" in text]) == 20
        _, status = await client.get("/sim/status")
        assert status["streams"]["usdm:aaausdt@depth@0ms"] == {"sent": 17, "dropped": 3}
        lost = orjson.loads(diffs[5])["data"]["u"]
        _, book = await client.get(f"/sim/book?market=usdm&symbol=AAAUSDT&id={lost}")
        assert dict(book["bids"]) == tiny.books[lost][0]


async def test_control_room_drops_the_next_frames_of_a_stream(tmp_path: Path) -> None:
    tiny = Tiny("usdm", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"), gate_timeout_s=0.05, paused=True)
    async with running(simulator) as client:
        socket = await client.connect("/usdm/stream?streams=aaausdt@depth/aaausdt@trade")
        order = {"stream": "usdm:aaausdt@depth", "count": 2}
        assert await client.post("/sim/drop", order) == (200, {})
        assert (await client.post("/sim/drop", {"stream": "usdm:zzz@depth"}))[0] == 404
        assert (await client.post("/sim/drop", {"stream": "aaausdt@depth"}))[0] == 400
        await client.post("/sim/resume")
        texts = [text for text in await socket.texts(38) if b"@depth" in text]
        assert orjson.loads(texts[0])["data"]["u"] == tiny.finals[2]


async def test_control_room_tells_the_true_book_at_an_update_id(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    async with running(replay(tiny.write(tmp_path / "a.gz"))) as client:
        for final in tiny.finals[2:]:
            status, book = await client.get(f"/sim/book?market=spot&symbol=AAAUSDT&id={final}")
            assert (status, book["updateId"]) == (200, final)
            assert (dict(book["bids"]), dict(book["asks"])) == tiny.books[final]
        for query, status in (
            ("market=spot&symbol=AAAUSDT&id=106", 404),
            ("market=spot&symbol=AAAUSDT&id=1", 404),
            ("market=spot&symbol=ZZZ", 404),
            ("market=moon&symbol=AAAUSDT", 400),
            ("market=spot", 400),
            ("market=spot&symbol=AAAUSDT&id=x", 400),
        ):
            assert (await client.get(f"/sim/book?{query}"))[0] == status, query


async def test_sockets_stay_open_and_silent_after_the_end(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"))
    async with running(simulator) as client:
        socket = await client.connect("/spot/stream?streams=aaausdt@trade")
        await socket.texts(20)
        await until(lambda: simulator.control.status()["finished"])
        assert (await socket.ask("LIST_SUBSCRIPTIONS"))["result"] == ["aaausdt@trade"]
        status, body = await client.get("/spot/api/v3/depth?symbol=AAAUSDT")
        assert (status, body["lastUpdateId"]) == (200, tiny.finals[-1])


async def test_loop_closes_all_sockets_and_begins_anew_at_the_next_subscription(
    tmp_path: Path,
) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"), loop=True)
    async with running(simulator) as client:
        for round_number in (1, 2):
            idle = await client.connect("/spot/stream")
            socket = await client.connect("/spot/stream?streams=aaausdt@trade")
            texts, code = await socket.until_closed()
            assert (texts, code) == (recorded(tiny, "trade"), 1001)
            assert await idle.until_closed() == ([], 1001)
            await until(lambda: not simulator.hub.outlets)
            status = simulator.control.status()
            assert (status["rounds"], status["position"]) == (round_number, 0)
            _, body = await client.get("/spot/api/v3/depth?symbol=AAAUSDT")
            assert body["lastUpdateId"] == SNAPSHOT_ID


@pytest.mark.parametrize("speed", [MAX_SPEED, 50.0])
async def test_loop_does_not_begin_anew_before_someone_subscribes(
    tmp_path: Path, speed: float
) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    simulator = replay(tiny.write(tmp_path / "a.gz"), loop=True, speed=speed)
    async with running(simulator) as client:
        socket = await client.connect("/spot/stream?streams=aaausdt@trade")
        await socket.until_closed()
        await client.connect("/spot/stream")
        await until(lambda: simulator.control.status()["waiting_for"] == "subscription")
        await asyncio.sleep(0.1)
        status = simulator.control.status()
        assert (status["rounds"], status["position"]) == (1, 0)


async def test_replay_waits_for_a_socket_that_does_not_read(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT", count=4000, padding="x" * 8000)
    simulator = replay(tiny.write(tmp_path / "a.gz"))
    async with running(simulator) as client:
        reader, writer = await _handshake(client, "/spot/stream?streams=aaausdt@trade")
        await until(lambda: simulator.control.status()["waiting_for"] == "socket")
        position = simulator.control.status()["position"]
        (connection,) = simulator.hub.outlets
        assert connection.unsent_bytes < 4 << 20
        await asyncio.sleep(0.05)
        assert simulator.control.status()["position"] == position < 12000
        wanted = sum(len(frame) + 4 for frame in recorded(tiny, "trade"))
        async with asyncio.timeout(20):
            while wanted > 0:
                wanted -= len(await reader.read(1 << 20))
        assert wanted == 0
        assert simulator.control.status()["finished"]
        writer.close()


async def _handshake(
    client: Client, path: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket by hand, so that nothing is read that the test does not read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port("ws"), limit=1 << 16)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer
