"""A shard in a few lines, which does as its name in the plan's first symbol says.

It answers with Ready after writing a segment header with a heartbeat, and then behaves, dies, hangs
or refuses to stop. Run by the tests in place of ``gateway.shard``.
"""

from __future__ import annotations

import asyncio
import ctypes
import mmap
import os
import signal
import struct
import sys
import time
from pathlib import Path

from gateway.channel import Channel, ChannelClosed
from gateway.errors import RunDirError
from gateway.layout import HEADER, PAGE
from gateway.plan import (
    InstrumentRequest,
    Ready,
    ShardPlan,
    SnapshotReply,
    SnapshotRequest,
    Stop,
    ToShard,
)
from gateway.rundir import FileLock

_AT = HEADER.offsets()


def publish(run_dir: Path, shard_id: int, generation: int) -> mmap.mmap:
    """Put a segment of one page in place and return it."""
    path = run_dir / f"shard-{shard_id}.seg"
    built = run_dir / f"shard-{shard_id}.seg.{generation}.tmp"
    built.write_bytes(bytes(PAGE))
    with built.open("r+b") as file:
        page = mmap.mmap(file.fileno(), PAGE)
    page[_AT["generation"] : _AT["generation"] + 8] = struct.pack("<Q", generation)
    beat(page)
    built.rename(path)
    return page


def beat(page: mmap.mmap) -> None:
    at = _AT["heartbeat_mono"]
    page[at : at + 8] = struct.pack("<q", time.monotonic_ns())


async def heartbeats(page: mmap.mmap) -> None:
    while True:
        beat(page)
        await asyncio.sleep(0.05)


async def run(descriptor: int) -> int:
    channel = Channel.from_fd(descriptor, ToShard)
    plan = await channel.receive()
    assert isinstance(plan, ShardPlan)
    run_dir, behaviour = Path(plan.run_dir), plan.symbols[0].symbol
    if behaviour == "NOROOM":
        print(RunDirError(run_dir, "is full", "enlarge it"), file=sys.stderr)
        return 73
    if behaviour == "CRASH":
        os.kill(os.getpid(), signal.SIGSEGV)
    if behaviour == "NEVERREADY":
        await asyncio.sleep(600)
    lock = FileLock.acquire(run_dir / f"shard-{plan.shard_id}.lock")
    generation = time.time_ns()
    page = publish(run_dir, plan.shard_id, generation)
    channel.send(Ready(plan.shard_id, os.getpid(), generation))
    if behaviour == "HANG" and not (run_dir / "hung").exists():
        (run_dir / "hung").touch()
        time.sleep(600)  # noqa: ASYNC251 the loop is to stand still
    beats = asyncio.create_task(heartbeats(page))
    if behaviour == "ASKS":
        await ask(channel, plan, run_dir)
    await until_stopped(channel)
    if behaviour == "STUBBORN":
        await asyncio.sleep(600)
    beats.cancel()
    (run_dir / f"shard-{plan.shard_id}.seg").unlink()
    lock.release()
    return 0


async def ask(channel: Channel[ToShard], plan: ShardPlan, run_dir: Path) -> None:
    """Ask for a snapshot and an instrument, and leave what came in a file."""
    symbol = plan.symbols[0]
    channel.send(SnapshotRequest(5, symbol.market, symbol.symbol, 100))
    channel.send(InstrumentRequest(symbol.market, symbol.symbol))
    replies = [await channel.receive(), await channel.receive()]
    replies.sort(key=lambda reply: not isinstance(reply, SnapshotReply))
    (run_dir / "answers").write_text("\n".join(map(repr, replies)))


async def until_stopped(channel: Channel[ToShard]) -> None:
    try:
        while not isinstance(await channel.receive(), Stop):
            pass
    except ChannelClosed:
        pass


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    sys.exit(asyncio.run(run(int(sys.argv[sys.argv.index("--channel-fd") + 1]))))
