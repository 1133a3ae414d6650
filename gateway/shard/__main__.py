"""``python -m gateway.shard --shard N --channel-fd N``: one shard, started by its supervisor."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import logging
import os
import signal
import sys

import uvloop

from gateway import log as logs
from gateway import plan as wire
from gateway.channel import Channel, ChannelClosed
from gateway.errors import GatewayError
from gateway.scheduling import keep_awake, schedule
from gateway.shard.worker import Shard

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel send SIGTERM when the supervisor dies, however it dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


async def serve(fd: int) -> None:
    """Take the plan from the channel and serve it."""
    channel: Channel[wire.ToShard] = Channel.from_fd(fd, wire.ToShard)
    try:
        plan = await channel.receive()
    except ChannelClosed:
        return
    if isinstance(plan, wire.ShardPlan):
        prepare(plan)
        await Shard(plan, channel).run()


def prepare(plan: wire.ShardPlan) -> None:
    """Run as the plan says: before there are other threads, which take it over.

    The supervisor has tried it all at its start. What the system refuses by now, as a CPU that was
    taken away, is no reason to be down.
    """
    try:
        schedule(plan.cpus, plan.nice)
    except GatewayError as exc:
        logging.getLogger("gateway.shard").warning("%s; going on without", exc)
    if plan.busy_poll:
        keep_awake(asyncio.get_running_loop())


def main() -> int:
    """Exit 0 after a stop; else the code of the error, 70 for what should not have happened."""
    parser = argparse.ArgumentParser(prog="gateway.shard")
    parser.add_argument("--shard", type=int, required=True)  # as the log and ``ps`` call it
    parser.add_argument("--channel-fd", type=int, required=True)
    parent = os.getppid()
    arguments = parser.parse_args()
    logs.set_up(shard=arguments.shard)
    logging.getLogger("picows").setLevel(logging.WARNING)  # its INFO repeats ours
    die_with_parent(parent)
    try:
        uvloop.run(serve(arguments.channel_fd))
    except GatewayError as exc:
        logging.getLogger("gateway.shard").error("%s", exc)
        return exc.exit_code
    except Exception:
        logging.getLogger("gateway.shard").exception("this should not have happened")
        return 70
    return 0


if __name__ == "__main__":
    sys.exit(main())
