"""Logging of every process: lines for people, or JSON objects for a collector.

JSON when asked for (``--log-json``, which sets GATEWAY_LOG=json for the children too), or when
systemd started us (INVOCATION_ID, JOURNAL_STREAM) and no terminal takes it. A record's facts go in
``extra={"facts": {…}}``. Nothing is logged between a frame and its store; what may repeat goes
through a RateLimit. Passwords in addresses are taken out of every line, whoever wrote it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from gateway.redaction import redacted

LOG_VARIABLE = "GATEWAY_LOG"
LOG_FORMS = ("json", "text")
# What a peer sent may stand in a line: it is not to begin a new one, nor to move the cursor.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_KEYS_MAX = 1000  # of a RateLimit; a hostile source of keys must not fill the memory


class RateLimit:
    """At most ``count`` times per ``interval`` seconds and key; the rest is counted. Pure."""

    def __init__(self, count: int = 1, interval: float = 10.0) -> None:
        self.count = count
        self.interval = interval
        self._windows: dict[str, tuple[float, int, int]] = {}  # began at, let through, suppressed

    def admit(self, key: str, now: float) -> int | None:
        """Return None to stay silent, else how many were suppressed since the last let through."""
        began, used, suppressed = self._windows.get(key, (now, 0, 0))
        if now - began >= self.interval:
            began, used = now, 0
        if used >= self.count:
            self._windows[key] = (began, used, suppressed + 1)
            return None
        if key not in self._windows and len(self._windows) >= _KEYS_MAX:
            del self._windows[next(iter(self._windows))]
        self._windows[key] = (began, used + 1, 0)
        return suppressed


class LineFormatter(logging.Formatter):
    """``12:30:05 WARNING shard 0: text``; the level only where it is not INFO."""

    def __init__(self, shard: int | None = None) -> None:
        super().__init__()
        self._number = "" if shard is None else f" {shard}"

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        message = record.getMessage().translate(_CONTROLS)
        part = record.name.removeprefix("gateway.").partition(".")[0]
        text = f"{time} {level}{part}{self._number}: {message}"
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return redacted(text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ts, level, logger, pid, shard, message, then the record's facts."""

    def __init__(self, shard: int | None = None) -> None:
        super().__init__()
        self._process = {} if shard is None else {"shard": shard}

    def format(self, record: logging.LogRecord) -> str:
        facts: Mapping[str, object] = getattr(record, "facts", {})
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            **self._process,
            "message": record.getMessage(),
            **facts,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redacted(json.dumps(line, default=str, ensure_ascii=False))


def wants_json(environment: Mapping[str, str], is_terminal: bool = False) -> bool:
    """Say whether the environment asks for JSON lines.

    A desktop's terminals have systemd's variables too, so on a terminal these count for nothing.
    """
    asked = environment.get(LOG_VARIABLE)
    if asked in LOG_FORMS:
        return asked == "json"
    if is_terminal:
        return False
    return "INVOCATION_ID" in environment or "JOURNAL_STREAM" in environment


def set_up(level: int = logging.INFO, shard: int | None = None) -> None:
    """Send the log of this process to stderr, in the form that the environment asks for.

    ``shard``: the number of the shard that this process is.
    """
    handler = logging.StreamHandler(sys.stderr)
    is_json = wants_json(os.environ, sys.stderr.isatty())
    handler.setFormatter(JsonFormatter(shard) if is_json else LineFormatter(shard))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Its connection lines repeat ours, socket options and all.
    logging.getLogger("picows").setLevel(max(level, logging.WARNING))
