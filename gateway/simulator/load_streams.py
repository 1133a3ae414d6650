"""The streams of the load market that are subscribed, on wheels by their pace. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.simulator.load_frames import PERIODIC, Fire, Publish, quotes, trades
from gateway.simulator.load_market import LoadInstrument
from gateway.simulator.load_pace import SECOND_NS, Wheel, period_ms, periodic_rate, real_time_rate
from gateway.simulator.names import Kind, StreamName

_REAL_TIME: Final = 0  # the period of the wheel for streams in real time


class LoadStreams:
    """Sends the wanted streams of ``instruments`` (by id: ``spot:BTCUSDT``)."""

    def __init__(self, instruments: Mapping[str, LoadInstrument], asked: float) -> None:
        self.periodic = self.real_time = 0.0  # messages a second that are planned
        self._instruments = instruments
        self._asked = asked
        self._wheels: dict[int, Wheel] = {_REAL_TIME: Wheel()}
        self._fires: dict[tuple[str, ...], Fire] = {}
        self._publish: Publish | None = None

    def has(self, name: StreamName) -> bool:
        """Say whether a stream is sent when it is wanted."""
        return period_ms(name) is not None and _key(name) in self._instruments

    def want(self, names: Sequence[StreamName], publish: Publish, now_ns: int) -> None:
        """Send these streams from now on, and no others; all of them must be there."""
        if publish != self._publish:  # bound methods are equal, not identical
            self._publish = publish
            self._fires.clear()
        by_period: dict[int, list[StreamName]] = {period: [] for period in self._wheels}
        for name in names:
            by_period.setdefault(period_ms(name) or _REAL_TIME, []).append(name)
        real_time = by_period.pop(_REAL_TIME)
        periods = [period for period, found in by_period.items() for _ in found]
        self.periodic = periodic_rate(periods)
        self.real_time = real_time_rate(self._asked, periods) if real_time else 0.0
        self._put_real_time(real_time, publish, now_ns)
        for period, found in by_period.items():
            fires = [self._periodic_fire(name, publish) for name in found]
            self._wheels.setdefault(period, Wheel()).load(fires, period * 1_000_000, now_ns)

    def turn(self, now_ns: int, ms: int) -> None:
        """Send what is due at ``now_ns``; ``ms`` is the time that the frames tell."""
        for wheel in self._wheels.values():
            wheel.turn(now_ns, ms)

    def _put_real_time(self, names: Sequence[StreamName], publish: Publish, now_ns: int) -> None:
        fires = self._real_time_fires(names, publish) if self.real_time else []
        period_ns = round(len(names) / self.real_time * SECOND_NS) if self.real_time else SECOND_NS
        self._wheels[_REAL_TIME].load(fires, max(1, period_ns), now_ns)

    def _real_time_fires(self, names: Sequence[StreamName], publish: Publish) -> list[Fire]:
        """Return what sends best prices, and what makes the trades that two streams show."""
        by_instrument: dict[str, dict[Kind, StreamName]] = {}
        for name in names:
            by_instrument.setdefault(_key(name), {})[name.kind] = name
        fires = []
        for key, found in by_instrument.items():
            instrument = self._instruments[key]
            quote = found.get(Kind.BOOK_TICKER)
            single, aggregate = found.get(Kind.TRADE), found.get(Kind.AGG_TRADE)
            if quote is not None:
                fires.append(self._quote_fire(instrument, quote, publish))
            if single is not None or aggregate is not None:
                fires.append(self._trade_fire(instrument, single, aggregate, publish))
        return fires

    def _quote_fire(self, instrument: LoadInstrument, name: StreamName, publish: Publish) -> Fire:
        keys = (name.key,)
        if keys not in self._fires:
            self._fires[keys] = quotes(instrument, name, publish)
        return self._fires[keys]

    def _trade_fire(
        self,
        instrument: LoadInstrument,
        single: StreamName | None,
        aggregate: StreamName | None,
        publish: Publish,
    ) -> Fire:
        keys = tuple(name.key for name in (single, aggregate) if name is not None)
        if keys not in self._fires:
            self._fires[keys] = trades(instrument, single, aggregate, publish)
        return self._fires[keys]

    def _periodic_fire(self, name: StreamName, publish: Publish) -> Fire:
        keys = (name.key,)
        if keys not in self._fires:
            make = PERIODIC[name.kind]
            self._fires[keys] = make(self._instruments[_key(name)], name, publish)
        return self._fires[keys]


def _key(name: StreamName) -> str:
    return f"{name.market}:{name.symbol}"
