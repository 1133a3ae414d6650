"""A writer that is killed at any instruction, hangs or is replaced: readers are never lied to."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from types import ModuleType, SimpleNamespace

import pytest

from gateway_client import Status
from gateway_client.gateway import Gateway
from tests.clients.support import WATCHDOG_SECONDS, Shard, running, tally
from tests.clients.test_torn_reads import is_book_whole, is_quote_whole, is_value_whole
from tests.waiting import wait_for

BTC = "spot:BTCUSDT"


def test_kills_in_mid_write_never_show(
    shard: Shard, programs: SimpleNamespace, gateway_class: type[Gateway]
) -> None:
    kill_until_half_written(shard, programs, gateway_class, wanted=20)


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_many_kills_in_mid_write_never_show(
    shard: Shard, programs: SimpleNamespace, gateway_class: type[Gateway]
) -> None:
    kill_until_half_written(shard, programs, gateway_class, wanted=400)


def kill_until_half_written(
    shard: Shard, programs: SimpleNamespace, gateway_class: type[Gateway], wanted: int
) -> None:
    """Kill writers under load, with a C reader and a Python reader looking, and restart each."""
    gateway = gateway_class(shard.run_dir)
    kills = half_written = attached = 0
    until = time.monotonic() + WATCHDOG_SECONDS + wanted
    with running(programs.reader, shard.segment, "follow") as follower:
        while half_written < wanted:
            assert time.monotonic() < until, f"only {half_written} of {kills} kills were in a cell"
            with running(programs.writer, shard.segment, "slots") as writer:
                wait_for(lambda: is_live_and_whole(gateway, shard), "a read from the new writer")
                attached += 1
                for _ in range(300):
                    is_live_and_whole(gateway, shard)
                kill(writer)
            kills += 1
            half_written += is_half_written(shard)
            is_live_and_whole(gateway, shard)
            shard.start()
            is_live_and_whole(gateway, shard)
        seen = tally(follower, stop=True)
    print(f"{kills} kills, {half_written} in a cell; C reader: {seen}")
    assert attached == kills
    assert (seen["torn"], seen["failed"], seen["backwards"]) == (0, 0, 0)
    assert seen["attached"] >= kills // 2  # it looks every 10 ms, and some writers live less


def is_live_and_whole(gateway: Gateway, shard: Shard) -> bool:
    """Whether the quote is LIVE. Fails where it is torn, or LIVE though of another writer."""
    quote, book, mark = gateway.quote(BTC), gateway.book(BTC), gateway.mark_price(BTC)
    checks = ((quote, is_quote_whole), (book, is_book_whole), (mark, is_value_whole))
    for value, is_whole in checks:
        if value.version:
            assert is_whole(value.data), value
        if value.is_live:
            assert value.epoch == shard.current.generation, "LIVE from a writer that was replaced"
    return quote.is_live


def is_half_written(shard: Shard) -> bool:
    """Whether the killed writer left a cell that is neither the old nor the new version."""
    checks = {
        "quote": is_quote_whole, "book": is_book_whole, "mark_price": is_value_whole,
        "values": is_value_whole,
    }  # fmt: skip
    return not all(check(shard.spare_cell(kind)[0]) for kind, check in checks.items())


def kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_dead_writer_shows_in_every_read(
    shard: Shard, programs: SimpleNamespace, gateway_class: type[Gateway]
) -> None:
    shard.timeout_ms = 200
    shard.start()
    gateway = gateway_class(shard.run_dir)
    with running(programs.writer, shard.segment, "slots", 0, 10_000) as writer:
        wait_for(lambda: gateway.quote(BTC).is_live, "a LIVE quote")
        kill(writer)
    wait_for(lambda: gateway.quote(BTC).state is Status.DEAD, "DEAD")
    states = [
        gateway.quote(BTC).state, gateway.book(BTC).state, gateway.ticker(BTC).state,
        gateway.last_trade(BTC).state, gateway.partial(BTC).state, gateway.mark_price(BTC).state,
    ]  # fmt: skip
    assert states == [Status.DEAD] * 6
    assert set(gateway.quotes()["state"]) == {int(Status.DEAD)}
    assert not gateway.status().shards[0].is_alive


def test_hanging_writer_is_dead_until_it_goes_on(
    shard: Shard, programs: SimpleNamespace, gateway_class: type[Gateway]
) -> None:
    shard.timeout_ms = 200
    shard.start()
    gateway = gateway_class(shard.run_dir)
    with running(programs.writer, shard.segment, "slots", 0, 10_000) as writer:
        wait_for(lambda: gateway.quote(BTC).is_live, "a LIVE quote")
        writer.send_signal(signal.SIGSTOP)
        wait_for(lambda: gateway.quote(BTC).state is Status.DEAD, "DEAD")
        writer.send_signal(signal.SIGCONT)
        wait_for(lambda: gateway.quote(BTC).is_live, "LIVE again")


def test_heartbeat_from_the_future_is_no_heartbeat(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_cell("quote", 0, bid_px=1)
    gateway = gateway_class(shard.run_dir)
    assert gateway.quote(BTC).is_live
    shard.store("heartbeat_mono", time.monotonic_ns() + 3600 * 10**9)
    assert gateway.quote(BTC).state is Status.DEAD


@pytest.mark.parametrize("state", [0, 2, 3, 4, 77])
def test_segment_that_is_not_live_is_dead(
    shard: Shard, gateway_class: type[Gateway], state: int
) -> None:
    shard.write_cell("quote", 0, bid_px=1)
    gateway = gateway_class(shard.run_dir)
    shard.store("state", state)
    assert gateway.quote(BTC).state is Status.DEAD


def test_rows_are_looked_up_again_after_a_restart(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    """A kept handle would read the neighbour's row."""
    shard.write_cell("quote", 0, bid_px=111)
    gateway = gateway_class(shard.run_dir)
    assert gateway.quote(BTC).bid_px == 1.11
    before = gateway.quote(BTC)
    shard.symbols = ("ETHUSDT", "BTCUSDT")
    shard.start()
    shard.write_cell("quote", 0, bid_px=222)
    shard.write_cell("quote", 1, bid_px=333)
    wait_for(lambda: gateway.quote(BTC).epoch == shard.current.generation, "the new segment")
    assert gateway.quote(BTC).bid_px == 3.33
    assert gateway.book(BTC).epoch == shard.current.generation
    assert gateway.quote("spot:ETHUSDT").bid_px == 2.22
    assert before.bid_px == 1.11, "a value never changes"


