"""A shard from its plan to its end."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import msgspec
import pytest

from gateway import plan as wire
from gateway.channel import Channel
from gateway.errors import ConfigError, GatewayError
from gateway.plan import ShardPlan
from gateway.shard.worker import Shard
from tests.shard.conftest import Start
from tests.shard.running import plan_of, stream
from tests.shard.venue import Venue
from tests.waiting import until


def shard(plan: ShardPlan) -> Shard:
    ours, theirs = socket.socketpair()
    with ours:
        return Shard(plan, Channel(theirs, wire.ToShard))


def files(run_dir: Path) -> set[str]:
    return {path.name for path in run_dir.iterdir()}


@pytest.mark.asyncio
async def test_it_says_ready_serves_and_leaves_nothing_behind(
    venue: Venue, start: Start, run_dir: Path
) -> None:
    running = start([stream("ausdt@trade", 0)])
    await until(lambda: running.of(wire.Ready))
    assert {"shard-0.seg", "shard-0.pub", "shard-0.arrays.pub"} <= files(run_dir)
    running.channel.send(wire.Stop())
    await asyncio.wait_for(running.task, 10)
    assert files(run_dir) == set()


@pytest.mark.asyncio
async def test_the_end_of_the_channel_ends_it(venue: Venue, start: Start, run_dir: Path) -> None:
    running = start([stream("ausdt@trade", 0)])
    await until(lambda: running.of(wire.Ready))
    running.channel.close()
    await asyncio.wait_for(running.task, 10)
    assert files(run_dir) == set()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"proxy": "ftp://nowhere"}, "must start with http"),
        ({"tls_ca_file": "/nonexistent/ca.pem"}, "tls_ca_file: cannot be used"),
    ],
)
async def test_a_plan_that_may_not_be_dialled_is_a_clear_error(
    run_dir: Path, changed: dict[str, str], problem: str
) -> None:
    plan = plan_of(run_dir, ("ws://127.0.0.1:1/stream",), [], **changed)
    with pytest.raises(ConfigError, match=problem):
        shard(plan)
    assert files(run_dir) == set()


@pytest.mark.asyncio
async def test_an_unencrypted_address_elsewhere_is_refused_before_anything_is_made(
    run_dir: Path,
) -> None:
    urls = ("wss://stream.binance.com/stream", "ws://stream.binance.com/stream")
    with pytest.raises(ConfigError, match="not encrypted"):
        shard(plan_of(run_dir, urls, []))
    assert files(run_dir) == set()


@pytest.mark.asyncio
async def test_a_plan_that_does_not_fit_its_capacities_names_what_does_not(run_dir: Path) -> None:
    plan = plan_of(run_dir, ("ws://127.0.0.1:1/stream",), [stream("ausdt@trade", 0)])
    with pytest.raises(GatewayError, match="spot:ausdt@trade: there is no room"):
        shard(msgspec.structs.replace(plan, stream_capacity=0))
    assert files(run_dir) == set()


@pytest.mark.asyncio
async def test_our_own_fault_ends_the_process(
    venue: Venue, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = start([stream("ausdt@trade", 0)])
    await until(lambda: venue.up and venue.up[0].streams)

    def fail() -> None:
        raise AssertionError("we broke our word")

    monkeypatch.setattr(running.shard._publisher, "poll", fail)
    with pytest.raises(AssertionError, match="we broke our word"):
        await asyncio.wait_for(running.task, 10)
    running.task = asyncio.ensure_future(asyncio.sleep(0))
