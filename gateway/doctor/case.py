"""What is looked at: a configuration, and the places that belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from gateway.config import Config
from gateway.endpoints import Endpoints
from gateway.instruments import Instrument
from gateway.layout import Market
from gateway.patterns import Selection
from gateway.planner import Layout
from gateway.streams import Stream

Instruments = Mapping[tuple[Market, str], Instrument]


@dataclass(frozen=True)
class Case:
    """Everything of it.

    ``places``: run directories in the order they are looked in; ``state``: folder for state, None:
    there is none. ``assumed``: instruments to go by where the venue's list cannot be had.
    ``deadline``: seconds of CLOCK_MONOTONIC at which all must be said.
    """

    config: Config
    origin: str
    selection: Selection
    assumed: Instruments
    places: tuple[Path, ...]
    state: Path | None
    deadline: float

    @cached_property
    def endpoints(self) -> Endpoints:
        return self.config.upstream.resolved()

    @cached_property
    def via(self) -> str:
        """How hosts are reached, for messages; empty: straight."""
        parts = urlsplit(self.config.upstream.proxy)
        return f"through proxy {parts.hostname}:{parts.port}" if parts.hostname else ""

    @property
    def place(self) -> Path:
        """Where a start would look for room: the first that there is, or could be."""
        usable = (each for each in self.places if each.is_dir() or len(self.places) == 1)
        return next(usable, self.places[-1])


@dataclass(frozen=True, slots=True)
class Listed:
    """What would be carried, and where."""

    layout: Layout
    streams: tuple[Stream, ...]
    instruments: Instruments
