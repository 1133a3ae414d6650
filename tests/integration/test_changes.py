"""What changes while a gateway runs: subscriptions, listings, halts and silent streams."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway_client import UnknownSymbol
from tests.integration.checking import Watcher
from tests.integration.running import GATEWAY, Service, Simulator
from tests.waiting import wait_for

SYMBOLS = "spot:BTCUSDT,spot:ETHUSDT,spot:SOLUSDT,usdm:BTCUSDT,usdm:ETHUSDT"
STREAMS = ("spot:btcusdt@bookTicker", "spot:btcusdt@depth@100ms", "spot:btcusdt@aggTrade")


def command(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A gateway command on this service's run directory."""
    return subprocess.run(
        [*GATEWAY, *arguments, "--run-dir", str(service.run_dir)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def state(service: Service, read: str, *arguments: str) -> str:
    """State of a value by the client's accessor; UNKNOWN where there is no such row."""
    try:
        name: str = getattr(service.gateway, read)(*arguments).state.name
    except UnknownSymbol:
        return "UNKNOWN"
    return name


def undisturbed(watcher: Watcher, symbol: str = "spot:BTCUSDT") -> None:
    problems = [text for text in watcher.checker.problems if "btcusdt@" in text]
    assert problems == [], symbol


@pytest.fixture
def market() -> Any:
    with Simulator("--symbols", SYMBOLS, "--rate", "2") as simulator:
        yield simulator


def test_streams_are_subscribed_and_left_while_others_see_no_gap(
    run_dir: Path, market: Simulator
) -> None:
    with Service(run_dir / "gw", market, STREAMS) as service:
        service.wait_live(["spot:BTCUSDT"])
        with Watcher(service.run_dir) as watcher:
            added = ("spot:ethusdt@depth@100ms", "usdm:ethusdt@markPrice@1s", "usdm:*@kline_1m")
            done = command(service, "subscribe", *added)
            assert (done.returncode, done.stderr) == (0, "")
            assert "usdm:btcusdt@kline_1m" in done.stdout
            service.wait_live(["spot:ETHUSDT"])
            wait_for(lambda: state(service, "mark_price", "usdm:ETHUSDT") == "LIVE", "mark price")
            for symbol in ("usdm:BTCUSDT", "usdm:ETHUSDT"):
                wait_for(lambda s=symbol: state(service, "kline", s, "1m") == "LIVE", "candles")
            done = command(service, "unsubscribe", "spot:ethusdt@depth@100ms")
            assert done.returncode == 0
            wait_for(lambda: state(service, "book", "spot:ETHUSDT") == "RETIRED", "the book's end")
            done = command(service, "subscribe", "spot:ethusdt@depth@100ms")
            service.wait_live(["spot:ETHUSDT"])
        undisturbed(watcher)
        counters = service.gateway.counters()
        assert (counters["gaps"], counters["frames_unreadable"]) == (0, 0)


WRONG = [
    ("spot:btcusdt@kline_7m", 2, "1m"),
    ("spot:btcusdt@markPrice", 2, "spot"),
    ("forex:eurusd@trade", 2, "forex"),
    ("spot:nosuchusdt@trade", 67, "nosuchusdt"),
    ("spot:!bookTicker", 2, "bookTicker"),
]


def test_a_wrong_stream_gets_one_clear_line_and_its_exit_code(
    run_dir: Path, market: Simulator
) -> None:
    with Service(run_dir / "gw", market, STREAMS) as service:
        for stream, code, words in WRONG:
            done = command(service, "subscribe", stream)
            assert done.returncode == code, done.stderr
            assert words in done.stderr
            assert len(done.stderr.strip().splitlines()) == 1
            assert "Traceback" not in done.stderr


def test_a_changed_configuration_is_taken_over_on_sighup(run_dir: Path, market: Simulator) -> None:
    path = run_dir / "gw.toml"
    path.write_text(f"subscribe = {json.dumps(STREAMS)}\n")
    with Service(run_dir / "gw", market, (), ["--config", str(path)]) as service:
        service.wait_live(["spot:BTCUSDT"])
        with Watcher(service.run_dir) as watcher:
            path.write_text(
                f"subscribe = {json.dumps([*STREAMS[:2], 'spot:solusdt@bookTicker'])}\n"
            )
            service.process.send_signal(signal.SIGHUP)
            wait_for(lambda: state(service, "quote", "spot:SOLUSDT") == "LIVE", "the new stream")
            wait_for(
                lambda: state(service, "last_trade", "spot:BTCUSDT") == "RETIRED", "the old one"
            )
            path.write_text("subscribe = 7\n")
            service.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "subscribe" in service.log.read_text(), "the complaint")
        undisturbed(watcher)
        assert service.process.poll() is None


def test_a_topic_nobody_carries_is_subscribed_when_a_consumer_wants_it(
    run_dir: Path, market: Simulator
) -> None:
    path = run_dir / "gw.toml"
    path.write_text("[on_demand]\nenabled = true\ngrace_seconds = 0.5\n")
    with Service(run_dir / "gw", market, STREAMS, ["--config", str(path)]) as service:
        messages = service.gateway.subscribe("usdm:ethusdt@bookTicker", timeout=30)
        message = next(messages)
        assert message.topic == "usdm:ethusdt@bookTicker"
        assert json.loads(message.payload)["s"] == "ETHUSDT"
        messages.close()
        wait_for(lambda: state(service, "quote", "usdm:ETHUSDT") == "RETIRED", "the stream's end")


def test_listings_join_their_pattern_and_the_delisted_retire(
    run_dir: Path, market: Simulator
) -> None:
    path = run_dir / "gw.toml"
    path.write_text("instruments_refresh_minutes = 0.05\n")
    streams = ("spot:*usdt@bookTicker", "usdm:!contractInfo", "usdm:*@bookTicker")
    with Service(run_dir / "gw", market, streams, ["--config", str(path)]) as service:
        wait_for(lambda: state(service, "quote", "spot:SOLUSDT") == "LIVE", "the pattern")
        market.post("/sim/list", symbol="spot:NEWUSDT")
        wait_for(lambda: state(service, "quote", "spot:NEWUSDT") == "LIVE", "the listing", 90)
        market.post("/sim/delist", symbol="spot:SOLUSDT")
        wait_for(
            lambda: state(service, "quote", "spot:SOLUSDT") in ("RETIRED", "UNKNOWN"),
            "the delisted one's end",
            90,
        )
        market.post("/sim/halt", symbol="usdm:ETHUSDT", on=True)
        wait_for(lambda: state(service, "quote", "usdm:ETHUSDT") == "HALTED", "the halt", 90)
        market.post("/sim/halt", symbol="usdm:ETHUSDT", on=False)
        wait_for(lambda: state(service, "quote", "usdm:ETHUSDT") == "LIVE", "the resumption", 90)
        assert state(service, "quote", "usdm:BTCUSDT") == "LIVE"


def test_a_stream_subscribed_where_it_is_never_sent_is_noticed_and_named(
    run_dir: Path, market: Simulator
) -> None:
    """The venue acknowledges any well-formed name and stays silent; nothing of it is ever LIVE."""
    base, path = market.addresses["ws"], run_dir / "gw.toml"
    path.write_text(
        "[liveness]\nfirst_data_seconds = 3\n"
        "[upstream.endpoints.usdm]\n"
        f'ws = ["{base}/coinm"]\nrest = ["{market.addresses["rest"]}/usdm"]\n'
        "[upstream.endpoints.spot]\n"
        f'ws = ["{base}/spot"]\nrest = ["{market.addresses["rest"]}/spot"]\n'
    )
    streams = ("usdm:btcusdt@aggTrade", "spot:btcusdt@bookTicker")
    with Service(run_dir / "gw", None, streams, ["--config", str(path)]) as service:
        wait_for(lambda: state(service, "quote", "spot:BTCUSDT") == "LIVE", "the other stream")
        named = "acknowledged but nothing came for 3 s on usdm/market/0: usdm:btcusdt@aggTrade"
        wait_for(lambda: named in service.log.read_text(), "its name in the log")
        assert state(service, "last_trade", "usdm:BTCUSDT") == "STALE"
        assert service.gateway.counters()["streams_silent"] >= 1
        told = command(service, "status").stdout
        assert "usdm:btcusdt@aggTrade" in told


def test_a_stream_that_falls_silent_leaves_live_and_gets_a_new_connection(
    run_dir: Path, market: Simulator
) -> None:
    streams = ("usdm:btcusdt@markPrice@1s", "usdm:btcusdt@kline_1m", "usdm:btcusdt@aggTrade")
    with Service(run_dir / "gw", market, streams) as service:
        wait_for(lambda: state(service, "mark_price", "usdm:BTCUSDT") == "LIVE", "the mark price")
        with Watcher(service.run_dir) as watcher:
            market.post("/sim/silence", stream="usdm:btcusdt@markPrice@1s", on=True)
            wait_for(lambda: watcher.checker.not_live["STALE"], "its leaving LIVE")
            wait_for(lambda: state(service, "mark_price", "usdm:BTCUSDT") == "LIVE", "its return")
            wait_for(lambda: service.gateway.counters()["rotations"], "the end of the rotation")
        assert [text for text in watcher.checker.problems if "markPrice" not in text] == []
