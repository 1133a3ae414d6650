"""Handshakes that a host refuses."""

from __future__ import annotations

import orjson
import pytest

from gateway.simulator.handshake import BAN_MAX_S, Door
from gateway.simulator.rules import Rules


def door(attempts: int = 300, offences: int = 3) -> Door:
    return Door(attempts, offences)


def test_limit_is_the_venues() -> None:
    assert Rules().attempts == 300


def test_attempt_301_within_five_minutes_is_refused_until_there_is_room() -> None:
    host = door()
    assert all(host.knock(number / 10) is None for number in range(300))
    assert not host.is_overrun
    refusal = host.knock(100.0)
    assert refusal is not None
    assert host.is_overrun
    # the refused attempt counts as well, so that two have to be forgotten
    assert (refusal.status, refusal.retry_after_s) == (429, 201)
    assert orjson.loads(refusal.body)["code"] == -1003
    assert host.refused == {429: 1}
    assert host.knock(100.0 + 201) is None


def test_offences_ban_the_address_for_longer_each_time() -> None:
    host = door(offences=2)
    now = 0.0
    for ban_s in (120, 240, 480):
        host.offend(now)
        assert host.knock(now) is None
        host.offend(now)
        refusal = host.knock(now)
        assert refusal is not None
        assert (refusal.status, refusal.retry_after_s) == (418, ban_s)
        assert host.knock(now + ban_s - 0.1) is not None
        now += ban_s
        assert host.knock(now) is None
    for _ in range(30):
        host.offend(now)
    refusal = host.knock(now)
    assert refusal is not None
    assert refusal.retry_after_s == BAN_MAX_S


def test_offences_far_apart_and_offences_where_bans_are_off_ban_nobody() -> None:
    host, lenient = door(offences=2), door(offences=0)
    for number in range(5):
        host.offend(number * 301.0)
        lenient.offend(number)
    assert host.knock(5.0 * 301) is None
    assert lenient.knock(5.0) is None
    assert lenient.offended == 5


def test_pardon_forgets_attempts_and_bans() -> None:
    host = door(attempts=1, offences=1)
    host.knock(0.0)
    host.offend(0.0)
    assert host.knock(0.0) is not None
    host.pardon()
    assert host.knock(0.0) is None


@pytest.mark.parametrize("status", [403, 418, 429, 451, 503])
def test_ordered_refusals_are_as_many_as_ordered(status: int) -> None:
    host = door()
    host.order(status, 2, 7)
    answers = [host.knock(0.0) for _ in range(3)]
    assert [answer and (answer.status, answer.retry_after_s) for answer in answers] == [
        (status, 7), (status, 7), None,
    ]  # fmt: skip
    assert all("msg" in orjson.loads(answer.body) for answer in answers if answer)


def test_order_without_a_number_lasts_until_it_is_taken_back() -> None:
    host = door()
    host.order(503, None, None)
    assert all(host.knock(0.0) is not None for _ in range(20))
    host.order(None, None, None)
    assert host.knock(0.0) is None
