"""What the supervisor says of itself: REST weight, hosts, restarts. Asked in a thread of its own.

A supervisor that hangs, is gone or restarts must not hold up what is read from shared memory; then
there is no report, or for some seconds the last one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from gateway_client import ClientError
from gateway_client.control import request

ASK_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 1.0
OLD_SECONDS: Final = 10.0
"""A report that is older is not shown any more."""


class Reporter:
    """Asks again and again; ``latest`` never waits. ``control`` may change: a new gateway."""

    def __init__(self, control: str) -> None:
        self.control = control
        self._latest: tuple[float, Mapping[str, Any]] | None = None
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        self._thread.start()

    def latest(self) -> Mapping[str, Any] | None:
        """Return the last report, while it is young."""
        found = self._latest
        if found is None or time.monotonic() - found[0] > OLD_SECONDS:
            return None
        return found[1]

    def close(self) -> None:
        """Ask no more; waits for an answer under way."""
        self._is_closed.set()
        self._thread.join(2 * ANSWER_SECONDS)

    def _run(self) -> None:
        while True:
            self._ask()
            if self._is_closed.wait(ASK_SECONDS):
                return

    def _ask(self) -> None:
        if not self.control:
            return
        try:
            found = request(self.control, "status", ANSWER_SECONDS)
        except ClientError:
            return
        self._latest = time.monotonic(), found
