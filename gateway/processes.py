"""Start our own programs as child processes: same interpreter, same package, never orphans."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import gateway

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


def command(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs ``module`` with our interpreter."""
    return [sys.executable, "-m", module, *arguments]


def environment() -> dict[str, str]:
    """Return our environment, with the package that we run found first, wherever we started."""
    package = str(Path(gateway.__file__).parent.parent)
    path = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{path}" if path else package}


def end_with_parent() -> None:
    """Have the kernel send us SIGTERM when our parent dies. Called in the child."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def spawn(
    module: str,
    arguments: Sequence[str],
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
) -> subprocess.Popen[str]:
    """Start ``module`` in a session of its own; it is stopped when we die."""
    return subprocess.Popen(
        command(module, *arguments),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
        # Ctrl-C is for us; we stop our children in order.
        start_new_session=True,
        preexec_fn=end_with_parent,
    )


def stop(process: subprocess.Popen[str], seconds: float) -> int:
    """End ``process`` with SIGTERM, after ``seconds`` with SIGKILL; return its exit code."""
    process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
