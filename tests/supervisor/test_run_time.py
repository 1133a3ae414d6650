"""Subscriptions that change while the gateway runs: requests, reloads, listings, consumers."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.ask import ask as ask_socket
from gateway.errors import ControlError
from tests.supervisor.conftest import Running, Start
from tests.supervisor.venue import Venue
from tests.waiting import wait_for

SOON = "instruments_refresh_minutes = 0.01\n"


def ask(running: Running, method: str, *streams: str) -> dict[str, Any]:
    return ask_socket(str(running.run_dir), method, streams)


def write(path: Path, *streams: str, more: str = "") -> Path:
    path.write_text(f"subscribe = {json.dumps(streams)}\n{more}")
    return path


Configured = Callable[..., tuple[Running, Path]]


@pytest.fixture
def configured(start: Start, tmp_path: Path) -> Configured:
    """Start a gateway with a configuration file of ``streams`` and ``more``."""

    def start_one(*streams: str, more: str = "") -> tuple[Running, Path]:
        path = write(tmp_path / "gateway.toml", *streams, more=more)
        running = start("", "--config", str(path))
        running.started()
        return running, path

    return start_one


def test_subscribed_stream_reaches_shard_and_manifest(start: Start) -> None:
    running = start("GOOD")
    running.started()
    result = ask(running, "subscribe", "spot:btcusdt@bookTicker")
    assert result == {
        "added": ["spot:btcusdt@bookTicker"], "removed": [], "refused": {}, "late": [], "code": 0,
    }  # fmt: skip
    running.until_said("change +spot:btcusdt@bookTicker -")
    assert running.shard()["streams"] == ["spot:good@trade", "spot:btcusdt@bookTicker"]
    assert running.shard()["symbols"] == ["spot:GOOD", "spot:BTCUSDT"]
    assert ask(running, "subscribe", "spot:btcusdt@bookTicker")["added"] == []
    assert running.said().count("change") == 1


def test_unsubscribed_stream_is_dropped_also_when_it_is_configured(start: Start) -> None:
    running = start("GOOD", "--subscribe", "spot:btcusdt@trade")
    running.started()
    assert ask(running, "unsubscribe", "spot:btcusdt@trade")["removed"] == ["spot:btcusdt@trade"]
    running.until_said("change + -spot:btcusdt@trade")
    assert running.shard()["streams"] == ["spot:good@trade"]
    again = ask(running, "unsubscribe", "spot:btcusdt@trade")
    assert again["code"] == 67
    assert "is not subscribed" in again["refused"]["spot:btcusdt@trade"]


def test_pattern_takes_what_trades_and_gives_it_back(start: Start) -> None:
    running = start("GOOD")
    running.started()
    added = ask(running, "subscribe", "usdm:*usdt@aggTrade")["added"]
    assert added == ["usdm:btcusdt@aggTrade", "usdm:ethusdt@aggTrade"]
    assert ask(running, "unsubscribe", "usdm:b*@aggTrade")["removed"] == ["usdm:btcusdt@aggTrade"]
    assert ask(running, "unsubscribe", "usdm:*usdt@aggTrade")["removed"] == [
        "usdm:ethusdt@aggTrade"
    ]


def test_what_cannot_be_carried_is_named_and_the_rest_is_carried(start: Start) -> None:
    running = start("GOOD")
    running.started()
    result = ask(
        running, "subscribe", "spot:nope@trade", "nonsense", "spot:btcusdt@trade", "spot:x*@trade"
    )
    assert result["added"] == ["spot:btcusdt@trade"]
    assert result["code"] == 2
    assert sorted(result["refused"]) == ["nonsense", "spot:nope@trade", "spot:x*@trade"]
    assert "the venue lists no such symbol" in result["refused"]["spot:nope@trade"]
    assert "has no market" in result["refused"]["nonsense"]
    assert "matches no instrument that trades" in result["refused"]["spot:x*@trade"]
    assert ask(running, "subscribe", "spot:nope@trade")["code"] == 67


def test_pattern_without_a_match_is_a_warning_at_the_start_and_67_when_it_is_asked_for(
    start: Start, venue: Venue
) -> None:
    quick = "from gateway.supervisor import catalogue; catalogue.REFRESH_SECONDS_MIN = 0.0"
    running = start("GOOD", "--subscribe", "spot:x*@trade", patch=quick)
    running.started()
    running.until_logged("spot:x*@trade: matches no instrument that trades now; what is listed")
    assert ask(running, "subscribe", "spot:y*@trade")["code"] == 67
    venue.listed["spot"] |= {"XNEW": "TRADING", "YNEW": "TRADING"}
    running.tell("RowUnknown('spot:!miniTicker@arr', 'XNEW')")
    running.until_said("change +spot:xnew@trade -")
    assert "ynew" not in running.said()


def test_second_speed_of_a_book_is_refused_until_the_first_is_gone(start: Start) -> None:
    running = start("GOOD", "--subscribe", "spot:btcusdt@depth@100ms")
    running.started()
    refused = ask(running, "subscribe", "spot:btcusdt@depth")["refused"]
    assert "same book as spot:btcusdt@depth@100ms" in refused["spot:btcusdt@depth"]
    ask(running, "unsubscribe", "spot:btcusdt@depth@100ms")
    assert ask(running, "subscribe", "spot:btcusdt@depth")["added"] == ["spot:btcusdt@depth"]


def test_stream_that_the_shard_has_no_room_for_is_refused_and_forgotten(start: Start) -> None:
    running = start("GOOD")
    running.started()
    result = ask(running, "subscribe", "spot:large@trade", "spot:btcusdt@trade")
    assert result["refused"] == {"spot:large@trade": "there is no room"}
    assert (result["code"], result["added"]) == (73, ["spot:btcusdt@trade"])
    assert "spot:large@trade" not in running.shard()["streams"]
    assert "-spot:large@trade" not in running.said(), "it never had it"
    listed = ask(running, "list")
    assert listed["subscribed"] == ["spot:btcusdt@trade"]
    assert listed["refused"] == {}


def test_stream_of_a_pattern_that_had_no_room_is_tried_again_when_it_is_asked_for(
    start: Start,
) -> None:
    running = start("GOOD")
    running.started()
    for name in ("spot:larg*@trade", "spot:large@trade", "spot:larg*@trade"):
        result = ask(running, "subscribe", name)
        assert result["added"] == []
    assert result["refused"] == {}, "it was told of before"
    assert ask(running, "list")["refused"] == {"spot:large@trade": "there is no room"}
    os.kill(running.shard()["pid"], signal.SIGKILL)
    # A new process has room again, as far as anybody knows.
    wait_for(lambda: running.said().count("plan ") == 2)
    wait_for(lambda: running.said().splitlines()[-1].startswith("change +"))
    assert ask(running, "subscribe", "spot:large@trade")["code"] == 73


def test_shard_that_does_not_confirm_is_named(start: Start) -> None:
    patch = "from gateway.supervisor import fleet; fleet.CHANGE_SECONDS = 0.2"
    running = start("GOOD", patch=patch)
    running.started()
    result = ask(running, "subscribe", "spot:deaf@trade")
    assert (result["late"], result["code"]) == ([0], 69)
    running.until_logged("shard 0 has not confirmed a change of its streams within 0.2 s")


def test_shard_that_dies_of_a_change_gets_it_with_its_next_plan(start: Start) -> None:
    running = start("GOOD")
    running.started()
    before = running.shard()["pid"]
    result = ask(running, "subscribe", "spot:deadly@trade")
    assert (result["added"], result["late"]) == (["spot:deadly@trade"], [])
    running.until_said("plan spot:good@trade spot:deadly@trade")
    wait_for(lambda: running.shard()["pid"] != before)
    assert running.shard()["streams"] == ["spot:good@trade", "spot:deadly@trade"]


def test_restarted_shard_starts_with_all_that_is_wanted_by_then(start: Start) -> None:
    running = start("GOOD")
    running.started()
    ask(running, "subscribe", "spot:btcusdt@trade", "spot:ethusdt@trade")
    ask(running, "unsubscribe", "spot:btcusdt@trade")
    os.kill(running.shard()["pid"], signal.SIGKILL)
    running.until_said("plan spot:good@trade spot:ethusdt@trade\n")


def test_streams_are_spread_over_shards_and_changes_go_where_they_belong(
    configured: Configured,
) -> None:
    running, _ = configured("spot:good@trade", "spot:btcusdt@trade", more="shards = 2\n")
    shards = running.manifest()["shards"]
    assert sorted(name for shard in shards for name in shard["streams"]) == [
        "spot:btcusdt@trade", "spot:good@trade",
    ]  # fmt: skip
    home = next(s["id"] for s in shards if "spot:btcusdt@trade" in s["streams"])
    ask(running, "subscribe", "spot:btcusdt@bookTicker")
    assert "spot:btcusdt@bookTicker" in running.shard(home)["streams"]
    assert "change" not in running.said(1 - home)
    assert [s["arrays"] for s in shards] == [
        f"ipc://{running.run_dir}/shard-{n}.arrays.pub" for n in (0, 1)
    ]


def test_list_tells_who_wants_what(configured: Configured) -> None:
    running, _ = configured("spot:good@trade", "spot:eth*@trade")
    ask(running, "subscribe", "spot:btcusdt@trade")
    ask(running, "unsubscribe", "spot:ethusdt@trade")
    assert ask(running, "list") == {
        "configured": ["spot:good@trade", "spot:eth*@trade"],
        "subscribed": ["spot:btcusdt@trade"],
        "unsubscribed": ["spot:ethusdt@trade"],
        "on_demand": [],
        "streams": ["spot:btcusdt@trade", "spot:good@trade"],
        "refused": {},
    }


def test_status_counts_shards_streams_and_attempts(start: Start) -> None:
    running = start("GOOD")
    running.started()
    running.tell("ConnectRequest(7, 'example.com:443')")
    running.until_said("ConnectReply(request_id=7, wait_s=0.0)")
    found = ask(running, "status")
    assert found["pid"] == running.process.pid
    assert found["shards"][0]["pid"] == running.shard()["pid"]
    assert found["instruments"] == {"spot": 11}
    assert found["hosts"]["example.com"]["attempts"] == 1
    assert found["on_demand"] == {"streams": 0, "limit": 200, "refused": 0}


def test_control_socket_is_the_groups_and_goes_with_the_gateway(start: Start) -> None:
    running = start("GOOD")
    running.started()
    path = running.run_dir / "control.sock"
    assert running.manifest()["control"] == f"ipc://{path}"
    assert path.stat().st_mode & 0o777 == 0o660
    running.stop()
    assert list(running.run_dir.iterdir()) == []


def test_unreachable_market_refuses_the_request_alone(start: Start, venue: Venue) -> None:
    running = start("GOOD")
    running.started()
    del venue.listed["coinm"]  # its exchangeInfo ends in an error from now on
    with pytest.raises(ControlError) as caught:
        ask(running, "subscribe", "coinm:btcusd_perp@trade")
    assert caught.value.exit_code == 69
    assert "/coinm/dapi/v1/exchangeInfo" in str(caught.value)
    assert ask(running, "subscribe", "spot:btcusdt@trade")["code"] == 0


def test_sighup_takes_up_what_changed_in_the_file(configured: Configured) -> None:
    running, path = configured("spot:good@trade", "spot:btcusdt@trade")
    ask(running, "subscribe", "usdm:btcusdt@aggTrade")
    write(path, "spot:good@trade", "spot:ethusdt@trade", "spot:new*@trade")
    running.process.send_signal(signal.SIGHUP)
    running.until_said("change +spot:ethusdt@trade -spot:btcusdt@trade")
    running.until_logged("reload: 1 stream dropped: spot:btcusdt@trade")
    running.until_logged("WARNING supervisor: reload: spot:new*@trade: matches no instrument that")
    # What was asked at run time lasts.
    assert "usdm:btcusdt@aggTrade" in running.shard()["streams"]
    running.stop()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("subscribe = [", "is not TOML"),
        ('subscribe = ["spot:good@trade", "spot:btcusdt@nope"]', "unknown stream 'nope'"),
        ('subscribe = ["spot:nope@trade"]', "spot:NOPE: exchangeInfo of "),
        ("colour = 1", "colour: unknown key"),
        (None, "cannot be read"),
    ],
    ids=["no TOML", "no stream", "no symbol", "no key", "no file"],
)
def test_bad_file_is_one_line_and_changes_nothing(
    configured: Configured, text: str | None, problem: str
) -> None:
    running, path = configured("spot:good@trade")
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    running.process.send_signal(signal.SIGHUP)
    running.until_logged("nothing was changed")
    (line,) = [each for each in running.log.read_text().splitlines() if "reload" in each]
    assert problem in line
    assert running.process.poll() is None
    assert "change" not in running.said()


def test_reload_names_what_needs_a_restart(configured: Configured) -> None:
    running, path = configured("spot:good@trade")
    write(path, "spot:good@trade", more="shards = 3\n[memory]\nraw_ring_bytes = 65536\n")
    running.process.send_signal(signal.SIGHUP)
    running.until_logged(
        "reload: shards, memory.raw_ring_bytes: changed, but only a restart takes it up"
    )
    assert len(running.manifest()["shards"]) == 1


def test_reload_takes_up_what_is_built_into_nothing(configured: Configured, venue: Venue) -> None:
    running, path = configured("spot:*@trade")
    more = f"{SOON}[connections]\nattempts_per_5min = 1\n[liveness]\nhung_seconds = 9\n"
    write(path, "spot:*@trade", more=more)
    running.process.send_signal(signal.SIGHUP)
    running.until_logged(
        "reload: instruments_refresh_minutes, connections.attempts_per_5min, "
        "liveness.hung_seconds: taken up"
    )
    running.tell("ConnectRequest(7, 'example.com:443')")
    running.until_said("ConnectReply(request_id=7, wait_s=0.0)")
    running.tell("ConnectRequest(8, 'example.com:443')")
    running.until_said("ConnectReply(request_id=8, wait_s=29")  # of 300 s
    venue.listed["spot"]["NEWUSDT"] = "TRADING"
    running.until_said("change +spot:newusdt@trade")
    running.process.send_signal(signal.SIGHUP)
    running.until_logged("no other subscriptions")
    assert running.log.read_text().count("taken up") == 1, "once is enough"


def test_sighup_without_a_file_says_that_there_is_nothing_to_read(start: Start) -> None:
    running = start("GOOD")
    running.started()
    running.process.send_signal(signal.SIGHUP)
    running.until_logged("reload: there is nothing to read again; start with --config FILE")
    assert running.process.poll() is None


def test_sighup_while_the_venue_is_awaited_does_not_end_the_start(start: Start) -> None:
    running = start("GOOD", rest="http://127.0.0.1:1")
    running.until_logged("trying again until it answers")
    running.process.send_signal(signal.SIGHUP)
    running.stop()


def test_new_listing_joins_its_pattern_and_a_delisted_one_retires(
    configured: Configured, venue: Venue
) -> None:
    running, _ = configured("spot:good@trade", "usdm:*usdt@aggTrade", more=SOON)
    venue.listed["usdm"]["NEWUSDT"] = "TRADING"
    running.until_said("change +usdm:newusdt@aggTrade")
    del venue.listed["usdm"]["ETHUSDT"]
    running.until_said("-usdm:ethusdt@aggTrade")
    wait_for(lambda: "usdm:newusdt@aggTrade" in running.shard()["streams"])
    wait_for(lambda: "usdm:ethusdt@aggTrade" not in running.shard()["streams"])


def test_halt_is_told_to_the_shard_and_so_is_its_end(configured: Configured, venue: Venue) -> None:
    running, _ = configured("spot:good@trade", "spot:btc*@trade", more=SOON)
    venue.listed["spot"]["BTCUSDT"] = "HALT"
    running.until_said("halted=[(1, True)]")
    venue.listed["spot"]["BTCUSDT"] = "TRADING"
    running.until_said("halted=[(1, False)]")
    assert "spot:btcusdt@trade" in running.shard()["streams"]


def test_resumption_is_noticed_long_before_the_next_regular_look(
    start: Start, venue: Venue
) -> None:
    """Without contractInfo, and with exchangeInfo otherwise read every ten minutes."""
    venue.listed["spot"]["BTCUSDT"] = "HALT"
    quick = "from gateway.supervisor import looks; looks.HALTED_SECONDS = 0.2"
    running = start("GOOD", "--subscribe", "spot:btcusdt@trade", patch=quick)
    running.started()
    asked = len(venue.asked)
    wait_for(lambda: len(venue.asked) > asked)
    venue.listed["spot"]["BTCUSDT"] = "TRADING"
    running.until_said("halted=[(1, False)]")


def test_halt_that_is_seen_as_silence_is_looked_up_soon(start: Start, venue: Venue) -> None:
    running = start("GOOD", "--subscribe", "spot:btcusdt@trade")
    running.started()
    venue.listed["spot"]["BTCUSDT"] = "HALT"
    running.tell("FellSilent(1)")
    running.until_said("halted=[(1, True)]")


def test_symbol_that_a_shard_does_not_know_is_looked_up_once(start: Start, venue: Venue) -> None:
    running = start("GOOD", "--subscribe", "usdm:*@aggTrade")
    running.started()
    venue.listed["usdm"]["NEWUSDT"] = "TRADING"
    running.tell("RowUnknown('usdm:!ticker@arr', 'NEWUSDT')")
    running.until_said("change +usdm:newusdt@aggTrade")
    asked = len(venue.asked)
    running.tell("RowUnknown('usdm:!ticker@arr', 'NEWUSDT')")
    running.tell("ConnectRequest(1, 'h')")
    running.until_said("ConnectReply(request_id=1")
    assert len(venue.asked) == asked


DEMAND = "[on_demand]\nenabled = true\nstreams_max = 2\ngrace_seconds = 0.1\n"


def test_topic_that_a_consumer_wants_is_carried_and_dropped_after_it(
    configured: Configured,
) -> None:
    running, _ = configured("spot:good@trade", more=DEMAND)
    running.tell("TopicWanted('usdm:btcusdt@aggTrade', True)")
    running.until_said("change +usdm:btcusdt@aggTrade")
    assert ask(running, "list")["on_demand"] == ["usdm:btcusdt@aggTrade"]
    running.tell("TopicWanted('usdm:btcusdt@aggTrade', False)")
    running.until_said("-usdm:btcusdt@aggTrade")
    wait_for(lambda: running.shard()["streams"] == ["spot:good@trade"])


def test_topics_that_cannot_be_carried_are_named(configured: Configured) -> None:
    running, _ = configured("spot:good@trade", more=DEMAND)
    running.tell("TopicWanted('spot:nope@trade', True)")
    running.until_logged("on demand: spot:nope@trade: the venue lists no such symbol")
    running.tell("TopicWanted('spot:*@trade', True)")
    running.until_logged("on demand: spot:*@trade: is a pattern")
    for symbol in ("btcusdt", "ethusdt", "stubborn"):
        running.tell(f"TopicWanted('spot:{symbol}@bookTicker', True)")
    running.until_logged("spot:stubborn@bookTicker: 2 streams are carried on demand already")
    assert ask(running, "status")["on_demand"] == {"streams": 2, "limit": 2, "refused": 1}
    running.tell("TopicWanted('spot:nope@trade', False)")
    running.tell(
        "TopicWanted('spot:btcusdt@bookTicker', False)"
    )  # its consumer left: there is room
    running.until_said("change +spot:stubborn@bookTicker")


def test_flood_of_wrong_topics_does_not_flood_the_log(configured: Configured) -> None:
    running, _ = configured("spot:good@trade", more=DEMAND)
    for number in range(200):
        running.tell(f"TopicWanted('spot:no{number}@nope', True)")
    running.tell("ConnectRequest(1, 'h')")
    running.until_said("ConnectReply(request_id=1")
    assert running.log.read_text().count("on demand:") == 5


def test_state_topics_and_carried_streams_are_not_on_demand(configured: Configured) -> None:
    running, _ = configured("spot:good@trade", "usdm:!markPrice@arr@1s", more=DEMAND)
    running.tell("TopicWanted('state:spot:BTCUSDT', True)")
    running.tell("TopicWanted('bin:spot:good@trade', True)")
    running.tell("TopicWanted('usdm:btcusdt@markPrice@1s', True)")
    running.tell("TopicWanted('spot:btcusdt@trade', True)")
    running.until_said("change +spot:btcusdt@trade")
    assert ask(running, "status")["on_demand"]["streams"] == 1


def test_restarted_shard_has_no_stream_on_demand_until_a_consumer_says_so_again(
    configured: Configured,
) -> None:
    running, _ = configured("spot:good@trade", more=DEMAND)
    running.tell("TopicWanted('spot:btcusdt@trade', True)")
    running.until_said("change +spot:btcusdt@trade")
    os.kill(running.shard()["pid"], signal.SIGKILL)
    wait_for(lambda: running.said().count("plan ") == 2)
    assert running.said().splitlines()[-1] == "plan spot:good@trade"


def test_consumers_are_not_served_unless_it_is_configured(start: Start) -> None:
    running = start("GOOD")
    running.started()
    running.tell("TopicWanted('spot:btcusdt@trade', True)")
    running.tell("ConnectRequest(1, 'h')")
    running.until_said("ConnectReply(request_id=1")
    assert "change" not in running.said()


def test_attempts_are_counted_over_restarts_and_refusals_hold_the_host(
    configured: Configured, start: Start
) -> None:
    more = "[connections]\nattempts_per_5min = 2\n"
    running, path = configured("spot:good@trade", more=more)
    for number in (1, 2, 3):
        running.tell(f"ConnectRequest({number}, 'example.com')")
        running.until_said(f"ConnectReply(request_id={number}, ")
    assert running.said().count("wait_s=0.0") == 2
    running.until_logged("example.com: no connection may be attempted for ")
    running.stop()
    again = start("", "--config", str(path))
    again.started()
    again.tell("ConnectRequest(4, 'example.com:9443')")
    again.until_said("ConnectReply(request_id=4, wait_s=2")
    again.tell("Refused('ws.other.com', 418, 500.0)")
    text = "ws.other.com: refused a connection with HTTP 418; other.com is left alone for 500 s"
    again.until_logged(text)
    again.tell("ConnectRequest(5, 'other.com')")
    again.until_said("ConnectReply(request_id=5, wait_s=4")


def test_snapshots_and_instruments_are_answered(start: Start, venue: Venue) -> None:
    running = start("GOOD", "--subscribe", "usdm:btcusdt@aggTrade")
    running.started()
    running.tell("SnapshotRequest(5, Market.USDM, 'BTCUSDT', 100)")
    running.until_said('SnapshotReply(request_id=5, status=200, body=b\'{"lastUpdateId"')
    running.tell("SnapshotRequest(6, Market.USDM, 'BTCUSDT', 1000, 'RPI')")
    running.until_said("SnapshotReply(request_id=6, status=200")
    assert venue.asked[-1] == "/usdm/fapi/v1/rpiDepth?symbol=BTCUSDT&limit=1000"
    running.tell("InstrumentRequest(Market.SPOT, 'GOOD')")
    running.until_said("symbol='GOOD', instrument=PlanSymbol(")
    assert "px_exponent=-2, qty_exponent=-3, tick=1, step=1" in running.said()
