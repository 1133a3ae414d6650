"""What the dashboard listens on, whom it answers, what it takes from a page, and what it sends."""

from __future__ import annotations

import json

import pytest

from gateway.dashboard import pages
from gateway.dashboard.guard import listen_of, refusal
from gateway.dashboard.looks import ROWS_MAX, Look, Seen, said
from gateway.dashboard.messages import Moment, bins, message, wanted
from gateway.errors import UsageError
from gateway.watch.changes import compare
from tests.watch.made import instrument, reading


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:9465", ("127.0.0.1", 9465)),
     ("[::1]:0", ("::1", 0)), ("localhost:1", ("localhost", 1))],
)  # fmt: skip
def test_loopback_is_listened_on(text: str, expected: tuple[str, int]) -> None:
    assert listen_of(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "9465", ":9465", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "[::1:80",
     "0.0.0.0:9465", "[::]:9465", "192.168.1.1:80", "example.com:80", "localhost.example.com:80"],
)  # fmt: skip
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        listen_of(text)


@pytest.mark.parametrize(
    "headers",
    [{"host": "127.0.0.1:9465"}, {"host": "localhost"}, {"host": "[::1]:80"},
     {"host": "LOCALHOST:1"},
     {"host": "127.0.0.1:9", "origin": "http://127.0.0.1:9"}],
)  # fmt: skip
def test_own_page_is_answered(headers: dict[str, str]) -> None:
    assert refusal(headers) == ""


@pytest.mark.parametrize(
    "headers",
    [{}, {"host": ""}, {"host": "evil.example:9465"}, {"host": "127.0.0.1.evil.example"},
     {"host": "localhost:1;script-src *"}, {"host": "[::1]evil"},
     {"host": "[::1"}, {"host": "10.0.0.1"},
     {"host": "127.0.0.1:9", "origin": "http://127.0.0.1:10"},
     {"host": "localhost", "origin": "null"},
     {"host": "localhost", "origin": "http://evil.example"},
     {"host": "localhost", "origin": "https://localhost"}],
)  # fmt: skip
def test_other_sites_and_other_names_are_refused(headers: dict[str, str]) -> None:
    assert refusal(headers)


def test_what_a_page_says_is_read() -> None:
    text = '{"type": "look", "symbol": "spot:BTCUSDT", "order": "rate", "rows": 3}'
    assert said(text) == Look(symbol="spot:BTCUSDT", order="rate", rows=3)
    assert said('{"type": "seen"}') == Seen()


@pytest.mark.parametrize(
    "change",
    [{"order": "password"}, {"rows": ROWS_MAX + 1}, {"rows": -1}, {"first": -1}, {"levels": 0},
     {"text": "x" * 201}, {"symbol": "x" * 65}, {"symbol": None}, {"type": "write"}],
)  # fmt: skip
def test_what_no_page_says_is_not_believed(change: dict[str, object]) -> None:
    assert said(json.dumps({"type": "look", **change})) is None
    assert said("[" * 500) is None


def test_only_what_is_looked_at_is_sent() -> None:
    many = [instrument(f"spot:S{n:03}USDT") for n in range(300)]
    moment = Moment(1, compare(None, reading(at=1.0, instruments=many)))
    found = message(moment, Look(text="s1", first=5, rows=10))
    assert (found["table"]["total"], found["table"]["matching"]) == (300, 100)
    assert [row["symbol"] for row in found["table"]["rows"]] == [
        f"spot:S{n}USDT" for n in range(105, 115)
    ]
    assert found["selected"]["symbol"] == "spot:S100USDT"
    assert len(json.dumps(found)) < 10_000


def test_books_that_are_wanted_are_those_that_are_looked_at() -> None:
    view = compare(None, reading(at=1.0, instruments=[instrument("spot:A"), instrument("spot:B")]))
    looks = [Look(levels=5), Look(symbol="spot:B", levels=7), Look(symbol="spot:B", levels=3)]
    assert wanted(view, looks) == {"spot:A": 5, "spot:B": 7}


def test_unknown_instrument_is_said_to_be_one() -> None:
    moment = Moment(1, compare(None, reading(at=1.0, instruments=[instrument("spot:A")])))
    found = message(moment, Look(symbol="spot:NONE"))["selected"]
    assert found == {"symbol": "spot:NONE", "row": None, "book": None}


def test_no_gateway_is_told_with_its_reason() -> None:
    assert message(Moment(1, why="none here"), Look())["gateway"] == {
        "state": "WAITING",
        "why": "none here",
    }


def test_bins_hold_every_value_of_the_buckets() -> None:
    buckets = {0: 1, 5: 2, 40: 3, 320: 4, 640: 5}
    assert sum(count for _, count in bins(buckets)) == 15
    assert bins({320: 4}) == bins({321: 4})  # finer buckets than are drawn


def test_page_asks_no_other_host_and_is_short_enough_to_read() -> None:
    found = pages.read()
    assert {"/", "/main.js", "/base.css"} <= found.keys()
    for name, page in found.items():
        text = page.body.decode().replace('"http://www.w3.org/2000/svg"', "")
        assert "://" not in text.replace("ws://${location.host}", ""), name
        assert text.count("\n") <= 300, name
        assert "innerHTML" not in text, name
        assert "style=" not in text, name
