"""An instrument whose exponents are too coarse moves to a new row, and nothing is ever rounded."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway import plan as wire
from gateway.channel import Channel
from gateway.core.engine import FrameClass
from gateway.layout import Kind, Market, Shape
from gateway.plan import NONE, PlanConnection, PlanStream, PlanSymbol, ShardPlan
from gateway.shard.precision import widened
from gateway.shard.worker import Shard
from gateway_client import Gateway, Status

COARSE = PlanSymbol(Market.SPOT, "BTCUSDT", -2, -5, tick=1, step=1)
QUOTE = (
    b'{"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT",'
    b'"b":"91234.55000000","B":"%s","a":"91234.56000000","A":"0.98000000"}}'
)


class Pair:
    """A shard that is not running, and its supervisor's end of the channel."""

    def __init__(self, run_dir: Path) -> None:
        ours, theirs = socket.socketpair()
        self.supervisor: Channel[Any] = Channel(ours, wire.ToSupervisor)
        streams = [PlanStream("spot:btcusdt@bookTicker", Kind.QUOTE, 0, 0)]
        nowhere = PlanConnection("spot/public/0", Market.SPOT, ("ws://127.0.0.1:1/stream",), 3)
        plan = ShardPlan(0, 1, 1, str(run_dir), [COARSE], [nowhere], streams)
        self.shard = Shard(plan, Channel(theirs, wire.ToShard))
        self.shard._engine.link_up(0)
        self.shard._engine.heartbeat()
        self.shard._segment.publish()
        entry = {
            "id": 0, "pid": 1, "generation": self.shard._segment.generation,
            "segment": "shard-0.seg", "publisher": f"ipc://{run_dir}/shard-0.pub",
            "symbols": ["spot:BTCUSDT"], "streams": ["spot:btcusdt@bookTicker"],
        }  # fmt: skip
        manifest = {
            "version": 1, "instance": "1", "pid": 1, "started_ns": 1, "upstream": "none",
            "shards": [entry],
        }  # fmt: skip
        (run_dir / "manifest.json").write_text(json.dumps(manifest))
        self.gateway = Gateway(run_dir)

    def give(self, update_id: int, quantity: bytes) -> FrameClass:
        frame = QUOTE % (update_id, quantity)
        found = self.shard._engine.frame(0, frame)
        if found is FrameClass.REFUSED:
            self.shard.on_refused(self.shard._carrier.connections[0], frame)
        self.shard.on_notices()
        self.shard._engine.heartbeat()
        return found


@pytest_asyncio.fixture
async def pair(run_dir: Path) -> AsyncIterator[Pair]:
    made = Pair(run_dir)
    yield made
    made.gateway.close()
    await made.shard._close()
    made.supervisor.close()


@pytest.mark.asyncio
async def test_a_value_too_fine_leaves_live_and_comes_back_exact_in_a_new_row(pair: Pair) -> None:
    assert pair.give(1, b"1.25000000") is FrameClass.DATA
    assert pair.gateway.quote("spot:BTCUSDT").state is Status.LIVE
    assert pair.give(2, b"1.25000070") is FrameClass.REFUSED
    assert pair.gateway.quote("spot:BTCUSDT").state is Status.SYNCING
    request = await pair.supervisor.receive()
    assert request == wire.InstrumentRequest(Market.SPOT, "BTCUSDT")
    # exchangeInfo has nothing finer: the row follows what the frame needed.
    pair.shard._widening.on_reply(wire.InstrumentReply(Market.SPOT, "BTCUSDT", COARSE))
    assert pair.gateway.quote("spot:BTCUSDT").state is Status.SYNCING
    assert pair.give(3, b"1.25000070") is FrameClass.DATA
    quote = pair.gateway.quote("spot:BTCUSDT")
    assert quote.state is Status.LIVE
    assert str(quote.decimal("bid_qty")) == "1.2500007"
    assert quote.bid_px == 91234.55


TICKER_ROW = (
    b'{"e":"24hrTicker","E":1795345200123,"s":"BTCUSDT","p":"-34.00","P":"-0.036","w":"91217.12",'
    b'"x":"91268.00","c":"91234.%s","Q":"0.002","b":"91234.55","B":"1.20","a":"91234.56",'
    b'"A":"0.98","o":"91268.00","h":"91999.00","l":"90500.10","v":"175523.33","q":"16011021337.1",'
    b'"O":1795258740000,"C":1795345200000,"F":6010,"L":6999,"n":990,"note":"' + b"x" * 150 + b'"}'
)


@pytest.mark.asyncio
async def test_row_of_an_array_is_widened_in_one_go(pair: Pair) -> None:
    """Its frame is not refused; six decimals more are one move, not three."""
    name = "spot:!ticker@arr"
    array = PlanStream(name, Kind.TICKER, NONE, 0, shape=Shape.ARRAY, split="ticker", rows=(0,))
    pair.shard._take(wire.PlanChange(1, add=[array]))
    assert await pair.supervisor.receive() == wire.Changed(1)
    frame = b'{"stream":"!ticker@arr","data":[%s]}' % (TICKER_ROW % b"55500007")
    assert pair.shard._engine.frame(0, frame) is FrameClass.DATA
    pair.shard.on_notices()
    request = await pair.supervisor.receive()
    assert request == wire.InstrumentRequest(Market.SPOT, "BTCUSDT")
    pair.shard._widening.on_reply(wire.InstrumentReply(Market.SPOT, "BTCUSDT", COARSE))
    assert pair.shard._rows.symbols[1].px_exponent == -8
    assert pair.shard._engine.frame(0, frame.replace(b"200123", b"200124")) is FrameClass.DATA
    pair.shard._engine.heartbeat()
    assert pair.gateway.ticker("spot:BTCUSDT").state is Status.LIVE


@pytest.mark.asyncio
async def test_many_refused_frames_ask_the_supervisor_once(pair: Pair) -> None:
    for update_id in range(1, 20):
        pair.give(update_id, b"1.2500007%d" % (update_id % 10))
    await pair.supervisor.receive()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pair.supervisor.receive(), 0.1)


def test_tick_and_step_keep_their_values_in_finer_mantissas() -> None:
    wide = widened(COARSE, -4, -8)
    assert (wide.px_exponent, wide.qty_exponent, wide.tick, wide.step) == (-4, -8, 100, 1000)
