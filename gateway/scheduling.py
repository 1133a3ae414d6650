"""On which CPUs a process runs, and how nice it is. Linux; what is set holds for later threads too.

Both belong to a thread: so the supervisor can try out in one that ends at once what its shards will
be told, and say at the start what the system refuses.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterable, Sequence

from gateway.errors import ConfigError, GatewayError

_CPUS_MAX = 8192  # of a Linux kernel


def schedule(cpus: Iterable[int], nice: int) -> None:
    """Bind the calling thread to ``cpus`` (none: any) and set its niceness, unless it is 0.

    Raises ConfigError where the system refuses.
    """
    wanted = set(cpus)
    if wanted:
        _bind(wanted)
    if nice:
        _be_nice(nice)


def try_out(sets: Sequence[Iterable[int]], nice: int) -> None:
    """Do all of it in a thread that ends at once; raises ConfigError for the first refusal."""
    refused: list[GatewayError] = []

    def work() -> None:
        try:
            for cpus in sets:
                schedule(cpus, nice)
        except GatewayError as exc:
            refused.append(exc)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if refused:
        raise refused[0]


def keep_awake(loop: asyncio.AbstractEventLoop) -> None:
    """Have ``loop`` look for events without ever sleeping.

    A call that is always due makes it poll with a timeout of 0. The kernel's own busy polling
    (SO_BUSY_POLL) was not taken: it needs a driver that has it, and does nothing on loopback.
    """
    again = loop.call_soon

    def turn() -> None:
        again(turn)

    turn()


def _bind(wanted: set[int]) -> None:
    text = ",".join(map(str, sorted(wanted)))
    try:
        os.sched_setaffinity(0, wanted)
        refused = "" if os.sched_getaffinity(0) == wanted else "not all of them are there"
    except OSError as exc:
        refused = exc.strerror or str(exc)
    except (ValueError, OverflowError) as exc:
        refused = str(exc)
    if refused:
        there = ",".join(map(str, sorted(usable())))
        raise ConfigError(
            "processes.cpus", f"CPU {text}: {refused}", f"name some of those usable here: {there}"
        )


def usable() -> set[int]:
    """Return the CPUs that the calling thread may be bound to."""
    before = os.sched_getaffinity(0)
    try:
        # The kernel leaves out what is not there or not allowed (sched_setaffinity(2)).
        os.sched_setaffinity(0, range(_CPUS_MAX))
        return os.sched_getaffinity(0)
    except OSError:
        return before
    finally:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, before)


def _be_nice(nice: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError as exc:
        raise ConfigError(
            "processes.nice",
            f"{nice}: {exc.strerror}",
            "allow it with CAP_SYS_NICE or LimitNICE=, or write 0 or more",
        ) from exc
