"""How many messages a second each stream has brought, for the plan of the next start.

Pure: counts of frames in, rates out. What is measured is kept by upstream in the state directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from gateway.endpoints import Endpoints, is_loopback

FILE_NAME: Final = "rates.json"
MEASURED_SECONDS_MIN: Final = 20.0  # a shorter look says too little
STREAMS_MAX: Final = 20_000  # kept for an upstream
UPSTREAMS_MAX: Final = 4
RATE_MAX: Final = 1e6  # of a stream, in messages a second
_WEIGHT = 0.25  # of a new measurement against those before it


class Rates(msgspec.Struct):
    """The content of the file: upstream → stream name → messages a second.

    ``homes``: upstream → group of streams → the shard that had it last.
    """

    upstreams: dict[str, dict[str, float]] = {}
    homes: dict[str, dict[str, int]] = {}


def known_rates(content: Rates, key: str) -> dict[str, float]:
    """Return the rates of an upstream; what no stream can have is left out, whoever wrote it."""
    known = content.upstreams.get(key, {})
    return {name: rate for name, rate in known.items() if 0.0 <= rate <= RATE_MAX}


def upstream_key(upstream: Endpoints) -> str:
    """Return what measured rates are kept under; simulators on this machine share one key."""
    hosts = {urlsplit(url).hostname or "" for urls in upstream.ws.values() for url in urls}
    return "loopback" if all(map(is_loopback, hosts)) else upstream.name


def settle(content: Rates, key: str, homes: Mapping[str, int]) -> None:
    """Note where everything is; what was somewhere in earlier runs alone is forgotten."""
    content.homes.pop(key, None)
    while len(content.homes) >= UPSTREAMS_MAX:
        del content.homes[next(iter(content.homes))]
    content.homes[key] = dict(list(homes.items())[:STREAMS_MAX])


def merge(content: Rates, key: str, measured: Mapping[str, float]) -> None:
    """Put what was measured behind what is known.

    What was measured longest ago stands in front, and is dropped where there is too much.
    """
    known = content.upstreams.pop(key, {})
    for name, rate in measured.items():
        known.pop(name, None)
        known[name] = round(rate, 3)
    for name in list(known)[: max(0, len(known) - STREAMS_MAX)]:
        del known[name]
    while len(content.upstreams) >= UPSTREAMS_MAX:
        del content.upstreams[next(iter(content.upstreams))]
    content.upstreams[key] = known


class RateMeter:
    """Turns counts of frames into rates. ``now`` is passed in, in seconds."""

    def __init__(self) -> None:
        self.rates: dict[str, float] = {}
        self._last: dict[str, tuple[int, float, int]] = {}  # generation, time, count

    def observe(self, generation: int, counts: Iterable[tuple[str, int]], now: float) -> None:
        """Take in the counts of one shard; ``generation`` tells a new writer, which starts at 0."""
        for name, count in counts:
            known_generation, since, before = self._last.get(name, (0, 0.0, 0))
            if known_generation != generation or count < before:
                self._last[name] = (generation, now, count)
            elif now - since >= MEASURED_SECONDS_MIN:
                self._last[name] = (generation, now, count)
                self._take(name, (count - before) / (now - since))

    def forget(self, before: float) -> None:
        """Let go of streams that were last counted before then: somebody had them for a while."""
        for name in [name for name, (_, since, _) in self._last.items() if since < before]:
            del self._last[name]
            self.rates.pop(name, None)

    def _take(self, name: str, rate: float) -> None:
        known = self.rates.get(name)
        self.rates[name] = rate if known is None else known + _WEIGHT * (rate - known)
