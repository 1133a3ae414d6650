"""The REST client against a real HTTP server that does what a venue may do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from gateway.config import Config, MarketHosts, Rest, Upstream, UpstreamHosts
from gateway.errors import ConfigError
from gateway.layout import Market
from gateway.plan import Need
from gateway.rest.client import PAGE_BYTES_MAX, RestClient

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Venue:
    """The requests that came, as path with query."""

    base: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.base.removeprefix("http://")


@asynccontextmanager
async def venue(answer: Handler) -> AsyncIterator[Venue]:
    """Serve ``answer`` for every path on a free port."""
    found = Venue()

    async def note(request: web.Request) -> web.StreamResponse:
        found.asked.append(str(request.rel_url))
        return await answer(request)

    app = web.Application()
    app.router.add_get("/{tail:.*}", note)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(
    base: str, state: Path | None = None, **limits: float
) -> AsyncIterator[RestClient]:
    upstream = Upstream("ws://127.0.0.1:1", base)
    config = Config(upstream=upstream, rest=msgspec.structs.replace(Rest(), **limits))
    made = RestClient(config, state)
    try:
        yield made
    finally:
        await made.close()


def text(status: int, body: str = "{}", **headers: str) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return answer


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("market", "path"),
    [
        (Market.SPOT, "/spot/api/v3/depth?symbol=BTCUSDT&limit=700"),
        (Market.USDM, "/usdm/fapi/v1/depth?symbol=BTCUSDT&limit=1000"),
        (Market.COINM, "/coinm/dapi/v1/depth?symbol=BTCUSDT&limit=1000"),
    ],
)
async def test_depth_is_asked_with_a_limit_of_the_market(market: Market, path: str) -> None:
    async with venue(text(200, '{"lastUpdateId":1}')) as there, client(there.base) as rest:
        answer = await rest.depth(market, "BTCUSDT", 700)
        assert answer.is_ok
        assert answer.body == b'{"lastUpdateId":1}'
        assert there.asked == [path]


@pytest.mark.asyncio
async def test_book_with_retail_orders_has_a_call_of_its_own() -> None:
    async with venue(text(200)) as there, client(there.base) as rest:
        await rest.depth(Market.USDM, "BTCUSDT", 100, "RPI")
        assert there.asked == ["/usdm/fapi/v1/rpiDepth?symbol=BTCUSDT&limit=1000"]


@pytest.mark.asyncio
async def test_exchange_info_is_asked_whole() -> None:
    async with venue(text(200)) as there, client(there.base) as rest:
        for market in Market:
            assert (await rest.exchange_info(market)).is_ok
        assert there.asked == [
            "/spot/api/v3/exchangeInfo",
            "/usdm/fapi/v1/exchangeInfo",
            "/coinm/dapi/v1/exchangeInfo",
        ]


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [429, 418])
async def test_refusal_holds_the_pool_and_not_the_other(status: int) -> None:
    async with venue(text(status, **{"Retry-After": "7"})) as there, client(there.base) as rest:
        first = await rest.depth(Market.USDM, "BTCUSDT", 1000)
        assert first.status == status
        assert first.error == f"HTTP {status}: the venue wants no call for 7 s"
        # USD-M and COIN-M share one pool, and exchangeInfo does not wait for long.
        held = await rest.exchange_info(Market.COINM)
        assert (held.status, held.error) == (0, first.error)
        assert len(there.asked) == 1
        await rest.depth(Market.SPOT, "BTCUSDT", 1000)
        assert len(there.asked) == 2


@pytest.mark.asyncio
async def test_call_goes_out_once_a_short_hold_is_over() -> None:
    statuses = iter([429, 200])

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=next(statuses), headers={"Retry-After": "1"})

    async with venue(answer) as there, client(there.base) as rest:
        loop = asyncio.get_running_loop()
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).status == 429
        held_at = loop.time()
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).is_ok
        assert loop.time() - held_at > 0.9  # a lower bound: the venue's second was kept


@pytest.mark.asyncio
async def test_ban_is_kept_even_if_its_answer_breaks_off() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=418, headers={"Content-Length": "1000"})
        await response.prepare(request)
        assert request.transport is not None
        request.transport.close()
        return response

    async with venue(answer) as there, client(there.base) as rest:
        found = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert found.error == "HTTP 418: the venue wants no call for 120 s"
        assert 119 < rest.weights()["spot"]["held_s"] <= 120


@pytest.mark.asyncio
async def test_weight_of_other_programs_is_read_from_the_header() -> None:
    headers = {"x-mbx-used-weight-1m": "4785"}
    async with venue(text(200, **headers)) as there, client(there.base) as rest:
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).is_ok
        refused = await rest.exchange_info(Market.SPOT)
        assert refused.error.startswith("no spot request weight is free for ")
        assert len(there.asked) == 1
        assert rest.weights()["spot"]["spent"] == 4785


@pytest.mark.asyncio
async def test_where_half_of_the_weight_is_spent_a_book_begins_with_fewer_levels() -> None:
    async with venue(text(200)) as there, client(there.base) as rest:
        rest.learn(Market.SPOT, 250)  # 200 may be spent, and a deep book costs 50
        for number, levels in enumerate((1000, 1000, 100, 100)):
            name = f"S{number}"
            answer = await rest.depth(Market.SPOT, name, 1000, need=Need.LOST, least=100)
            assert (answer.status, answer.limit) == (200, levels)
        whole = await rest.depth(Market.SPOT, "WHOLE", 1000, need=Need.LOST)
        assert whole.limit == 1000, "nobody said that fewer do"


@pytest.mark.asyncio
async def test_a_book_that_never_fits_is_asked_for_with_fewer_levels() -> None:
    async with venue(text(200)) as there, client(there.base) as rest:
        rest.learn(Market.SPOT, 125)
        assert (await rest.exchange_info(Market.SPOT)).is_ok
        answer = await rest.depth(Market.SPOT, "BTCUSDT", 5000, need=Need.LOST, least=100)
        assert (answer.status, answer.limit) == (200, 100)


@pytest.mark.asyncio
async def test_learnt_limit_is_obeyed_from_then_on() -> None:
    async with venue(text(200)) as there, client(there.base) as rest:
        rest.learn(Market.SPOT, 125)
        assert (await rest.exchange_info(Market.SPOT)).is_ok
        dear = await rest.depth(Market.SPOT, "BTCUSDT", 5000, need=Need.LOST)
        assert dear.error == "weight 250 is more than the spot budget ever has (100 a minute)"
        assert rest.line(Market.SPOT) == 100
        assert len(there.asked) == 1


@pytest.mark.asyncio
async def test_the_most_needed_call_goes_first_and_a_cancelled_one_spends_nothing() -> None:
    held = iter([429])

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=next(held, 200), headers={"Retry-After": "1"})

    async with venue(answer) as there, client(there.base) as rest:
        await rest.depth(Market.SPOT, "HOLD", 100)
        asked = [
            asyncio.create_task(rest.depth(Market.SPOT, need.name, 100, need=need))
            for need in reversed(Need)
        ]
        await asyncio.sleep(0.1)
        asked[1].cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        symbols = [path.partition("symbol=")[2].partition("&")[0] for path in there.asked[1:]]
        assert set(symbols) == {"LOST", "COLD", "BACKFILL", "REFRESH", "AUDIT"}
        assert symbols[0] == "LOST"
        await asyncio.sleep(0.6)
        assert rest.weights()["spot"]["spent"] == 6 * 5


@pytest.mark.asyncio
async def test_newer_request_for_a_book_takes_the_place_of_the_older() -> None:
    held = iter([429])

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=next(held, 200), headers={"Retry-After": "1"})

    async with venue(answer) as there, client(there.base) as rest:
        await rest.depth(Market.SPOT, "HOLD", 100)
        older = asyncio.create_task(rest.depth(Market.SPOT, "A", 100, need=Need.DEEPEN))
        await asyncio.sleep(0.05)
        newer = await rest.depth(Market.SPOT, "A", 100, need=Need.LOST)
        assert newer.is_ok
        assert (await older).error == "a newer request has taken its place"
        assert len(there.asked) == 2


@pytest.mark.asyncio
async def test_full_queue_answers_the_least_needed() -> None:
    async with (
        venue(text(429, **{"Retry-After": "600"})) as there,
        client(there.base, queue_max=2) as rest,
    ):
        await rest.depth(Market.SPOT, "HOLD", 100)
        waiting = [
            asyncio.create_task(rest.depth(Market.SPOT, f"S{n}", 100, need=need))
            for n, need in enumerate((Need.COLD, Need.AUDIT, Need.LOST))
        ]
        answer = await waiting[1]
        assert answer.error == ("over 2 calls wait for spot weight, and this is the least needed")
        assert not waiting[0].done()
        assert not waiting[2].done()
        await rest.close()
        assert (await waiting[2]).error == "the gateway stops"
        await waiting[0]


@pytest.mark.asyncio
async def test_other_status_comes_with_its_body() -> None:
    body = '{"code":-1121,"msg":"Invalid symbol."}'
    async with venue(text(404, body)) as there, client(there.base) as rest:
        answer = await rest.depth(Market.SPOT, "NOPE", 100)
        assert (answer.status, answer.body, answer.error) == (404, body.encode(), "")
        assert answer.problem() == f"HTTP 404: {body}"


@pytest.mark.asyncio
async def test_call_whose_connection_is_closed_is_not_sent_again_unseen() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if len(there.asked) == 2 and request.transport is not None:
            request.transport.close()  # it was counted all the same
        return web.Response(text="{}")

    async with venue(answer) as there, client(there.base) as rest:
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).is_ok
        failed = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert (failed.status, len(there.asked)) == (0, 2)
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).is_ok


@pytest.mark.asyncio
async def test_redirect_is_not_followed() -> None:
    async with (
        venue(text(302, Location="http://127.0.0.1:1/")) as there,
        client(there.base) as rest,
    ):
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).status == 302


@pytest.mark.asyncio
async def test_silent_server_is_given_up() -> None:
    released = asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    async with venue(answer) as there, client(there.base, timeout_seconds=0.2) as rest:
        found = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert (found.status, found.error) == (0, f"{there.host}: no answer within 0.2 s")
        released.set()


@pytest.mark.asyncio
async def test_endless_answer_is_cut() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 16))

    async with venue(answer) as there, client(there.base, body_bytes_max=1 << 20) as rest:
        found = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert (found.status, found.error) == (
            0,
            f"{there.host}: the answer is longer than 1048576 bytes",
        )


@pytest.mark.asyncio
async def test_only_the_list_of_instruments_may_be_long() -> None:
    body = "x" * (PAGE_BYTES_MAX + 1)
    async with venue(text(200, body)) as there, client(there.base) as rest:
        book = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert book.error == f"{there.host}: the answer is longer than {PAGE_BYTES_MAX} bytes"
        assert len((await rest.exchange_info(Market.SPOT)).body) == len(body)


@pytest.mark.asyncio
async def test_headers_that_are_nonsense_are_as_if_they_were_not_there() -> None:
    headers = {"X-MBX-USED-WEIGHT-1M": "9" * 5000, "Date": "Mon, 01 Jan 2024 00:00:00 +9999999999"}
    async with venue(text(200, "{}", **headers)) as there, client(there.base) as rest:
        answers = [await rest.depth(Market.SPOT, "BTCUSDT", 100) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200]


@pytest.mark.asyncio
async def test_connection_cut_in_the_body_is_an_error_and_no_short_body() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.close()
        return response

    async with venue(answer) as there, client(there.base) as rest:
        found = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert found.status == 0
        assert found.error


@pytest.mark.asyncio
async def test_refused_connection_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    async with client(f"http://127.0.0.1:{port}") as rest:
        found = await rest.depth(Market.SPOT, "BTCUSDT", 100)
    assert (found.status, found.error) == (0, f"127.0.0.1:{port}: connection refused")


@pytest.mark.asyncio
async def test_unusable_authorities_file_is_a_configuration_error() -> None:
    config = Config(upstream=Upstream(tls_ca_file="/nowhere/ca.pem"))
    with pytest.raises(ConfigError, match=r"/nowhere/ca\.pem: cannot be used as tls_ca_file"):
        RestClient(config)


@asynccontextmanager
async def client_of(hosts: Sequence[str], **limits: float) -> AsyncIterator[RestClient]:
    """A client whose spot REST has several hosts."""
    endpoints = UpstreamHosts(spot=MarketHosts(rest=tuple(hosts)))
    config = Config(
        upstream=Upstream(endpoints=endpoints), rest=msgspec.structs.replace(Rest(), **limits)
    )
    made = RestClient(config)
    try:
        yield made
    finally:
        await made.close()


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.asyncio
async def test_host_that_cannot_be_reached_is_replaced_in_the_same_call() -> None:
    async with venue(text(200)) as there, client_of([closed_port(), there.base]) as rest:
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).is_ok
        assert rest.address(Market.SPOT, "depth") == f"{there.base}/api/v3/depth"
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).is_ok
        assert len(there.asked) == 2


@pytest.mark.asyncio
async def test_host_that_fails_is_left_for_the_next_call() -> None:
    async with (
        venue(text(503, "busy")) as first,
        venue(text(200)) as second,
        client_of([first.base, second.base]) as rest,
    ):
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).status == 503
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).is_ok
        assert (len(first.asked), len(second.asked)) == (1, 1)


@pytest.mark.asyncio
async def test_refusal_is_of_the_address_and_no_reason_for_another_host() -> None:
    """Weight and bans are counted for the client's address: another host would refuse as well."""
    async with (
        venue(text(429, **{"Retry-After": "0"})) as first,
        venue(text(200)) as second,
        client_of([first.base, second.base]) as rest,
    ):
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).status == 429
        await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert second.asked == []


@pytest.mark.asyncio
async def test_when_no_host_can_be_reached_all_are_named() -> None:
    hosts = [closed_port(), closed_port()]
    async with client_of(hosts) as rest:
        answer = await rest.depth(Market.SPOT, "BTCUSDT", 100)
        assert answer.status == 0
        assert answer.error == "; ".join(f"{host[7:]}: connection refused" for host in hosts)
        await asyncio.sleep(0.6)
        assert rest.weights()["spot"]["spent"] == 0, "nothing has reached the venue"


@pytest.mark.asyncio
async def test_firewalls_page_holds_the_pool_and_the_apis_answer_does_not() -> None:
    async with venue(text(403, "<html>")) as there, client(there.base) as rest:
        assert (
            "HTTP 403: the venue wants no call for 60 s"
            in (await rest.depth(Market.SPOT, "BTCUSDT", 100)).problem()
        )
        assert rest.weights()["spot"]["held_s"] > 59
    async with venue(text(403, '{"code":-1}')) as there, client(there.base) as rest:
        assert (await rest.depth(Market.SPOT, "BTCUSDT", 100)).body == b'{"code":-1}'
        assert rest.weights()["spot"]["held_s"] == 0
