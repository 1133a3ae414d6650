"""Readers in threads of their own: from the moment one is entered until it is left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway_client import Gateway

BEGIN_S = 30.0
END_S = 10.0


class ThreadReader:
    """What fails in the thread is raised where the reader is left."""

    def __init__(self, run_dir: Path) -> None:
        self._gateway = Gateway(run_dir)
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _read(self) -> None:
        """Read until ``_stop`` is set; say ``_ready`` once nothing can be missed any more."""
        raise NotImplementedError  # from the ring, or over ZeroMQ

    def _run(self) -> None:
        try:
            self._read()
        except BaseException as exc:  # told where the test can see it
            self._failure = exc
        finally:
            self._ready.set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(BEGIN_S), "the reader does not begin"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(END_S)
        self._gateway.close()
        if self._failure is not None and kind is None:
            raise self._failure
        assert not self._thread.is_alive() or kind is not None, "the reader does not end"


class RingReader(ThreadReader):
    """Hands ``take`` every event of all instruments, from shared memory."""

    def __init__(self, run_dir: Path, take: Callable[[Any], None]) -> None:
        super().__init__(run_dir)
        self._take = take

    def _read(self) -> None:
        events = self._gateway.events(timeout=0.2)
        self._ready.set()
        while not self._stop.is_set():
            for event in events:
                self._take(event)
                if self._stop.is_set():
                    break
