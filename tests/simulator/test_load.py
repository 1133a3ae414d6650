"""The load market over real sockets: every frame accounted for."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import orjson
import pytest

from gateway.simulator import load
from gateway.simulator.load import LOAD_SYMBOLS
from gateway.simulator.names import Market
from gateway.simulator.simulator import Simulator, SimulatorOptions
from gateway.simulator.truth import UnknownUpdateId
from tests.waiting import until

from .client import WATCHDOG_S, Client, Socket, running
from .test_load_book import apply
from .test_simulate import fails

pytestmark = pytest.mark.asyncio
SYMBOLS = ((Market.SPOT, "BTCUSDT"), (Market.SPOT, "ETHUSDT"), (Market.USDM, "BTCUSDT"))
SUFFIXES = ("bookTicker", "depth@100ms", "aggTrade", "ticker", "kline_1m")
SPOT = [f"{symbol}@{suffix}" for symbol in ("btcusdt", "ethusdt") for suffix in SUFFIXES]


def made(**options: Any) -> Simulator:
    return Simulator(SimulatorOptions(**{"symbols": SYMBOLS, "load": 2000.0, **options}))


async def connected(client: Client) -> list[Socket]:
    """Connect as a gateway does: two connections of the same spot streams, two futures routes."""
    book, others = ("/".join(f"btcusdt@{s}" for s in part) for part in (SUFFIXES[:2], SUFFIXES[2:]))
    paths = [f"/spot/stream?streams={'/'.join(SPOT)}"] * 2
    paths += [f"/usdm/public/stream?streams={book}", f"/usdm/market/stream?streams={others}"]
    return [await client.connect(path) for path in paths]


async def read_until(sockets: list[Socket], counts: list[int]) -> list[list[bytes]]:
    return await asyncio.gather(
        *(socket.texts(count) for socket, count in zip(sockets, counts, strict=True))
    )


KINDS = ("bookTicker", "diff", "aggTrade", "ticker", "kline")


def kinds(simulator: Simulator) -> dict[str, int]:
    found: dict[str, int] = simulator.control.status()["frames"]["kinds"]
    return found


def sent(simulator: Simulator) -> list[int]:
    return [connection["sent"] for connection in simulator.control.status()["connections"]]


async def test_frames_sent_are_frames_received_on_each_connection_and_in_total() -> None:
    simulator = made()
    async with running(simulator) as client:
        sockets = await connected(client)
        await until(lambda: set(KINDS) <= set(kinds(simulator)))
        await client.post("/sim/pause")
        counts = sent(simulator)
        found = await read_until(sockets, counts)
        _, status = await client.get("/sim/status")
        assert [connection["sent"] for connection in status["connections"]] == counts
        streams: Counter[str] = Counter()
        for market, texts in zip(("spot", "spot", "usdm", "usdm"), found, strict=True):
            streams.update(f"{market}:{orjson.loads(text)['stream']}" for text in texts)
        assert streams == {key: one["sent"] for key, one in status["streams"].items()}
        assert status["frames"]["total"] == sum(counts)
        assert status["frames"]["kinds"] == kinds(simulator)
        assert sum(kinds(simulator).values()) == sum(counts)
        await client.post("/sim/resume")
        await until(lambda: sum(sent(simulator)) > sum(counts))


async def test_two_connections_of_a_stream_get_the_same_frames() -> None:
    async with running(made()) as client:
        sockets = [await client.connect("/spot/stream?streams=btcusdt@aggTrade") for _ in range(2)]
        (_, *early), late = await read_until(sockets, [300, 100])
        shared = [text for text in early if text in late]
        assert len(shared) >= 50
        start = late.index(shared[0])
        assert late[start : start + len(shared)] == shared


async def test_snapshot_and_diffs_make_the_true_book_at_each_id() -> None:
    async with running(made()) as client:
        for market, path, api in (
            ("spot", "/spot/stream", "/spot/api/v3"),
            ("usdm", "/usdm/public/stream", "/usdm/fapi/v1"),
        ):
            ws = await client.connect(f"{path}?streams=btcusdt@depth@100ms/btcusdt@bookTicker")
            await ws.texts(10)
            _, snapshot = await client.get(f"{api}/depth?symbol=BTCUSDT&limit=1000")
            bids, asks = dict(snapshot["bids"]), dict(snapshot["asks"])
            applied = 0
            while applied < 5:
                data = orjson.loads(await ws.text())["data"]
                if "U" not in data or data["u"] <= snapshot["lastUpdateId"]:
                    continue
                apply(bids, data["b"])
                apply(asks, data["a"])
                applied += 1
                query = f"market={market}&symbol=BTCUSDT&id={data['u']}"
                _, true = await client.get(f"/sim/book?{query}")
                assert (bids, asks) == (dict(true["bids"]), dict(true["asks"]))
            assert (await client.get(f"/sim/book?market={market}&symbol=BTCUSDT&id=7"))[0] == 404


async def test_raw_connections_get_the_bare_payload() -> None:
    async with running(made()) as client:
        ws = await client.connect("/spot/ws/btcusdt@bookTicker")
        assert list(orjson.loads(await ws.text())) == ["u", "s", "b", "B", "a", "A"]


async def test_streams_that_it_does_not_send_are_acked_and_silent() -> None:
    simulator = made()
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream")
        assert (await ws.ask("SUBSCRIBE", ["btcusdt@depth", "btcusdt@avgPrice", "btcusdt@trade"]))[
            "result"
        ] is None
        texts = await ws.texts(50)
        assert all(b'"btcusdt@trade"' in text for text in texts)


async def test_unsubscribed_stream_is_silent_and_comes_back_without_a_hole() -> None:
    async with running(made()) as client:
        ws = await client.connect("/spot/stream?streams=btcusdt@aggTrade/ethusdt@aggTrade")
        await ws.texts(20)
        await ws.ask("UNSUBSCRIBE", ["btcusdt@aggTrade"])
        assert all(b"ethusdt" in text for text in await ws.texts(20))


class Holes:
    """How often the ids of a kind do not join, in the order of arrival."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._newest: dict[str, int] = {}

    def see(self, text: bytes) -> None:
        data = orjson.loads(text)["data"]
        kind = data["e"]
        first, last = (data["a"], data["a"]) if kind == "aggTrade" else (data["U"], data["u"])
        self.counts[kind] += first != self._newest.get(kind, first - 1) + 1
        self._newest[kind] = last


