"""All checks at once; what they find is given as it comes, and all of it before the deadline."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway.doctor import host_clock, place, readers, secrets, state_files
from gateway.doctor.addresses import distinct, knock
from gateway.doctor.case import Case, Listed
from gateway.doctor.findings import Finding, bad, skipped
from gateway.doctor.judge import BANS, ROOM, SYNCHRONISED, judge_budgets, judge_synchronised
from gateway.doctor.judge_venue import TLS, Knock, judge_hosts, judge_route, judge_tls
from gateway.doctor.routes import listen
from gateway.doctor.state_files import remembered
from gateway.doctor.venue import SYMBOLS, look_at_clock, look_at_list
from gateway.errors import ConfigError, VenueError
from gateway.layout import Market, Shape
from gateway.markets import FACTS, Route
from gateway.rest.client import RestClient
from gateway.shard.address import host_of
from gateway.shard.dial import Dialling, make_tls
from gateway.state import StateFile
from gateway.streams import Stream
from gateway.supervisor import attempts
from gateway.supervisor.attempts import Attempts
from gateway.supervisor.gate import FILE_NAME, Gate

VISIT_S: Final = 28.0
WEBSOCKET: Final = "WebSocket"
_KINDS: Final = (WEBSOCKET, "REST")
_MARGIN_S: Final = 1.0
_DAY_S: Final = 86_400.0
_OFFLINE: Final = "the venue is not asked (--offline)"

T = TypeVar("T")
Check = Callable[[], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A finding and its place in the order of the checks."""

    order: tuple[int, int]
    finding: Finding


async def visit(case: Case, is_offline: bool) -> AsyncIterator[Numbered]:
    """Yield what is found, as it is found. Raises nothing for what is wrong."""
    doctor = _Visit(case, is_offline)
    try:
        async for found in findings_of(doctor.checks(), case.deadline):
            yield found
    finally:
        await doctor.close()


async def findings_of(
    checks: Sequence[tuple[str, Check]], deadline: float
) -> AsyncIterator[Numbered]:
    """Run all checks at once, none beyond ``deadline`` (s of CLOCK_MONOTONIC)."""
    done: asyncio.Queue[Numbered | None] = asyncio.Queue()

    async def run(number: int, name: str, check: Check) -> None:
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                found = await check()
        except TimeoutError:
            again = "gateway doctor again; see what is slow"
            found = [bad(name, "was not done in time", again, VenueError.exit_code)]
        for index, finding in enumerate(found):
            done.put_nowait(Numbered((number, index), finding))

    async def run_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for number, (name, check) in enumerate(checks):
                    group.create_task(run(number, name, check))
        finally:
            done.put_nowait(None)

    whole = asyncio.create_task(run_all())
    try:
        while (found := await done.get()) is not None:
            yield found
        await whole
    finally:
        whole.cancel()


def local_checks(places: Sequence[Path], state: Path | None) -> list[tuple[str, Check]]:
    """Return the checks that need no configuration."""
    looks: list[tuple[str, Callable[[], Sequence[Finding]]]] = [
        (state_files.NAME, lambda: [state_files.examine(state)]),
        (place.RUN_DIR, lambda: [place.examine_run_dir(places)]),
        (place.GATEWAYS, lambda: [place.examine_gateways(places)]),
        (readers.ACCESS, lambda: readers.examine_access(places)),
        (secrets.NAME, lambda: secrets.examine(os.environ)),
        (SYNCHRONISED, lambda: [judge_synchronised(host_clock.synchronised())]),
    ]
    return [(name, partial(asyncio.to_thread, look)) for name, look in looks]


