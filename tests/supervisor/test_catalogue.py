"""The catalogue against a real HTTP server whose listings change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from gateway.config import Config, Upstream
from gateway.errors import VenueError
from gateway.layout import Market
from gateway.rest.client import RestClient
from gateway.supervisor import catalogue as module
from gateway.supervisor.catalogue import Catalogue
from tests.supervisor.venue import Venue


@asynccontextmanager
async def catalogue(venue: Venue) -> AsyncIterator[Catalogue]:
    rest = RestClient(Config(upstream=Upstream(ws="ws://127.0.0.1:1", rest=venue.base)))
    try:
        yield Catalogue(rest)
    finally:
        await rest.close()


@pytest.mark.asyncio
async def test_market_is_fetched_whole_and_once_for_all_who_need_it(venue: Venue) -> None:
    async with catalogue(venue) as found:
        await asyncio.gather(*(found.need([Market.USDM, Market.SPOT]) for _ in range(5)))
        await found.need([Market.USDM])
        assert sorted(venue.asked) == [
            "/spot/api/v3/exchangeInfo",
            "/usdm/fapi/v1/exchangeInfo",
        ]
        assert (Market.USDM, "BTCUSDT") in found.instruments
        assert set(found.markets) == {Market.USDM, Market.SPOT}


@pytest.mark.asyncio
async def test_renewal_takes_in_what_is_listed_now_of_that_market_alone(venue: Venue) -> None:
    async with catalogue(venue) as found:
        await found.need([Market.SPOT, Market.USDM])
        venue.listed["usdm"] = {"NEWUSDT": "TRADING"}
        venue.listed["spot"] = {}
        await found.renew([Market.USDM, Market.COINM])
        assert (Market.USDM, "NEWUSDT") in found.instruments
        assert (Market.USDM, "ETHUSDT") not in found.instruments
        assert (Market.SPOT, "BTCUSDT") in found.instruments


@pytest.mark.asyncio
async def test_failed_renewal_keeps_what_is_known(
    venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    async with catalogue(venue) as found:
        await found.need([Market.USDM])
        venue.listed.clear()
        await found.renew([Market.USDM])
        assert (Market.USDM, "BTCUSDT") in found.instruments
    assert "going on with the instruments as they were" in caplog.text


@pytest.mark.asyncio
async def test_market_that_does_not_answer_is_an_error_with_its_address(venue: Venue) -> None:
    venue.listed.clear()
    async with catalogue(venue) as found:
        with pytest.raises(VenueError) as caught:
            await found.need([Market.USDM])
        assert caught.value.address == f"{venue.base}/usdm/fapi/v1/exchangeInfo"


@pytest.mark.asyncio
async def test_hundred_questions_at_once_cost_one_call(venue: Venue) -> None:
    async with catalogue(venue) as found:
        await found.need([Market.USDM])
        answers = await asyncio.gather(
            *(found.refresh(Market.USDM, name) for name in ["BTCUSDT", "NOPE"] * 50)
        )
        assert [answer is None for answer in answers] == [False, True] * 50
        assert len(venue.asked) == 2
        assert await found.refresh(Market.COINM, "X") is None


@pytest.mark.asyncio
async def test_market_is_not_asked_again_at_once(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with catalogue(venue) as found:
        await found.need([Market.USDM])
        monkeypatch.setattr(module, "asyncio", SimpleNamespace(**vars(asyncio) | {"sleep": sleep}))
        for _ in range(3):
            await found.renew([Market.USDM])
        assert slept[0] == 0
        assert all(9 < seconds <= 10 for seconds in slept[1:])
