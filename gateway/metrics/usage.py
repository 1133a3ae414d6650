"""What our processes use, read from /proc: CPU, memory, descriptors (proc(5))."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from gateway.metrics.readings import ProcessReading

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
# Of /proc/<pid>/stat behind the name, which may hold anything: "state" is the first.
_PARENT, _USER, _SYSTEM, _THREADS, _PAGES = 1, 11, 12, 17, 21


def of_all(report: Mapping[str, Any]) -> list[ProcessReading]:
    """Return what the supervisor, which we are, and those of its shards that run use."""
    return list(_all(report))


def _all(report: Mapping[str, Any]) -> Iterator[ProcessReading]:
    yield of_process("supervisor", os.getpid())
    for shard in report.get("shards", ()):
        # One that has just ended; its pid may be another's already, who is no child of ours.
        with contextlib.suppress(OSError):
            yield of_process(f"shard-{shard['id']}", shard["pid"], parent=os.getpid())


def of_process(name: str, pid: int, parent: int | None = None) -> ProcessReading:
    """Read one process; raises OSError where there is none, or it is no child of ``parent``."""
    folder = Path("/proc", str(pid))
    fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    if parent is not None and int(fields[_PARENT]) != parent:
        raise ProcessLookupError(pid)
    return ProcessReading(
        name,
        cpu_seconds=(int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS,
        resident_bytes=int(fields[_PAGES]) * _PAGE,
        open_fds=len(os.listdir(folder / "fd")),
        fds_max=_fds_max((folder / "limits").read_text()),
        threads=int(fields[_THREADS]),
    )


def _fds_max(limits: str) -> int:
    """Return the soft limit; 0: there is none. Not by prlimit(2), which a sandbox may refuse."""
    line = next(each for each in limits.splitlines() if each.startswith("Max open files"))
    soft = line.split()[3]
    return int(soft) if soft.isdecimal() else 0