async def test_each_nth_diff_is_dropped() -> None:
    simulator = made(drop_every=3)
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream?streams=btcusdt@depth@100ms")
        holes = Holes()
        for text in await ws.texts(6):
            holes.see(text)
        assert holes.counts["depthUpdate"] == 2
        assert simulator.drops.dropped["spot:btcusdt@depth@100ms"] >= 2


async def test_frames_are_dropped_on_order() -> None:
    simulator = made()
    async with running(simulator) as client:
        ws = await client.connect("/spot/stream?streams=btcusdt@depth@100ms/btcusdt@aggTrade")
        holes = Holes()
        for text in await ws.texts(5):
            holes.see(text)
        assert not holes.counts.total()
        order = {"stream": "spot:btcusdt@aggTrade", "count": 2}
        assert (await client.post("/sim/drop", order))[0] == 200
        assert (await client.post("/sim/drop", {"stream": "spot:btcusdt@depth"}))[0] == 404
        async with asyncio.timeout(WATCHDOG_S):
            while not holes.counts["aggTrade"]:
                holes.see(await ws.text())
        for text in await ws.texts(50):
            holes.see(text)
        assert (holes.counts["aggTrade"], holes.counts["depthUpdate"]) == (1, 0)
        assert simulator.drops.dropped == {"spot:btcusdt@aggTrade": 2}


async def test_market_waits_for_a_socket_that_does_not_take_its_frames() -> None:
    simulator = made(load=200_000.0)
    async with running(simulator) as client:
        ws = await client.connect(f"/spot/stream?streams={'/'.join(SPOT)}")
        transport = ws.ws._response.connection.transport
        transport.pause_reading()
        await until(lambda: simulator.control.status()["waiting_for"] == "socket")
        stood = simulator.hub.sent.total()
        await asyncio.sleep(0.1)
        assert simulator.hub.sent.total() == stood
        transport.resume_reading()
        await until(lambda: simulator.hub.sent.total() > stood + 1000)


async def test_market_goes_on_without_a_socket_that_never_takes_its_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "PATIENCE_S", 0.05)
    simulator = made(load=20_000.0)
    async with running(simulator) as client:
        stuck = await client.connect(f"/spot/stream?streams={'/'.join(SPOT)}")
        stuck.ws._response.connection.transport.pause_reading()
        await until(lambda: simulator.hub.is_blocked)
        other = await client.connect("/usdm/public/stream?streams=btcusdt@bookTicker")
        await other.texts(300)
        assert simulator.hub.is_blocked
        stuck.ws._response.connection.transport.abort()


async def test_ids_out_of_reach_are_refused() -> None:
    simulator = made()
    book = simulator.source.depth(Market.SPOT, "BTCUSDT")
    with pytest.raises(UnknownUpdateId):
        simulator.source.book_at(Market.SPOT, "BTCUSDT", book.update_id + 1)


async def test_as_many_instruments_are_listed_as_a_gateway_shall_carry() -> None:
    listed = Counter(market for market, _ in LOAD_SYMBOLS)
    assert listed == {Market.SPOT: 1500, Market.USDM: 500}
    async with running(made()) as client:
        _, info = await client.get("/usdm/fapi/v1/exchangeInfo")
        assert [(row["symbol"], row["pair"], row["status"]) for row in info["symbols"]] == [
            ("BTCUSDT", "BTCUSDT", "TRADING")
        ]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--load", "0"], "--load"),
        (["--load", "100", "--rate", "2"], "--rate: does not go with --load"),
        (["--load", "100", "--seed", "2"], "--seed: does not go with --load"),
        (["--load", "100", "--replay", "x.gz"], "--replay: does not go with --load"),
        (["--load", "100", "--symbols", "spot:*0"], "spot:*0"),
    ],
)
async def test_bad_options_are_named(
    capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    code, text = await asyncio.to_thread(fails, capsys, *arguments)
    assert (code, named in text) == (2, True), text
