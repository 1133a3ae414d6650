"""How much REST weight may be spent, and when: one log a pool, for all processes. Pure.

Binance counts weight in fixed clock minutes (rest-api.md, LIMITS). A sliding minute is stricter
than any fixed one, so no fixed minute can go over; a fifth is left to other programs behind the
same address.

A call counts from when it is granted until a minute after its answer came: the venue has counted it
at some moment between, so the venue's own sliding minute is never over the line either. The log
lies in a file and is told in seconds since the host booted (CLOCK_MONOTONIC, with the boot's id),
which all processes share and nobody can set: a step of the wall clock changes nothing. What a
process had on its way when it died counts until its call would have been given up, and a minute
more: a crash wastes weight, and never gains any.

After 429 or 418 nothing at all is granted until the venue's time has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from gateway.endpoints import is_loopback
from gateway.plan import Need
from gateway.rest.weight_log import (
    CALL_SECONDS_MAX,
    HOLD_SECONDS_MAX,
    WINDOW_SECONDS,
    Moment,
    Pool,
    Spent,
    Weights,
    age,
    entries,
    grain,
    merged,
    pool_of,
    rebase,
    total,
)

_WAIT_SECONDS_MIN: Final = 0.001
_VENUE_DOMAINS: Final = frozenset({"binance.com", "binance.vision"})
_TRIAL_HOSTS: Final = ("testnet", "demo")

# How far up to the line a call may go. What is not urgent leaves room, so that a book that readers
# had LIVE never waits behind it, whichever process asks.
SHARES: Final[Mapping[Need, float]] = {
    Need.LOST: 1.0,
    Need.COLD: 0.9,
    Need.BACKFILL: 0.7,
    Need.REFRESH: 0.6,
    Need.DEEPEN: 0.5,
    Need.AUDIT: 0.5,
}


@dataclass(frozen=True, slots=True)
class Hold:
    """A refusal, and for how long nothing is to be asked."""

    status: int
    seconds: float


@dataclass(slots=True)
class News:
    """What a process has to tell of a pool since it last did; ``on_way`` is always all of it."""

    on_way: list[Spent] = field(default_factory=list)
    answered: list[Spent] = field(default_factory=list)
    used: Spent | None = None  # the venue's own count, and when it was told
    hold: Hold | None = None
    limits: dict[str, int] = field(default_factory=dict)

    def put_back(self, older: News) -> None:
        """Take up what may not have been told: told twice it counts too much, never too little."""
        self.answered[:0] = older.answered
        self.used = self.used or older.used
        self.hold = self.hold or older.hold


@dataclass(frozen=True, slots=True)
class Wish:
    """A call that waits. ``weight`` and how far up to the line it may go."""

    weight: int
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The first ``granted`` wishes may go; the next one after ``wait_s``. All of it as of now."""

    granted: int
    wait_s: float
    held_s: float
    status: int
    spent: int
    line: int


def pool_key(pool: str, url: str) -> str:
    """Return what is counted as one: the pool at the venue that ``url`` is a host of.

    A market's own first host decides. Production's hosts are one venue (weight is counted for our
    address, not for theirs); a trial host, a mirror and a port of this machine each stand alone.
    """
    parts = urlsplit(url)
    name = (parts.hostname or "").rstrip(".")
    if is_loopback(name):
        return f"{pool}@{name}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    domain = ".".join(name.split(".")[-2:])
    is_venue = domain in _VENUE_DOMAINS and not name.startswith(_TRIAL_HOSTS)
    return f"{pool}@{'binance.com' if is_venue else name}"


def line_of(limit: int, limits: Mapping[str, int], reserve: float) -> int:
    """Return what may be spent in a minute.

    ``limit`` is the documented one; a market that tells a lower one is believed, a higher one is
    not: COIN-M's pages still name the 6000 that it had before it shared USD-M's 2400.
    """
    lowest = min((each for each in limits.values() if each > 0), default=limit)
    return int(min(limit, lowest) * (1 - reserve))


def exchange(
    content: Weights,
    key: str,
    holder: str,
    news: News,
    wishes: Sequence[Wish],
    terms: tuple[int, float, float],
    now: Moment,
) -> Outcome:
    """Take in what a process tells of a pool, and grant what fits of its ``wishes``, in order.

    ``terms``: the documented limit, the reserve, and the seconds after which a call is given up.
    """
    limit, reserve, call_s = terms
    rebase(content, now)
    pool = pool_of(content, key, now)
    _take_in(pool, holder, news, now)
    line = line_of(limit, pool.limits, reserve)
    until = now.mono + min(call_s, CALL_SECONDS_MAX)
    granted, wait_s = 0, max(0.0, pool.held_until - now.mono)
    if not wait_s:
        granted, wait_s = _grant(pool, holder, wishes, line, until, now.mono)
    held_s = max(0.0, pool.held_until - now.mono)
    return Outcome(granted, wait_s, held_s, pool.status, total(pool), line)


def _take_in(pool: Pool, holder: str, news: News, now: Moment) -> None:
    if news.answered:
        pool.spent = merged([*pool.spent, *((grain(at), w) for at, w in news.answered)])
    pool.on_way.pop(holder, None)
    if news.on_way:
        pool.on_way[holder] = list(news.on_way)
    pool.limits.update(news.limits)
    age(pool, now.mono)
    if news.used is not None:
        # Others behind this address have spent the difference: it counts as ours.
        at, used = news.used
        more = used - total(pool)
        if more > 0 and at > now.mono - WINDOW_SECONDS:
            pool.spent = merged([*pool.spent, (grain(at), more)])
    if news.hold is not None:
        _hold(pool, news.hold, now)


def _hold(pool: Pool, hold: Hold, now: Moment) -> None:
    until = now.mono + min(max(hold.seconds, 0.0), HOLD_SECONDS_MAX)
    if until > pool.held_until:
        pool.held_at, pool.held_until, pool.status = now.mono, until, hold.status
        pool.held_wall = now.wall + (until - now.mono)


def _grant(
    pool: Pool, holder: str, wishes: Sequence[Wish], line: int, until: float, now: float
) -> tuple[int, float]:
    """Grant from the front until one does not fit; return how many, and when the next one does."""
    gone = total(pool)
    own = pool.on_way.get(holder, [])
    for number, wish in enumerate(wishes):
        excess = gone + wish.weight - int(line * wish.share)
        if excess > 0:
            return number, _time_to_free(pool, excess, now)
        gone += wish.weight
        own.append((until, wish.weight))
        pool.on_way[holder] = own
    return len(wishes), 0.0


def _time_to_free(pool: Pool, weight: int, now: float) -> float:
    for at, spent in sorted(entries(pool)):
        weight -= spent
        if weight <= 0:
            # Never 0, which would mean granted: at + 60 - now may round down to it.
            return max(at + WINDOW_SECONDS - now, _WAIT_SECONDS_MIN)
    return WINDOW_SECONDS  # it is dearer than the line: see ``is_too_dear``


def is_scarce(weight: int, spent: int, line: int) -> bool:
    """Whether a book is to begin with few levels, which cost a tenth, whoever needs it.

    More levels may wait, as a deepening does; the rest of the line brings many books LIVE.
    """
    return spent + weight > int(line * SHARES[Need.DEEPEN])


def is_too_dear(wish: Wish, line: int) -> bool:
    """Whether a call would not fit if nothing else was spent."""
    return wish.weight > int(line * wish.share)
