"""The terms of the stream table, and how a line of it unfolds into names. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass

from gateway.layout import Kind, Market, Shape
from gateway.markets import Route


class Subject(enum.Enum):
    """What stands before the first ``@``, and with it which row of SYMBOLS the stream feeds."""

    SYMBOL = "<symbol>"  # btcusdt, btcusd_perp
    PAIR = "<pair>"  # btcusd: what contracts have in common
    CONTRACT = "<pair>_<contract type>"  # btcusdt_perpetual: whichever contract is of that type
    ASSET = "<asset>"  # adausd: a margin asset against USD
    MARKET = ""  # nothing: the stream is of the whole market


class Identity(enum.Enum):
    """How two deliveries of one event are known to be the same."""

    CONTIGUOUS = "id without holes"
    MONOTONE = "id that rises"
    TIME = "event time and payload"


@dataclass(frozen=True, slots=True)
class StreamForm:
    """What a stream's suffix means on one market.

    ``speed_ms`` is the explicit one, 0: the venue's default. ``expected_ms`` is set where the venue
    sends whether something happened or not. ``rate`` is an estimate in messages a second, to spread
    streams before anything was measured. ``split`` is the suffix under which each row of an ARRAY
    or MERGED stream is published, or of the streams that a SYNTHETIC one is put together from;
    ``rows`` is what those rows are of.
    """

    kind: Kind
    route: Route
    levels: int = 0
    speed_ms: int = 0
    shape: Shape = Shape.OBJECT
    subject: Subject = Subject.SYMBOL
    split: str = ""
    rows: Subject = Subject.SYMBOL
    interval: str = ""  # of a candle or a window: 1m
    variant: str = ""  # RPI: a book of its own beside the instrument's
    identity: Identity = Identity.TIME
    id_fields: str = "E"  # the payload's keys that carry it
    expected_ms: int = 0
    rate: float = 1.0
    backfill: str = ""  # what REST can fill in afterwards; empty: nothing


@dataclass(frozen=True, slots=True)
class StreamType:
    """One line of the venue's list: a stem and everything that may be appended to it.

    A ``*`` in ``stem`` and ``split`` stands for each of ``intervals``. ``default_ms`` is the pace
    without an explicit speed, 0: as it happens. ``route`` says where the futures carry it; spot has
    one route. ``has_default`` is False where the venue takes no name without a speed.
    """

    stem: str
    markets: tuple[Market, ...]
    kind: Kind
    route: Route
    _: KW_ONLY
    subject: Subject = Subject.SYMBOL
    shape: Shape = Shape.OBJECT
    default_ms: int = 0
    speeds: tuple[str, ...] = ()  # as written: 100ms, 1s
    has_default: bool = True
    levels: tuple[int, ...] = ()
    intervals: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    split: str = ""
    rows: Subject = Subject.SYMBOL
    variant: str = ""
    identity: Identity = Identity.TIME
    id_fields: str = "E"
    expected_ms: int = 0
    rate: float = 1.0
    backfill: str = ""
    note: str = ""  # for users

    @property
    def usage(self) -> str:
        """How its suffixes are written: ``depth[@100ms|@1000ms]``."""
        stem = self.stem
        if self.levels:
            stem += f"<{'|'.join(map(str, self.levels))}>"
        if self.intervals:
            few = "|".join(self.intervals) if len(self.intervals) <= 3 else "interval"
            stem = stem.replace("*", f"<{few}>")
        ends = "|".join(f"@{end}" for end in (*self.speeds, *self.zones))
        return stem + (f"[{ends}]" if ends and self.has_default else ends)

    @property
    def base(self) -> str:
        """The part of a suffix by which its type is known: ``kline_`` of ``kline_1m``."""
        return self.stem.partition("*")[0]

    def forms(self) -> Iterator[tuple[str, StreamForm]]:
        """Yield every suffix (of whole-market streams every name) with what it means."""
        for stem, levels, interval in self._stems():
            for speed in ("", *self.speeds) if self.has_default else self.speeds:
                name = f"{stem}@{speed}" if speed else stem
                yield name, self._form(levels, interval, speed)
            for zone in self.zones:
                yield f"{stem}@{zone}", self._form(levels, interval, "")

    def _stems(self) -> Iterator[tuple[str, int, str]]:
        if self.levels:
            yield from ((f"{self.stem}{levels}", levels, "") for levels in self.levels)
        elif self.intervals:
            yield from ((self.stem.replace("*", i), 0, i) for i in self.intervals)
        else:
            yield self.stem, 0, ""

    def _form(self, levels: int, interval: str, speed: str) -> StreamForm:
        speed_ms = _milliseconds(speed) if speed else 0
        pace_ms = speed_ms or self.default_ms
        split = self.split.replace("*", interval)
        return StreamForm(
            kind=self.kind,
            route=self.route,
            levels=levels,
            speed_ms=speed_ms,
            shape=self.shape,
            subject=self.subject,
            split=f"{split}@{speed}" if split and speed else split,
            rows=self.rows,
            interval=interval,
            variant=self.variant,
            identity=self.identity,
            id_fields=self.id_fields,
            expected_ms=(speed_ms or self.expected_ms) if self.expected_ms else 0,
            rate=min(self.rate, 1000 / pace_ms) if pace_ms and not self._is_merged else self.rate,
            backfill=self.backfill,
        )

    @property
    def _is_merged(self) -> bool:
        # One frame a symbol: the pace is of each, not of the stream.
        return self.shape is Shape.MERGED


def _milliseconds(speed: str) -> int:
    return int(speed[:-2]) if speed.endswith("ms") else 1000 * int(speed[:-1])