def test_segment_that_cannot_be_read_leaves_the_reader_dead_not_broken(
    shard: Shard, gateway_class: type[Gateway]
) -> None:
    shard.write_cell("quote", 0, bid_px=111)
    gateway = gateway_class(shard.run_dir)
    gateway.quote(BTC)
    shard.start()
    shard.store("abi_major", 2)
    until = time.monotonic() + 0.05
    while time.monotonic() < until:
        assert gateway.quote(BTC).state is Status.DEAD
    shard.store("abi_major", 1)
    shard.write_cell("quote", 0, bid_px=222)
    wait_for(lambda: gateway.quote(BTC).bid_px == 2.22, "the new segment")


def test_stopped_gateway_is_dead_and_its_successor_is_found(
    shard: Shard, backend: ModuleType, gateway_class: type[Gateway]
) -> None:
    shard.write_cell("quote", 0, bid_px=111)
    gateway = gateway_class(shard.run_dir)
    assert gateway.quote(BTC).is_live
    (shard.run_dir / "manifest.json").unlink()
    shard.current.close_and_unlink()
    assert gateway.quote(BTC).state is Status.DEAD
    shard.start()
    shard.write_cell("quote", 0, bid_px=222)
    wait_for(lambda: gateway.quote(BTC).is_live, "LIVE again")
    assert gateway.quote(BTC).bid_px == 2.22
