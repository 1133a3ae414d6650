"""The page in a real browser, fed by a real gateway that carries a simulated market."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.dashboard.guard import Listen
from gateway.dashboard.server import Dashboard
from tests.conftest import ROOT
from tests.dashboard.browser import Browser, browser, path
from tests.integration.running import Service, Simulator

ARTIFACTS = Path(os.environ.get("ARTIFACTS", ROOT / "build" / "artifacts"))
STREAMS = tuple(
    f"{market}:{name}@{form}"
    for market, name in (("spot", "btcusdt"), ("spot", "ethusdt"), ("usdm", "btcusdt"))
    for form in ("depth@100ms", "bookTicker", "aggTrade")
)
STATE = "document.getElementById('state').textContent"
BEST = "document.querySelector('#ladder .bids .rung').textContent"
KILLED_SECONDS = 2.0
LOOKED_AT = "usdm:BTCUSDT"  # since another was chosen


def has_browser() -> bool:
    if path() is None:
        notice = "the dashboard is not tried in a browser: apt-get install chromium"
        sys.__stderr__ and sys.__stderr__.write(f"\nNOTICE: {notice}\n")
        return False
    return True


pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(not has_browser(), reason="no browser here: apt-get install chromium"),
]


@contextlib.asynccontextmanager
async def page(run_dir: Path) -> AsyncIterator[tuple[Browser, Dashboard]]:
    dashboard = Dashboard(Listen("127.0.0.1", 0), 10.0, str(run_dir))
    await dashboard.start()
    try:
        async with browser() as found:
            await found.size(1280, 800)
            await found.open(dashboard.address)
            yield found, dashboard
    finally:
        await dashboard.close()


@pytest.mark.timeout(180)
async def test_page_shows_a_gateway_its_death_and_its_own(run_dir: Path, tmp_path: Path) -> None:
    async with page(run_dir) as (seen, dashboard):
        await seen.wait("document.body.dataset.gateway === 'WAITING'")
        with Simulator() as simulator:
            settings = tmp_path / "gateway.toml"
            settings.write_text("shards = 2\n")
            options = ("--config", str(settings))
            service = await asyncio.to_thread(Service, run_dir, simulator, STREAMS, options)
            with service:
                await seen.wait(
                    f"{STATE} === 'LIVE' && document.querySelectorAll('.row').length === 3"
                )
                await moves(seen)
                await pictures(seen)
                await another_is_chosen(seen)
                await death_is_told(seen, service)
        assert seen.problems == []
        hosts = {urlsplit(url).hostname for url in seen.requests}
        assert hosts == {"127.0.0.1"}
        await dashboard.close()
        await seen.wait("document.body.classList.contains('old')")
        assert "THIS PAGE IS NOT FED" in await seen.wait("!banner.hidden && banner.textContent")


async def moves(seen: Browser) -> None:
    before = await seen.js("document.getElementById('ladder').textContent")
    await seen.wait(f"document.getElementById('ladder').textContent !== {json.dumps(before)}")
    assert await seen.js(
        "document.querySelector('#depth-chart .bids').getAttribute('d').length > 50"
    )
    assert await seen.js("document.body.classList.contains('old')") is False


async def pictures(seen: Browser) -> None:
    """Kept for people to look at; what they must not show is a page that is wider than it is."""
    for width, height in ((390, 844), (1280, 800)):
        for theme in ("light", "dark"):
            await seen.size(width, height, theme)
            name = "dashboard" if (width, theme) == (1280, "dark") else f"dashboard-{width}-{theme}"
            await asyncio.sleep(0.3)
            await seen.screenshot(ARTIFACTS / f"{name}.png")
            assert await seen.js("document.documentElement.scrollWidth <= innerWidth")


async def another_is_chosen(seen: Browser) -> None:
    assert await seen.js("symbol.textContent") == "spot:BTCUSDT"
    await seen.click(".row:nth-child(2)")
    await seen.wait("symbol.textContent === 'spot:ETHUSDT'")
    await seen.wait(f"{BEST}.startsWith('3')")  # some thousands, where Bitcoin is at 60,000
    await seen.js("document.querySelector('#table .scroll').focus()")
    await seen.press("ArrowDown")
    await seen.wait("symbol.textContent === 'usdm:BTCUSDT'")
    await seen.js("filter.value = 'eth'; filter.dispatchEvent(new Event('input'))")
    await seen.wait("document.querySelectorAll('.row').length === 1")
    await seen.click("#table button")
    await seen.js("filter.value = ''; filter.dispatchEvent(new Event('input'))")
    await seen.wait("document.querySelector('.row').dataset.symbol === 'usdm:BTCUSDT'")


async def death_is_told(seen: Browser, service: Service) -> None:
    """Of one shard and of all of them at once, and that it is over as soon as it is."""
    shard, other = of_the_book(service)
    await seen.js(
        "window.states = new Set(); new MutationObserver(() => "
        "states.add(state.textContent + ' ' + book.classList.contains('untrusted')))"
        ".observe(book, {subtree: true, childList: true, characterData: true, attributes: true})"
    )
    # A supervisor that is stopped restarts nothing, so that there is time to look.
    os.kill(service.process.pid, signal.SIGSTOP)
    try:
        os.kill(shard["pid"], signal.SIGKILL)
        await seen.wait(f"{STATE} === 'DEAD'", KILLED_SECONDS)
        assert await seen.js("book.classList.contains('untrusted')")
        banner = await seen.wait("!banner.hidden && banner.textContent")
        number = shard["id"]
        assert banner == (f"1 OF 2 SHARDS DEAD. Not to be trusted: instruments of shard {number}.")
        assert await states_of(seen, ".shard") == [
            "DEAD" if each == number else "LIVE" for each in range(2)
        ]
        # The other shard's instruments are shown as before.
        symbols = await seen.js("[...document.querySelectorAll('.row')].map(r => r.dataset.symbol)")
        assert sorted(symbols) == sorted(shard["symbols"] + other["symbols"])
        assert await states_of(seen, ".row") == [
            "LIVE" if each in other["symbols"] else "DEAD" for each in symbols
        ]
        await seen.screenshot(ARTIFACTS / "dashboard-shard-dead.png")
        os.kill(other["pid"], signal.SIGKILL)
        told = "banner.textContent.startsWith('THE GATEWAY IS DEAD.')"
        await seen.wait(told, KILLED_SECONDS)
        assert set(await states_of(seen, ".row")) == {"DEAD"}
        await seen.screenshot(ARTIFACTS / "dashboard-dead.png")
    finally:
        os.kill(service.process.pid, signal.SIGCONT)
    await seen.wait(f"{STATE} === 'LIVE' && banner.hidden", 60.0)
    assert "LIVE true" not in await seen.js("[...states]")


def of_the_book(service: Service) -> tuple[dict[str, Any], dict[str, Any]]:
    """The shard, as in the manifest, whose instrument is looked at, and the other one."""
    shards = json.loads((service.run_dir / "manifest.json").read_text())["shards"]
    has_it, has_not = sorted(shards, key=lambda shard: LOOKED_AT not in shard["symbols"])
    return has_it, has_not


async def states_of(seen: Browser, selector: str) -> list[str]:
    """The states of all elements of a kind, in the page's order."""
    elements = f"[...document.querySelectorAll({selector!r})]"
    found: list[str] = await seen.js(f"{elements}.map((each) => each.dataset.state)")
    return found
