"""Binance's documented frames: one of each kind of stream, by market."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).parents[1] / "payloads"
NOTICE = "!serverShutdown"  # of the connection itself: nobody subscribes it


@cache
def documented(market: str) -> list[dict[str, Any]]:
    """Return the frames of a market, with ``stream`` and ``data``."""
    lines = (FOLDER / f"documented_{market}.jsonl").read_bytes().splitlines()
    return [frame for frame in map(orjson.loads, lines) if frame["stream"] != NOTICE]
