"""What the simulator is told to do wrong: the shape of ``--faults FILE`` and of the order of it.

Pure. A plan has rows for frames, for REST calls, and episodes, which begin by themselves at times
that the seed gives. Of the rows whose pattern fits a stream or a call the first one counts. Streams
are matched with their market (``spot:*@depth*``), REST calls as ``<market>:<call>``
(``usdm:depth``, ``*:aggTrades``); both patterns know ``*`` and ``?``.
"""

from __future__ import annotations

import enum
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from gateway.simulator.names import Market

Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]  # a share of the frames, or of the answers
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Span = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Number = Annotated[int, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class BadPlan(ValueError):
    """What was given is not a plan of faults; the text says why."""


class Fault(enum.StrEnum):
    """What happens to a frame; at most one of these."""

    DROP = "drop"
    DUPLICATE = "duplicate"  # sent twice, one after the other
    REORDER = "reorder"  # changes places with the stream's next frame on this connection
    DELAY = "delay"  # it and all of this stream behind it wait; the order stays
    CORRUPT = "corrupt"  # damaged, yet a whole WebSocket text frame of valid UTF-8


class Damage(enum.StrEnum):
    """How a frame is corrupted; CUT and FLIP leave no valid JSON."""

    CUT = "cut"  # the end is missing
    FLIP = "flip"  # a quote, colon, comma, bracket or brace became an x
    DIGIT = "digit"  # a digit became another: still JSON, but not the truth
    ANY = "any"  # CUT or FLIP


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of what a plan lists."""


class FrameFaults(Row, frozen=True):
    """Shares of a stream's frames that a fault befalls; they add up to 1 at most."""

    streams: str = "*"
    drop: Rate = 0.0
    duplicate: Rate = 0.0
    reorder: Rate = 0.0
    delay: Rate = 0.0
    delay_seconds: Span = 0.5
    corrupt: Rate = 0.0
    damage: Damage = Damage.ANY
    after: Number = 0  # frames of the stream that are left alone first
    until: Count | None = None  # number of the last frame that may be hit; None: no end

    def __post_init__(self) -> None:
        if sum(share for _, share in self.shares) > 1 + 1e-9:
            raise ValueError(f"the shares of {self.streams} add up to more than 1")

    @property
    def shares(self) -> tuple[tuple[Fault, float], ...]:
        """Return the faults with their shares, in the order in which one is drawn."""
        return (
            (Fault.DROP, self.drop),
            (Fault.DUPLICATE, self.duplicate),
            (Fault.REORDER, self.reorder),
            (Fault.DELAY, self.delay),
            (Fault.CORRUPT, self.corrupt),
        )


class RestFaults(Row, frozen=True):
    """What befalls the answers to REST calls.

    ``delay`` is that of every answer, half of it before the call is looked at and half behind it.
    A share ``stale`` of depth answers shows the book of ``stale_seconds`` ago. A share ``fail``,
    but ``count`` at most, is answered with ``status``.
    """

    calls: str = "*"
    delay: Seconds = 0.0
    stale: Rate = 0.0
    stale_seconds: Span = 5.0
    fail: Rate = 0.0
    status: Literal[403, 418, 429, 500, 502, 503, 504] = 503
    retry_after: Count | None = None  # seconds, in a header (REST) or as a time (WebSocket API)
    count: Count | None = None


class EpisodeKind(enum.StrEnum):
    """What lasts a while."""

    SILENT = "silent"  # streams are acked and not delivered, also on later connections
    HALF_OPEN = "half_open"  # connections are neither read nor written
    SLOW = "slow"  # connections carry ``bytes_per_s``
    REFUSE = "refuse"  # handshakes are answered with ``status``
    KILL = "kill"  # TCP connections are reset
    RESTART_IDS = "restart_ids"  # instruments number anew, from lower ids on


class Episode(Row, frozen=True):
    """Something that happens now and then, and lasts.

    ``target``: streams (SILENT), instruments such as ``spot:BTC*`` (RESTART_IDS), else markets. All
    that fit are hit together. The first time comes ``at`` seconds after the plan begins, the next
    ones after a time drawn between half and one and a half of ``every``; None: once.
    """

    what: EpisodeKind
    target: str = "*"
    at: Seconds = 0.0
    every: Span | None = None
    lasts: Span = 5.0
    bytes_per_s: Count = 2_000
    status: Literal[403, 418, 429, 451, 503] = 503
    retry_after: Count | None = None


class FaultPlan(Row, frozen=True):
    """Everything the simulator does wrong. Without rows, nothing."""

    on: bool = True
    seed: int = 0
    per_connection: bool = False  # each connection of a stream has faults of its own
    frames: tuple[FrameFaults, ...] = ()
    rest: tuple[RestFaults, ...] = ()
    episodes: tuple[Episode, ...] = ()


class PlanChange(Row, frozen=True):
    """A plan of which only what is given replaces what is in force."""

    on: bool | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    per_connection: bool | UnsetType = UNSET
    frames: tuple[FrameFaults, ...] | UnsetType = UNSET
    rest: tuple[RestFaults, ...] | UnsetType = UNSET
    episodes: tuple[Episode, ...] | UnsetType = UNSET

    def applied_to(self, plan: FaultPlan) -> FaultPlan:
        """Return ``plan`` with what is given in the place of what it had."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        kept = {name: value for name, value in given.items() if value is not UNSET}
        return msgspec.structs.replace(plan, **kept)


def read_plan(data: bytes, is_toml: bool = False) -> FaultPlan:
    """Read a plan from JSON, or from TOML. Raises BadPlan."""
    decode = msgspec.toml.decode if is_toml else msgspec.json.decode
    try:
        return decode(data, type=FaultPlan)
    except (msgspec.DecodeError, ValueError) as exc:
        raise BadPlan(str(exc)) from exc


def fits(key: str, pattern: str) -> bool:
    """Say whether a stream, a call, an instrument or a market is meant by a pattern."""
    return fnmatchcase(key, pattern)


def markets_of(target: str) -> list[Market]:
    """Return the markets that a pattern means."""
    return [market for market in Market if fits(str(market), target)]
