"""When a market's exchangeInfo is worth a look. Pure: ``now`` is passed in, in seconds.

Every market once in an interval. Sooner where a shard says that an array has rows of a symbol that
the plan has not, perhaps a new listing: one that the venue sends but never lists must not cost a
look each time, so each is worth one in an interval. And often while something that is carried is
halted, since spot says nowhere else that it trades again: a look weighs 20 of 6,000 a minute there,
1 of 2,400 on futures (rest-api.md, "Exchange Information"). So does silence, however many streams
fall silent: a halt is seen as silence first. Where they go on falling silent it is the market that
is quiet, and looks become rare: 15 MB of spot are read each time. What has been halted for a day is
delisted for all we know, spot lists such as BREAK for ever.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from gateway.layout import Market

SYMBOLS_MAX: Final = 10_000  # hinted at
HALTED_SECONDS: Final = 30.0  # between two looks while something is halted
SILENT_SECONDS: Final = 30.0  # to the next look at a market because streams fell silent, doubling
HALT_SECONDS_MAX: Final = 86_400.0  # for so long a halt is worth that

Key = tuple[Market, str]  # a symbol


class Looks:
    """``interval`` in seconds, between two looks at a market without a reason."""

    def __init__(self, interval: float, now: float) -> None:
        self._interval = interval
        self._regular_at = now + interval
        self._halted_at = now + min(HALTED_SECONDS, interval)
        self._halted_since: dict[Key, float] = {}
        self._hinted: set[Market] = set()
        self._silent: set[Market] = set()  # whose look is still due
        self._silent_at: dict[Market, float] = {}  # when silence is worth the next one
        self._silent_pause: dict[Market, float] = {}
        self._hints: dict[Key, float] = {}  # when taken; the one taken last at the end

    def every(self, interval: float, now: float) -> None:
        """From now on look at a market so often without a reason."""
        if interval != self._interval:
            self._interval = interval
            self._regular_at = now + interval
            self._halted_at = min(self._halted_at, now + interval)

    def hint(self, key: Key, now: float) -> bool:
        """Take in that a shard met a symbol; say whether that is worth a look."""
        taken_at = self._hints.get(key)
        if taken_at is not None and now - taken_at < self._interval:
            return False
        self._hints.pop(key, None)
        if len(self._hints) >= SYMBOLS_MAX:
            del self._hints[next(iter(self._hints))]
        self._hints[key] = now
        self._hinted.add(key[0])
        return True

    def fell_silent(self, market: Market) -> None:
        """Take in that streams of a market fell silent."""
        self._silent.add(market)

    def due(self, markets: Collection[Market], halted: Collection[Key], now: float) -> set[Market]:
        """Return the markets to look at now; all of ``markets``, or those of a hint or a halt.

        ``halted`` are the symbols that are carried and do not trade.
        """
        found, self._hinted = self._hinted, set()
        found |= self._silent_due(now)
        if now >= self._regular_at:
            self._regular_at = now + self._interval
            found.update(markets)
        self._halted_since = {key: self._halted_since.get(key, now) for key in halted}
        if now >= self._halted_at:
            self._halted_at = now + min(HALTED_SECONDS, self._interval)
            since = self._halted_since.items()
            found.update(key[0] for key, at in since if now - at < HALT_SECONDS_MAX)
        return found

    def _silent_due(self, now: float) -> set[Market]:
        ripe = {each for each in self._silent if now >= self._silent_at.get(each, now)}
        self._silent -= ripe
        for each in ripe:
            is_calm = now - self._silent_at.get(each, -self._interval) >= self._interval
            pause = SILENT_SECONDS if is_calm else 2 * self._silent_pause[each]
            self._silent_pause[each] = min(pause, self._interval)
            self._silent_at[each] = now + self._silent_pause[each]
        return ripe

    def wait(self, now: float) -> float:
        """Return the seconds until ``due`` may have something to say without a hint."""
        silent = [self._silent_at.get(each, now) for each in self._silent]
        return max(0.0, min(self._regular_at, self._halted_at, *silent) - now)
