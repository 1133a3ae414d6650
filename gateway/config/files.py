"""Reads a configuration file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from gateway.config.reading import Settings, examine, read, settle
from gateway.config.whole import Config
from gateway.errors import ConfigError, ConfigMissing

STDIN = "-"


def load(path: Path) -> Config:
    """Read a configuration file; raises ConfigError (ConfigMissing: not there or not readable)."""
    return read(text_of(str(path)), str(path))


def load_settings(path: str, environment: Mapping[str, str]) -> Settings:
    """Settle file and environment; ``path`` empty: no file, ``-``: standard input.

    Raises ConfigError, for the first problem.
    """
    return settle(text_of(path), name_of(path), environment)


def examine_settings(
    path: str, environment: Mapping[str, str]
) -> tuple[Settings, list[ConfigError]]:
    """Do the same, but list every problem; raises ConfigError where there is no text to read."""
    return examine(text_of(path), name_of(path), environment)


def name_of(path: str) -> str:
    """Return what messages call a file."""
    return {STDIN: "standard input", "": "defaults"}.get(path, path)


def text_of(path: str) -> str:
    """Return the text of a file; raises ConfigError (ConfigMissing: not there, not readable)."""
    try:
        if path == STDIN:
            return sys.stdin.buffer.read().decode()
        return Path(path).read_text("utf-8") if path else ""
    except OSError as exc:
        remedy = "check --config, or leave it out for the defaults"
        raise ConfigMissing(path, f"cannot be read: {exc.strerror}", remedy) from exc
    except UnicodeDecodeError as exc:
        problem = "is not UTF-8 text"
        raise ConfigError(name_of(path), problem, "write the configuration as TOML") from exc
