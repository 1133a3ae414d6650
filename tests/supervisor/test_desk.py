"""The desk with a real REST client against a real server: books, history, progress."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import unquote

import pytest
from aiohttp import web

from gateway.layout import Kind, Market
from gateway.plan import (
    HistoryReply,
    HistoryRequest,
    Need,
    PlanStream,
    PlanSymbol,
    RefreshReply,
    RefreshRequest,
    ShardPlan,
    SnapshotReply,
    SnapshotRequest,
)
from gateway.rest.client import RestClient
from gateway.supervisor.catalogue import Catalogue
from gateway.supervisor.desk import ShardDesk
from gateway.supervisor.gate import Gate
from tests.rest.test_client import Handler, Venue, client, text, venue

T = 1_795_345_200_000


@asynccontextmanager
async def desk_at(answer: Handler) -> AsyncIterator[tuple[ShardDesk, Venue, RestClient]]:
    async with venue(answer) as there, client(there.base) as rest:
        nobody = cast("Any", None)
        yield ShardDesk(rest, Catalogue(rest), cast("Gate", None), nobody), there, rest


async def history(desk: ShardDesk, *request: Any) -> HistoryReply:
    found = await desk.answer(HistoryRequest(3, *request))
    assert isinstance(found, HistoryReply)
    assert found.request_id == 3
    return found


def rows(*ids: int) -> str:
    row = {"p": "1.0", "q": "2.0", "f": 1, "l": 1, "T": 5, "m": True, "M": True}
    return json.dumps([{"a": number, **row} for number in ids])


@pytest.mark.asyncio
async def test_snapshot_says_how_many_levels_were_asked_for() -> None:
    async with desk_at(text(200, '{"lastUpdateId":1}')) as (desk, there, _):
        request = SnapshotRequest(7, Market.USDM, "BTCUSDT", 60, need=Need.LOST)
        found = await desk.answer(request)
        assert found == SnapshotReply(7, 200, b'{"lastUpdateId":1}', limit=100)
        assert there.asked == ["/usdm/fapi/v1/depth?symbol=BTCUSDT&limit=100"]


@pytest.mark.asyncio
async def test_fewer_levels_come_where_much_weight_is_spent() -> None:
    async with desk_at(text(200)) as (desk, there, rest):
        rest.learn(Market.SPOT, 100)
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).is_ok
        request = SnapshotRequest(7, Market.SPOT, "BTCUSDT", 1000, need=Need.LOST, least=100)
        found = await desk.answer(request)
        assert isinstance(found, SnapshotReply)
        assert found.limit == 100
        assert there.asked[1:] == ["/spot/api/v3/depth?symbol=BTCUSDT&limit=100"]


@pytest.mark.asyncio
async def test_failed_snapshot_is_an_answer_and_a_line(caplog: pytest.LogCaptureFixture) -> None:
    async with desk_at(text(404, '{"code":-1121}')) as (desk, _, _):
        found = await desk.answer(SnapshotRequest(7, Market.USDM, "NOPE", 5, "RPI"))
        assert found == SnapshotReply(7, 404, b'{"code":-1121}', limit=1000)
    assert 'no snapshot of usdm:NOPE.RPI: HTTP 404: {"code":-1121}' in caplog.text


@pytest.mark.asyncio
async def test_needs_decide_the_order_of_what_waits() -> None:
    refused = iter([429])

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=next(refused, 200), headers={"Retry-After": "1"})

    async with desk_at(answer) as (desk, there, _):
        await desk.answer(SnapshotRequest(0, Market.SPOT, "HOLD", 100))
        requests = [
            SnapshotRequest(number, Market.SPOT, need.name, 100, need=need)
            for number, need in enumerate((Need.AUDIT, Need.COLD, Need.LOST))
        ]
        waiting = [asyncio.create_task(desk.answer(request)) for request in requests]
        await asyncio.gather(*waiting)
        assert "symbol=LOST" in there.asked[1]


@pytest.mark.asyncio
async def test_history_is_a_page_in_the_streams_own_form() -> None:
    async with desk_at(text(200, rows(7, 8, 9, 10))) as (desk, there, _):
        found = await history(desk, "spot:btcusdt@aggTrade", 7, 9)
        assert found.status == 200
        assert found.is_final
        assert [json.loads(event)["a"] for event in found.events] == [7, 8, 9]
        assert there.asked == ["/spot/api/v3/aggTrades?symbol=BTCUSDT&fromId=7&limit=4"]


@pytest.mark.asyncio
async def test_candles_are_judged_by_the_venues_clock() -> None:
    candle = [T, "1", "1", "1", "1", "1", T + 59_999, "1", 1, "1", "1", "0"]
    for date, count in (("Sun, 22 Nov 2026 11:00:59 GMT", 0), ("Sun, 22 Nov 2026 11:01:00 GMT", 1)):
        async with desk_at(text(200, json.dumps([candle]), Date=date)) as (desk, _, _):
            found = await history(desk, "spot:btcusdt@kline_1m", T, T)
            assert len(found.events) == count
            assert found.is_final is bool(count)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "body", "is_final", "error"),
    [
        (400, '{"code":-4166,"msg":"Search window is restricted"}', True, "HTTP 400: {"),
        (503, "busy", False, "HTTP 503: busy"),
        (200, "<html>", False, "aggTrades: "),
        (429, "", False, "HTTP 429: the venue wants no call for "),
    ],
)
async def test_history_that_fails_says_whether_to_ask_again(
    status: int, body: str, is_final: bool, error: str
) -> None:
    async with desk_at(text(status, body)) as (desk, _, _):
        found = await history(desk, "usdm:btcusdt@aggTrade", 7, 9)
        assert (found.events, found.is_final) == ([], is_final)
        assert found.status == (0 if status == 200 else status)
        assert found.error.startswith(error)


@pytest.mark.asyncio
async def test_page_that_is_asked_for_again_while_it_waits_is_asked_of_the_venue_once() -> None:
    async with desk_at(text(429, **{"Retry-After": "600"})) as (desk, there, _):
        await history(desk, "spot:btcusdt@aggTrade", 1, 2)
        older = asyncio.create_task(history(desk, "spot:btcusdt@aggTrade", 1, 2))
        await asyncio.sleep(0)
        newer = asyncio.create_task(history(desk, "spot:btcusdt@aggTrade", 1, 2))
        assert "a newer request" in (await older).error
        newer.cancel()
        assert len(there.asked) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("stream", ["spot:btcusdt@bookTicker", "nonsense"])
async def test_what_has_no_history_is_final_without_a_call(stream: str) -> None:
    async with desk_at(text(200)) as (desk, there, _):
        found = await history(desk, stream, 1, 2)
        assert (found.status, found.is_final) == (0, True)
        assert found.error
        assert there.asked == []


@pytest.mark.asyncio
async def test_cold_start_is_computed_and_its_end_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    symbols = [PlanSymbol(Market.SPOT, f"S{number}", -2, -2) for number in range(60)]
    streams = [PlanStream(f"spot:s{n}@depth", Kind.DIFF, n, 0) for n in range(60)]
    plan = ShardPlan(0, 1, 1, "", symbols, [], streams)
    caplog.set_level(logging.INFO)
    async with desk_at(text(200, '{"lastUpdateId":1}')) as (desk, there, rest):
        desk.expect([plan])
        requests = (SnapshotRequest(n, Market.SPOT, f"S{n}", 100) for n in range(60))
        await asyncio.gather(*(desk.answer(request) for request in requests))
        assert len(there.asked) == 60
        assert rest.weights()["spot"]["limit"] == 4800
    start = (
        "books of spot: 60 first snapshots of weight 5, as fast as they are answered: the weight"
    )
    assert start in caplog.text
    assert "books of spot: 60 of 60 first snapshots are here after " in caplog.text


def quoted(*symbols: str) -> str:
    best = {"bidPrice": "1.0", "bidQty": "2.0", "askPrice": "1.5", "askQty": "3.0"}
    return json.dumps([{"symbol": symbol, **best} for symbol in symbols])


@pytest.mark.asyncio
async def test_latest_values_of_several_streams_are_one_call() -> None:
    names = ["spot:ausdt@bookTicker", "spot:busdt@bookTicker"]
    async with desk_at(text(200, quoted("AUSDT", "CUSDT"))) as (desk, there, rest):
        found = await desk.answer(RefreshRequest(9, names))
        payload = b'{"s":"AUSDT","b":"1.0","B":"2.0","a":"1.5","A":"3.0"}'
        assert found == RefreshReply(9, 200, {names[0]: payload})
        (asked,) = there.asked
        assert unquote(asked) == '/spot/api/v3/ticker/bookTicker?symbols=["AUSDT","BUSDT"]'
        assert rest.spent(Market.SPOT) == 4


@pytest.mark.parametrize(
    ("status", "body", "told"), [(400, '{"code":-1121}', 400), (200, "[1]", 0), (503, "", 503)]
)
@pytest.mark.asyncio
async def test_values_that_cannot_be_had_are_an_answer_and_a_line(
    status: int, body: str, told: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk_at(text(status, body)) as (desk, _, _):
        found = await desk.answer(RefreshRequest(9, ["usdm:btcusdt@markPrice"]))
    assert isinstance(found, RefreshReply)
    assert (found.status, found.values) == (told, {})
    assert "no latest values of usdm:btcusdt@markPrice: " in caplog.text


@pytest.mark.parametrize("name", ["spot:ausdt@trade", "spot:nonsense"])
@pytest.mark.asyncio
async def test_values_of_what_has_no_call_are_not_asked_for(name: str) -> None:
    async with desk_at(text(200, "[]")) as (desk, there, _):
        found = await desk.answer(RefreshRequest(9, [name]))
        assert isinstance(found, RefreshReply)
        assert (found.status, there.asked) == (404, [])
