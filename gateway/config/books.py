"""Order books: how deep they are kept, and how often they are checked. Pure."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, field

from gateway.config.base import Table
from gateway.markets import BY_NAME
from gateway.segment_plan import LEVELS_MAX

LEVELS_ASKED: Final = (5, 5000)  # the least and the most

_Levels = Annotated[int, Meta(ge=LEVELS_ASKED[0], le=LEVELS_ASKED[1])]
_SymbolMask = Annotated[str, Meta(pattern=rf"^({'|'.join(BY_NAME)}):[^a-z:\s]+$")]


class Book(Table, frozen=True):
    """Order books, in levels a side."""

    levels: Annotated[int, Meta(ge=1, le=LEVELS_MAX, description="In shared memory.")] = 20
    levels_max: Annotated[
        int, Meta(ge=1000, le=1_000_000, description="Kept in the shard, at most.")
    ] = 10_000
    snapshot_levels: Annotated[
        _Levels,
        Meta(
            description="Asked of REST in the end; with more than 8 books all begin with 100, to "
            "be LIVE soon."
        ),
    ] = 1000
    depth_levels: Annotated[
        dict[_SymbolMask, _Levels],
        Meta(
            description="Other 'snapshot_levels', by symbol or pattern. An exact name counts "
            "before patterns, of those the first that fits.",
            examples=[{"spot:BTCUSDT": 5000, "usdm:*": 100}],
        ),
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        most = max(self.snapshot_levels, *self.depth_levels.values(), 0)
        if most > self.levels_max:
            raise ValueError(f"'levels_max' is {self.levels_max}, less than {most} asked of REST")


class Audit(Table, frozen=True):
    """Comparing LIVE books with the venue's own."""

    interval_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            description="In which every book is compared once, for the weight of its snapshot. "
            "0: never.",
        ),
    ] = 3600.0
