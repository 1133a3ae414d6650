"""What the supervisor says is asked for beside, and never waited for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.watch import supervisor
from gateway.watch.supervisor import Reporter
from gateway_client import NoAnswer
from tests.waiting import wait_for

ANSWERS: dict[str, Any] = {"weight": {"spot": {"limit": 1}}}


class Supervisor:
    """Stands for the control socket: answers, refuses, or hangs."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_gone = False
        self.goes_on = threading.Event()
        self.goes_on.set()

    def request(self, control: str, method: str, timeout: float) -> dict[str, Any]:
        self.asked.append(control)
        self.goes_on.wait(30)
        if self.is_gone:
            raise NoAnswer(method, "nobody listens", "start it")
        return ANSWERS


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    found = Supervisor()
    monkeypatch.setattr(supervisor, "request", found.request)
    monkeypatch.setattr(supervisor, "ASK_SECONDS", 0.01)
    return found


@pytest.fixture
def reporter(other: Supervisor) -> Iterator[Reporter]:
    found = Reporter("ipc:///nowhere")
    yield found
    other.goes_on.set()
    found.close()


def test_report_comes_and_goes_with_the_supervisor(
    other: Supervisor, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(reporter.latest, "the report")
    other.is_gone = True
    assert reporter.latest() == ANSWERS  # for some seconds it still holds
    seen = len(other.asked)
    wait_for(lambda: len(other.asked) > seen + 2, "asking on")
    monkeypatch.setattr(supervisor, "OLD_SECONDS", -1.0)
    assert reporter.latest() is None


def test_hung_supervisor_holds_nobody_up(other: Supervisor) -> None:
    other.goes_on.clear()
    reporter = Reporter("ipc:///nowhere")
    wait_for(lambda: other.asked, "the question")
    assert reporter.latest() is None
    other.goes_on.set()
    reporter.close()


def test_new_gateway_is_asked_at_its_own_address(other: Supervisor, reporter: Reporter) -> None:
    reporter.control = "ipc:///elsewhere"
    wait_for(lambda: "ipc:///elsewhere" in other.asked, "the other one being asked")


def test_gateway_that_takes_no_requests_is_not_asked(other: Supervisor) -> None:
    reporter = Reporter("")
    reporter.close()
    assert (other.asked, reporter.latest()) == ([], None)
