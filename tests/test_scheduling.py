"""CPUs and niceness: set in threads of the test's own, which end at once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from gateway import scheduling
from gateway.config.process import Processes, cpu_set
from gateway.errors import ConfigError
from gateway.scheduling import keep_awake, schedule, try_out, usable


def in_thread(work: Callable[[], object]) -> list[object]:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found


@pytest.mark.parametrize(
    ("entry", "cpus"),
    [("2", {2}), ("2-4", {2, 3, 4}), ("0,2-3", {0, 2, 3}), ("3-3", {3}), ("1, 2", {1, 2})],
)
def test_entry_names_cpus(entry: str, cpus: set[int]) -> None:
    assert cpu_set(entry) == cpus


@pytest.mark.parametrize("entry", ["", "x", "3-2", "-1", "1-", "1,,2", "99999", "1.5"])
def test_entry_that_names_none_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="must be like '2', '2-3' or '2,4-5'"):
        Processes(cpus=(entry,))


def test_shards_take_entries_in_turn() -> None:
    processes = Processes(cpus=("2", "4-5"))
    assert [processes.cpus_of(n) for n in range(3)] == [{2}, {4, 5}, {2}]
    assert Processes().cpus_of(7) == frozenset()


def test_thread_is_bound_and_nice_and_others_are_not() -> None:
    cpu, before, nice = min(usable()), os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)

    def work() -> tuple[set[int], int]:
        schedule([cpu], nice + 1)
        return os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)

    assert in_thread(work) == [({cpu}, nice + 1)]
    assert os.sched_getaffinity(0) == before
    try_out([[cpu]], nice + 1)
    assert os.sched_getaffinity(0) == before
    assert os.getpriority(os.PRIO_PROCESS, 0) == nice


def test_usable_leaves_the_thread_as_it_was() -> None:
    cpu = min(usable())

    def work() -> tuple[set[int], set[int]]:
        os.sched_setaffinity(0, {cpu})
        return usable(), os.sched_getaffinity(0)

    assert in_thread(work) == [(usable(), {cpu})]


@pytest.mark.parametrize("cpus", [{9000}, {0, 9000}])
def test_cpu_that_is_not_there_is_refused_with_those_that_are(cpus: set[int]) -> None:
    listed = ",".join(map(str, sorted(usable())))
    with pytest.raises(ConfigError, match=f"processes.cpus: CPU .*9000.*usable here: {listed}$"):
        try_out([[min(usable())], cpus], 0)


def test_refusals_of_the_system_name_the_key_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(scheduling.os, "setpriority", refuse)
    with pytest.raises(ConfigError, match=r"processes\.nice: -5: Operation not .*; allow it with"):
        try_out([[]], -5)
    monkeypatch.setattr(scheduling.os, "sched_setaffinity", refuse)
    with pytest.raises(ConfigError, match=r"processes\.cpus: CPU 0: Operation not permitted; name"):
        try_out([[0]], 0)


def test_loop_that_is_kept_awake_never_sleeps() -> None:
    """Another process: a loop like this leaves nothing to others."""
    code = (
        "import asyncio, time, uvloop\n"
        "from gateway.scheduling import keep_awake\n"
        "async def main():\n"
        "    keep_awake(asyncio.get_running_loop())\n"
        "    began, turns = time.thread_time(), 0\n"
        "    while time.thread_time() - began < 0.2: await asyncio.sleep(0.001)\n"
        "uvloop.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert done.returncode == 0


@pytest.mark.asyncio
async def test_loop_that_is_kept_awake_still_serves_others() -> None:
    loop = asyncio.new_event_loop()
    keep_awake(loop)
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(
            loop.run_until_complete, asyncio.wait_for(asyncio.Event().wait(), 0.05)
        )
    loop.close()
