"""What processes use, read of processes of this test's own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

import pytest

from gateway.metrics.usage import of_all, of_process


def test_it_is_what_the_process_itself_says() -> None:
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    found = of_process("this", os.getpid())
    assert found.cpu_seconds == pytest.approx(time.process_time(), abs=0.05 * time.process_time())
    assert 1 << 20 < found.resident_bytes < 1 << 40
    assert found.fds_max == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert found.threads >= 1


def test_open_descriptors_are_counted() -> None:
    before = of_process("this", os.getpid()).open_fds
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    try:
        assert of_process("this", os.getpid()).open_fds == before + 5
    finally:
        for descriptor in held:
            os.close(descriptor)


def test_only_what_runs_and_is_ours_is_told_of() -> None:
    """A shard that has ended is left out, and so is a stranger who has its pid now."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        stranger = os.getppid()
        report = {"shards": [{"id": 0, "pid": child.pid}, {"id": 1, "pid": stranger}]}
        assert [each.name for each in of_all(report)] == ["supervisor", "shard-0"]
    assert [each.name for each in of_all(report)] == ["supervisor"]
    assert [each.name for each in of_all({})] == ["supervisor"]