class _Visit:
    """What the checks of one visit share: REST, leave to connect, the list of symbols."""

    def __init__(self, case: Case, is_offline: bool) -> None:
        config = case.config
        most = config.connections.attempts_per_5min
        self._case = case
        self._why_not = _OFFLINE if is_offline else ""
        self._gate = Gate(StateFile(case.state, FILE_NAME, Attempts, attempts.join), most)
        self._past = remembered(case.state, most, config.rest.weight_reserve)
        self._rest: RestClient | None = None
        self._tls: ssl.SSLContext | None = None
        self._wrong_tls: ConfigError | None = None
        if not is_offline:
            self._equip()
        self._clocks = {market: self._task(self._clock(market)) for market in self._markets}
        self._listed = self._task(self._list())
        self._knocks = {of: self._task(self._knock(*of)) for of in self._hosts}

    def _equip(self) -> None:
        config = self._case.config
        try:
            self._tls = make_tls(config.upstream.tls_ca_file)
            self._rest = RestClient(config, self._case.state)
        except ConfigError as exc:
            self._wrong_tls = exc
            self._why_not = "upstream.tls_ca_file cannot be used"

    def _task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    @cached_property
    def _tasks(self) -> list[asyncio.Task[Any]]:
        return []

    @cached_property
    def _markets(self) -> tuple[Market, ...]:
        return tuple(self._case.selection.markets)

    @cached_property
    def _hosts(self) -> list[tuple[Market, str]]:
        return [(market, kind) for market in self._markets for kind in _KINDS]

    @cached_property
    def _routes(self) -> list[tuple[Market, Route]]:
        """The routes in use, in order."""
        chosen = self._case.selection
        used = {(stream.market, stream.form.route) for stream in chosen.streams}
        used |= {(pattern.market, pattern.form.route) for pattern in chosen.patterns}
        return [of for of in self._case.endpoints.paths if of in used]

    async def close(self) -> None:
        """End what still runs, and tell other gateways of the weight that was spent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._rest is not None:
            await self._rest.close()

    def checks(self) -> list[tuple[str, Check]]:
        """Return every check with its name, in the order of the exit code."""
        case = self._case
        return [
            *local_checks(case.places, case.state),
            (BANS, self._budgets),
            *((_clock_name(m), self._awaited(self._clocks[m])) for m in self._markets),
            (SYMBOLS, self._symbols),
            (ROOM, self._limits),
            *((_hosts_name(*of), self._judged_hosts(of)) for of in self._hosts),
            (TLS, self._certificates),
            *((_route_name(*of), self._route(*of)) for of in self._routes),
        ]

    def _awaited(self, task: asyncio.Task[Finding]) -> Check:
        async def check() -> Sequence[Finding]:
            return [await asyncio.shield(task)]

        return check

    async def _budgets(self) -> Sequence[Finding]:
        budgets = self._past.all()
        until = {key: at(budget.held_s) for key, budget in budgets.items()}
        return [judge_budgets(budgets, until)]

    def _held_s(self, market: Market) -> float:
        first = self._case.endpoints.rest[market][0]
        return self._past.held_rest(FACTS[market].weight_pool, first)

    async def _clock(self, market: Market) -> Finding:
        name, held_s = _clock_name(market), self._held_s(market)
        if self._rest is None:
            return skipped(name, self._why_not)
        if held_s:
            return skipped(name, f"no REST call until {at(held_s)} (bans and budgets)")
        return await look_at_clock(self._rest, market, name)

    async def _list(self) -> tuple[Listed, Finding]:
        await asyncio.wait(self._clocks.values())  # which a list of 15 MB would spoil
        is_held = any(self._held_s(market) for market in self._markets)
        return await look_at_list(self._case, None if is_held else self._rest)

    async def _symbols(self) -> Sequence[Finding]:
        _, finding = await asyncio.shield(self._listed)
        return [finding]

    async def _limits(self) -> Sequence[Finding]:
        listed, _ = await asyncio.shield(self._listed)
        return await asyncio.to_thread(place.examine_limits, self._case.place, listed)

    async def _knock(self, market: Market, kind: str) -> list[Knock]:
        """Try every host of a market; WebSocket hosts are counted as attempts, to be safe."""
        if self._tls is None:
            return []
        ends = self._case.endpoints
        urls = distinct((ends.ws if kind == WEBSOCKET else ends.rest)[market])
        waits = [
            await self._gate.ask(host_of(url)) if kind == WEBSOCKET else self._held_s(market)
            for url in urls
        ]
        proxy, tls = self._case.config.upstream.proxy, self._tls
        return await asyncio.gather(
            *(
                _held(url, wait_s) if wait_s else knock(url, tls, proxy)
                for url, wait_s in zip(urls, waits, strict=True)
            )
        )

    def _judged_hosts(self, of: tuple[Market, str]) -> Check:
        async def check() -> Sequence[Finding]:
            if self._tls is None:
                return [skipped(_hosts_name(*of), self._why_not)]
            knocks = await asyncio.shield(self._knocks[of])
            return [judge_hosts(_hosts_name(*of), knocks, self._case.via)]

        return check

    async def _certificates(self) -> Sequence[Finding]:
        if self._wrong_tls is not None:
            exc = self._wrong_tls
            seen = f"{exc.subject()} {exc.problem}"
            return [bad(TLS, seen, f"upstream.tls_ca_file: {exc.remedy}", exc.exit_code)]
        if self._tls is None:
            return [skipped(TLS, self._why_not)]
        found = await asyncio.shield(asyncio.gather(*self._knocks.values()))
        trusts = self._case.config.upstream.tls_ca_file or "the system's authorities"
        return [judge_tls([knock for knocks in found for knock in knocks], trusts)]

    def _route(self, market: Market, route: Route) -> Check:
        name = _route_name(market, route)

        async def check() -> Sequence[Finding]:
            if self._tls is None:
                return [skipped(name, self._why_not)]
            listed, _ = await asyncio.shield(self._listed)
            stream = liveliest(listed, market, route)
            if stream is None:
                return [skipped(name, "nothing to subscribe there", "gateway plan")]
            config = self._case.config
            heard = await listen(
                self._case.endpoints.ws_urls(market, route),
                stream.venue_name,
                Dialling(self._tls, config.upstream.proxy, config.connections.ping_seconds),
                self._gate,
                self._case.deadline - _MARGIN_S,
            )
            held_s = max(each.held_s for each in heard)
            rate = listed.layout.rates.get(stream.name, stream.form.rate)
            return [judge_route(name, stream.name, rate, heard, at(held_s))]

        return check


def liveliest(listed: Listed, market: Market, route: Route) -> Stream | None:
    """Return the stream of a route that is likely to bring something first; None: none is there."""
    rates = listed.layout.rates
    found = [
        stream
        for stream in listed.streams
        if (stream.market, stream.form.route) == (market, route)
        and stream.form.shape is not Shape.SYNTHETIC
        and stream.name in rates
    ]

    def worth(stream: Stream) -> tuple[bool, float]:
        instrument = listed.instruments.get((stream.market, stream.symbol))
        return instrument is None or instrument.is_trading, rates[stream.name]

    return max(found, key=worth, default=None)


def at(seconds: float) -> str:
    """Return the local time so many seconds from now."""
    form = "%H:%M:%S" if seconds < _DAY_S else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(time.time() + seconds))


async def _held(url: str, wait_s: float) -> Knock:
    return Knock(host_of(url), held_s=wait_s)


def _clock_name(market: Market) -> str:
    return f"clock of {FACTS[market].name}"


def _hosts_name(market: Market, kind: str) -> str:
    return f"{FACTS[market].name} {kind}"


def _route_name(market: Market, route: Route) -> str:
    return f"{FACTS[market].name} /{route.value}"
