"""Leave to attempt a handshake."""

from __future__ import annotations

import asyncio

import pytest

from gateway.plan import ConnectReply, ConnectRequest, Refused
from gateway.shard import permits
from gateway.shard.permits import Permits
from tests.waiting import until


class Supervisor:
    """Answers as the test says."""

    def __init__(self) -> None:
        self.heard: list[ConnectRequest | Refused] = []
        self.permits = Permits(self.heard.append)

    def ask(self, host: str) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.permits.wait(host))

    async def requests(self, count: int) -> list[ConnectRequest]:
        def found() -> list[ConnectRequest]:
            return [message for message in self.heard if isinstance(message, ConnectRequest)]

        await until(lambda: len(found()) >= count)
        return found()

    def answer(self, request: ConnectRequest, wait_s: float) -> None:
        self.permits.on_reply(ConnectReply(request.request_id, wait_s))


@pytest.mark.asyncio
async def test_a_permit_is_waited_for_and_asked_again_when_refused() -> None:
    supervisor = Supervisor()
    waiting = supervisor.ask("a")
    [first] = await supervisor.requests(1)
    supervisor.answer(first, 0.05)
    _, second = await supervisor.requests(2)
    assert not waiting.done()
    supervisor.answer(second, 0.0)
    await waiting


@pytest.mark.asyncio
async def test_answers_find_who_asked() -> None:
    supervisor = Supervisor()
    one, two = supervisor.ask("a"), supervisor.ask("b")
    first, second = await supervisor.requests(2)
    supervisor.answer(second, 0.0)
    await two
    assert not one.done()
    supervisor.answer(first, 0.0)
    await one


@pytest.mark.asyncio
async def test_an_answer_that_nobody_waits_for_is_dropped() -> None:
    supervisor = Supervisor()
    waiting = supervisor.ask("a")
    [first] = await supervisor.requests(1)
    waiting.cancel()
    await asyncio.wait((waiting,))
    supervisor.answer(first, 0.0)
    supervisor.answer(ConnectRequest(99, "a"), 0.0)


@pytest.mark.asyncio
async def test_a_supervisor_that_does_not_answer_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(permits, "ANSWER_MAX_S", 0.05)
    supervisor = Supervisor()
    waiting = supervisor.ask("a")
    requests = await supervisor.requests(2)
    supervisor.answer(requests[-1], 0.0)
    await waiting


@pytest.mark.asyncio
async def test_a_host_that_sent_us_away_is_not_even_asked_about_before_its_time() -> None:
    supervisor = Supervisor()
    supervisor.permits.hold("a", 418, 0.3)
    assert supervisor.heard == [Refused("a", 418, 0.3)]
    held, free = supervisor.ask("a"), supervisor.ask("b")
    [request] = await supervisor.requests(1)
    assert request.host == "b"
    supervisor.answer(request, 0.0)
    await free
    supervisor.permits.hold("a", 429, 0.1)  # a shorter one does not cut the longer one short
    _, late = await supervisor.requests(2)
    assert late.host == "a"
    supervisor.answer(late, 0.0)
    await held


@pytest.mark.asyncio
async def test_a_refusal_of_another_link_counts_also_for_who_had_asked_already() -> None:
    supervisor = Supervisor()
    waiting = supervisor.ask("a")
    [request] = await supervisor.requests(1)
    supervisor.permits.hold("a", 429, 0.2)
    supervisor.answer(request, 0.0)
    _, again = await supervisor.requests(2)
    assert not waiting.done()
    supervisor.answer(again, 0.0)
    await waiting
