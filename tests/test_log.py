"""Log lines for people and for collectors, and the limit on what repeats."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from gateway.log import JsonFormatter, LineFormatter, RateLimit, wants_json


def record(level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("gateway.shard", level, "f.py", 1, "gap of %d", (3,), None)
    made.__dict__.update(extra)
    return made


def test_line_names_the_part_and_leaves_info_out() -> None:
    assert LineFormatter().format(record()).endswith(" shard: gap of 3")
    assert LineFormatter().format(record(logging.ERROR)).endswith(" ERROR shard: gap of 3")


def test_process_of_a_shard_says_which_in_every_line() -> None:
    made = record()
    made.name = "gateway.shard.connection"
    assert LineFormatter(3).format(made).endswith(" shard 3: gap of 3")
    assert json.loads(JsonFormatter(0).format(made))["shard"] == 0
    assert "shard" not in json.loads(JsonFormatter().format(made))


def test_json_is_one_object_with_the_facts() -> None:
    line = JsonFormatter().format(record(facts={"symbol": "spot:BTCUSDT", "kind": b"x"}))
    read = json.loads(line)
    assert "\n" not in line
    assert (read["level"], read["logger"], read["message"]) == ("info", "gateway.shard", "gap of 3")
    assert read["symbol"] == "spot:BTCUSDT"


@pytest.mark.parametrize(
    ("environment", "is_json"),
    [
        ({}, False),
        ({"INVOCATION_ID": "1"}, True),
        ({"JOURNAL_STREAM": "8:1"}, True),
        ({"GATEWAY_LOG": "json"}, True),
        ({"GATEWAY_LOG": "text", "INVOCATION_ID": "1"}, False),
    ],
)
def test_json_is_for_systemd_and_those_who_ask(environment: dict[str, str], is_json: bool) -> None:
    assert wants_json(environment) is is_json


def test_terminal_gets_lines_also_on_a_desktop_that_systemd_started() -> None:
    assert not wants_json({"INVOCATION_ID": "1", "JOURNAL_STREAM": "8:1"}, is_terminal=True)
    assert wants_json({"INVOCATION_ID": "1", "GATEWAY_LOG": "json"}, is_terminal=True)
    assert wants_json({"INVOCATION_ID": "1", "GATEWAY_LOG": "yaml"})


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_passwords_are_in_no_line(formatter: logging.Formatter) -> None:
    try:
        raise ValueError("cannot reach socks5://me:secret@h:1")
    except ValueError:
        trace = sys.exc_info()
    args = ("http://me:secret@h:1/x",)
    made = logging.LogRecord("gateway.rest", logging.INFO, "", 0, "to %s", args, trace)
    made.__dict__["facts"] = {"proxy": "http://me:secret@h"}
    line = formatter.format(made)
    assert "secret" not in line
    assert line.count("me:***@h") >= 2


def test_what_a_peer_sent_begins_no_line_and_moves_no_cursor() -> None:
    args = ("HTTP 500: <p>\n\x1b[2Jgone",)
    record = logging.LogRecord("gateway.rest", logging.INFO, "", 0, "%s", args, None)
    line = LineFormatter().format(record)
    assert line.endswith("rest: HTTP 500: <p>\\x0a\\x1b[2Jgone")


def test_limit_lets_some_through_and_counts_the_rest() -> None:
    limit = RateLimit(count=2, interval=10.0)
    assert [limit.admit("a", now) for now in (0.0, 1.0, 2.0, 9.9)] == [0, 0, None, None]
    assert limit.admit("b", 9.9) == 0
    assert limit.admit("a", 10.0) == 2
    assert limit.admit("a", 11.0) == 0
    assert limit.admit("a", 12.0) is None


def test_limit_forgets_old_keys_rather_than_grow() -> None:
    limit = RateLimit()
    for n in range(5000):
        limit.admit(str(n), 0.0)
    assert len(limit._windows) == 1000
