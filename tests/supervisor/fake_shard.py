"""A shard in a few lines, which does as the name of its first symbol says.

It answers with Ready after writing a segment header with a heartbeat, and then behaves, dies, hangs
or refuses to stop. It confirms changes, and notes what it was sent in ``<run dir>.said-<k>``, one a
line. Run by the tests in place of ``gateway.shard``; they make it speak by writing lines of
Python into ``<run dir>.tell-<k>``, each of which makes a message to the supervisor.
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

from gateway import plan as wire
from gateway.channel import Channel, ChannelClosed
from gateway.errors import RunDirError
from gateway.layout import HEADER, NULL, PAGE, Market
from gateway.rundir import FileLock

_AT = HEADER.offsets()
NO_ROOM = "there is no room"


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


class FakeShard:
    """One shard after it has its plan."""

    def __init__(self, plan: wire.ShardPlan, channel: Channel[wire.ToShard]) -> None:
        self.plan = plan
        self.channel = channel
        self.run_dir = Path(plan.run_dir)
        self.behaviour = plan.symbols[0].symbol if plan.symbols else "GOOD"
        self.said = self.run_dir.with_name(f"{self.run_dir.name}.said-{plan.shard_id}")
        self.tell = self.run_dir.with_name(f"{self.run_dir.name}.tell-{plan.shard_id}")
        self.tell.unlink(missing_ok=True)
        self.note("plan " + " ".join(stream.name for stream in plan.streams))

    def note(self, line: str) -> None:
        with self.said.open("a") as file:
            file.write(line + "\n")

    async def run(self) -> int:
        if self.behaviour == "NOROOM":
            print(RunDirError(self.run_dir, "is full", "enlarge it"), file=sys.stderr)
            return 73
        if self.behaviour == "CRASH":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.behaviour == "NEVERREADY":
            await asyncio.sleep(600)
        shard_id = self.plan.shard_id
        lock = FileLock.acquire(self.run_dir / f"shard-{shard_id}.lock")
        generation = time.time_ns()
        page = publish(self.run_dir, shard_id, generation)
        self.channel.send(wire.Ready(shard_id, os.getpid(), generation))
        if self.behaviour == "HANG" and not (self.run_dir / "hung").exists():
            (self.run_dir / "hung").touch()
            time.sleep(600)  # noqa: ASYNC251 the loop is to stand still
        tasks = [asyncio.create_task(heartbeats(page)), asyncio.create_task(self.speak())]
        await self.serve()
        if self.behaviour == "STUBBORN":
            await asyncio.sleep(600)
        for task in tasks:
            task.cancel()
        (self.run_dir / f"shard-{shard_id}.seg").unlink()
        lock.release()
        return 0

    async def serve(self) -> None:
        """Take messages until told to stop."""
        try:
            while not isinstance(message := await self.channel.receive(), wire.Stop):
                self.take(message)
        except ChannelClosed:
            pass

    def take(self, message: wire.ToShard) -> None:
        if isinstance(message, wire.BookRequest):
            self.show(message)
            return
        if not isinstance(message, wire.PlanChange):
            self.note(repr(message))
            return
        if any("deaf" in stream.name for stream in message.add):
            self.note("change that is not confirmed")
            return
        if any("deadly" in stream.name for stream in message.add):
            os.kill(os.getpid(), signal.SIGKILL)
        refused = {s.name: NO_ROOM for s in message.add if "large" in s.name}
        added = [s.name for s in message.add if s.name not in refused]
        self.note(
            f"change +{' '.join(added)} -{' '.join(message.remove)} halted={message.halted}"
            f" retire={message.retire}"
        )
        self.channel.send(wire.Changed(message.change_id, refused))

    def show(self, request: wire.BookRequest) -> None:
        """A book of two bids and no ask; DEADLY dies over it, DEAF says nothing."""
        self.note(repr(request))
        if request.row_name == "DEADLY":
            os.kill(os.getpid(), signal.SIGKILL)
        if request.row_name == "LARGE":
            self.channel.send(wire.BookReply(request.request_id, "it is too large"))
        elif request.row_name != "DEAF":
            bids = struct.pack("<4q", 10001, 5, 9999, 12345)
            self.channel.send(
                wire.BookReply(
                    request.request_id, status=1, reason=3, epoch=2**60 + 1, stream="spot:x@depth",
                    sequence=7, update_id=99, ring_position=2**60, ts_event=NULL, px_exponent=-2,
                    qty_exponent=-3, bids=bids, bid_complete_px=9990, ask_complete_px=NULL,
                )
            )  # fmt: skip

    async def speak(self) -> None:
        """Send what tests write into the file."""
        done = 0
        while True:
            lines = self.tell.read_text().splitlines() if self.tell.exists() else []
            for line in lines[done:]:
                self.channel.send(eval(line, {**vars(wire), "Market": Market}))
            done = len(lines)
            await asyncio.sleep(0.02)


async def main(descriptor: int) -> int:
    channel = Channel.from_fd(descriptor, wire.ToShard)
    plan = await channel.receive()
    assert isinstance(plan, wire.ShardPlan)
    return await FakeShard(plan, channel).run()


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    sys.exit(asyncio.run(main(int(sys.argv[sys.argv.index("--channel-fd") + 1]))))
