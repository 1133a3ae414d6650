"""Judgements, on numbers made up for them."""

from __future__ import annotations

import pytest

from gateway.doctor import judge
from gateway.doctor.findings import Verdict, bad, exit_code, ok, warn
from gateway.doctor.judge import Budget, Synchronised
from gateway.doctor.judge_venue import Heard, Knock, judge_hosts, judge_route, judge_tls

OK, WARN, BAD, SKIPPED = Verdict.OK, Verdict.WARN, Verdict.BAD, Verdict.SKIPPED
MIB = 1 << 20


def test_code_is_that_of_the_first_bad_one() -> None:
    assert exit_code([ok("a", "x"), warn("b", "x", "y")]) == 0
    assert exit_code([ok("a", "x"), bad("b", "x", "y", 73), bad("c", "x", "y", 69)]) == 73


@pytest.mark.parametrize(
    ("offset", "error", "verdict"),
    [
        (5, 2, OK),
        (-99, 0, OK),
        (150, 60, OK),
        (-150, 40, WARN),
        (1500, 600, WARN),
        (-1500, 20, BAD),
    ],
)
def test_offset_counts_as_far_as_it_is_sure(offset: float, error: float, verdict: Verdict) -> None:
    found = judge.judge_offset("clock", offset, error)
    assert found.verdict is verdict
    assert f"{offset:+.1f} ms" in found.seen


def test_clock_that_nothing_keeps_right_is_a_warning() -> None:
    assert judge.judge_synchronised(Synchronised(False)).verdict is SKIPPED
    assert judge.judge_synchronised(Synchronised(True, False)).verdict is WARN
    found = judge.judge_synchronised(Synchronised(True, True, 0.0123))
    assert (found.verdict, "12 ms" in found.seen) == (OK, True)


@pytest.mark.parametrize(("soft", "verdict"), [(-1, OK), (65_536, OK), (300, WARN), (100, BAD)])
def test_open_files_are_for_connections_and_consumers(soft: int, verdict: Verdict) -> None:
    found = judge.judge_open_files(soft, 30, 2)
    assert found.verdict is verdict
    assert found.code == (73 if verdict is BAD else 0)
    assert "LimitNOFILE" in found.mend or verdict is OK


@pytest.mark.parametrize(
    ("free", "back", "verdict"), [(100, 0, OK), (35, 30, OK), (30, 0, WARN), (5, 10, BAD)]
)
def test_room_counts_what_a_running_gateway_gives_back(
    free: int, back: int, verdict: Verdict
) -> None:
    assert judge.judge_room("/dev/shm", 20 * MIB, free * MIB, back * MIB).verdict is verdict


def test_room_is_told_in_units_that_people_read() -> None:
    found = judge.judge_room("/dev/shm", 20 * MIB, 1536 * MIB, 512 * MIB)
    assert found.seen == (
        "20.0 MiB are needed in /dev/shm, 2.0 GiB are free "
        "(of these 512.0 MiB once its gateway stops)"
    )


def test_budgets_tell_holds_first() -> None:
    quiet = {"binance.com": Budget("connections", 12, 250)}
    assert "12 of 250 connections" in judge.judge_budgets(quiet, {}).seen
    full = {"spot@binance.com": Budget("REST weight", 4700, 4800)}
    assert judge.judge_budgets(full, {}).verdict is WARN
    held = {**full, "binance.com": Budget("connections", 1, 250, 60.0, 418)}
    found = judge.judge_budgets(held, {"binance.com": "12:00:00"})
    assert (found.verdict, found.code) == (BAD, 69)
    assert found.seen == "binance.com: HTTP 418, no connections until 12:00:00"


def test_hosts_are_bad_when_none_answers() -> None:
    up, down = Knock("a:443", 0.02), Knock("b:443", problem="connection refused")
    assert judge_hosts("spot", [up, up]).verdict is OK
    found = judge_hosts("spot", [down, up], "through proxy p:1")
    assert found.verdict is WARN
    assert "1 of 2 answer, the first in 20 ms through proxy p:1; b:443: connection" in found.seen
    assert found.mend == "check upstream.proxy"
    assert judge_hosts("spot", [down, down]).verdict is BAD
    held = Knock("c:443", held_s=30.0)
    assert judge_hosts("spot", [held]).verdict is SKIPPED
    assert judge_hosts("spot", [held, down]).verdict is BAD


@pytest.mark.parametrize(
    ("knocks", "verdict"),
    [
        ([Knock("a", 0.1, days=60.0), Knock("b", problem="no route")], OK),
        ([Knock("a", 0.1, days=60.0), Knock("b", 0.1, days=3.0)], WARN),
        ([Knock("a", 0.1, days=60.0), Knock("b", 0.1, tls_problem="not trusted (x)")], BAD),
        ([Knock("a", 0.1)], SKIPPED),
        ([Knock("a", problem="no route")], SKIPPED),
    ],
)
def test_shortest_certificate_counts(knocks: list[Knock], verdict: Verdict) -> None:
    assert judge_tls(knocks, "the system").verdict is verdict


SILENT = Heard("a", waited_s=10.0, is_acked=True)
CAME = Heard("b", first_s=0.2, is_acked=True)


@pytest.mark.parametrize(
    ("heard", "rate", "verdict", "word"),
    [
        ([CAME], 5.0, OK, "from b after 200 ms"),
        ([SILENT], 5.0, BAD, "a: acked, then silent for 10 s"),
        ([SILENT], 0.1, WARN, "seldom"),
        ([SILENT, CAME], 5.0, WARN, "acked, then silent"),
        ([Heard("a", error="HTTP 451", status=451)], 5.0, BAD, "451"),
        ([Heard("a", waited_s=10.0)], 0.1, BAD, "neither ack nor data"),
        ([Heard("a", held_s=9.0)], 5.0, SKIPPED, "12:00"),
    ],
)
def test_route_is_judged_by_its_frames(
    heard: list[Heard], rate: float, verdict: Verdict, word: str
) -> None:
    found = judge_route("usdm /market", "usdm:btcusdt@aggTrade", rate, heard, "12:00")
    assert found.verdict is verdict
    assert word in found.seen


def test_refused_route_says_what_the_refusal_wants() -> None:
    found = judge_route("spot /public", "x", 5.0, [Heard("a", error="banned", status=418)], "")
    assert found.mend.startswith("wait until the ban is over")
