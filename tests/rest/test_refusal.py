"""What refusals say, in the forms of the venue's documents."""

from __future__ import annotations

import pytest

from gateway.rest.budget import Hold
from gateway.rest.refusal import (
    Before,
    date_seconds,
    hold_of,
    hold_of_ws,
    retry_after_seconds,
    used_weight,
)
from gateway.rest.weight_log import HOLD_SECONDS_MAX

WALL = 1_795_345_210.0  # ten seconds into a minute
DATE = "Sun, 22 Nov 2026 11:00:10 GMT"
BANNED = b'{"code":-1003,"msg":"Way too much request weight used; IP banned until 1795345217000."}'


def test_the_moment_of_these_tests_is_ten_seconds_into_a_minute() -> None:
    assert WALL % 60 == 10
    assert date_seconds(DATE) == WALL


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (429, {"Retry-After": "7"}, b"", 7.0),
        (418, {"Retry-After": "300"}, BANNED, 300.0),
        (418, {}, BANNED, 7.0),
        (418, {}, b"", 120.0),
        (429, {}, b"", 51.5),
        (429, {"Retry-After": "soon"}, b"", 51.5),
    ],
    ids=["header", "header wins", "text", "untold ban", "next minute", "unreadable"],
)
def test_hold_is_what_the_venue_says(
    status: int, headers: dict[str, str], body: bytes, seconds: float
) -> None:
    assert hold_of(status, headers, body, WALL, Before(), 0.5) == Hold(status, seconds)


def test_the_venues_own_clock_counts_where_it_tells_it() -> None:
    told = {"Date": DATE}
    for wall in (0.0, WALL + 1e6):
        assert hold_of(418, told, BANNED, wall, Before(), 0.0) == Hold(418, 7.0)
        assert hold_of(429, told, b"", wall, Before(), 0.0) == Hold(429, 51.0)


def test_untold_bans_grow() -> None:
    assert hold_of(418, {}, b"", WALL, Before(418, 120.0), 0.0) == Hold(418, 240.0)
    assert hold_of(418, {}, b"", WALL, Before(429, 600.0), 0.0) == Hold(418, 120.0)
    assert hold_of(418, {}, b"", WALL, Before(418, 2e5), 0.0) == Hold(418, 3 * 86_400)


def test_a_page_of_the_firewall_holds_and_an_answer_of_the_api_does_not() -> None:
    assert hold_of(403, {}, b"<html>", WALL, Before(), 0.0) == Hold(403, 60.0)
    assert hold_of(403, {}, b"", WALL, Before(), 0.0) == Hold(403, 60.0)
    assert hold_of(403, {}, b' {"code":-2015}', WALL, Before(), 0.0) is None


@pytest.mark.parametrize("status", [200, 400, 404, 451, 500, 503])
def test_other_answers_hold_nothing(status: int) -> None:
    assert hold_of(status, {"Retry-After": "7"}, BANNED, WALL, Before(), 0.0) is None
    assert hold_of_ws(status, b"", WALL, Before(), 0.0) is None


def test_ws_api_tells_moments() -> None:
    body = (
        b'{"id":1,"status":418,"error":{"code":-1003,"msg":"Way too much request weight used",'
        b'"data":{"serverTime":1795345210000,"retryAfter":1795345222500}}}'
    )
    assert hold_of_ws(418, body, 0.0, Before(), 0.0) == Hold(418, 12.5)
    assert hold_of_ws(429, b'{"error":{}}', WALL, Before(), 0.0) == Hold(429, 51.0)
    assert hold_of_ws(418, b"?", WALL, Before(), 0.0) == Hold(418, 120.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (" 12 ", 12.0), (None, None), ("", None), ("Wed, 21 Oct", None), ("-1", None)],
)
def test_retry_after_is_whole_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header) == seconds


def test_date_that_is_none_is_none() -> None:
    assert date_seconds("yesterday") is None
    assert date_seconds(None) is None


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Retry-After": "1000000000"}, b""),
        ({"Retry-After": "9" * 400}, b""),
        ({}, b"banned until 9999999999999999"),
    ],
    ids=["seconds", "infinite", "moment"],
)
def test_no_ban_is_longer_than_the_venues_longest(headers: dict[str, str], body: bytes) -> None:
    assert hold_of(418, headers, body, WALL, Before(), 0.5) == Hold(418, HOLD_SECONDS_MAX)
    moment = b'{"error":{"data":{"serverTime":1,"retryAfter":99999999999999}}}'
    assert hold_of_ws(418, moment, WALL, Before(), 0.5) == Hold(418, HOLD_SECONDS_MAX)


@pytest.mark.parametrize(
    "header", ["Mon, 01 Jan 2024 00:00:00 +99999999999999", "Mon, 01 Jan 99999 00:00:00 GMT"]
)
def test_date_that_no_clock_has_is_none(header: str) -> None:
    assert date_seconds(header) is None


@pytest.mark.parametrize(
    ("header", "used"),
    [("", None), ("-5", None), ("1.5", None), ("0", 0), ("1200", 1200), ("9" * 5000, None)],
)
def test_used_weight_is_a_number_that_can_be(header: str, used: int | None) -> None:
    assert used_weight(header) == used
