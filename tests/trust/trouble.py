"""Episodes of trouble on the simulated venue: what the plan lists, and single connections cut."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.simulator.fault_plan import Episode, EpisodeKind, FaultPlan, fits
from gateway.simulator.fault_times import Turn, turns
from tests.trust.venue import Venue


class Trouble:
    """Runs a plan's episodes from now on, until ``stop``."""

    def __init__(self, venue: Venue, plan: FaultPlan, cut_every_s: float) -> None:
        """``cut_every_s``: about how often one connection is cut; 0: never."""
        self._venue = venue
        self._cut_every_s = cut_every_s
        self.is_over = False
        self._began = venue.loop.time()
        self.count = 0
        for number, episode in enumerate(plan.episodes):
            self._plan(episode, turns(plan, number))
        if cut_every_s:
            self._plan_cut()

    def stop(self) -> None:
        self.is_over = True
        self._venue.calm()

    def _plan(self, episode: Episode, times: Iterator[Turn]) -> None:
        turn = next(times, None)
        if turn is not None:
            self._venue.loop.call_at(self._began + turn.start_s, self._begin, episode, times, turn)

    def _begin(self, episode: Episode, times: Iterator[Turn], turn: Turn) -> None:
        if self.is_over:
            return
        self.count += 1
        venue, target = self._venue, episode.target
        sockets = [socket for socket in venue.sockets if fits(str(socket.market), target)]
        match episode.what:
            case EpisodeKind.SILENT:
                venue.silent |= {key for key in venue.keys if fits(key, target)}
            case EpisodeKind.HALF_OPEN:
                for socket in sockets:
                    socket.hold(True)
            case EpisodeKind.SLOW:
                for socket in sockets:
                    socket.bytes_per_s = episode.bytes_per_s
            case EpisodeKind.REFUSE:
                venue.refusing[target] = episode
            case EpisodeKind.KILL:
                for socket in sockets:
                    socket.close()
            case EpisodeKind.RESTART_IDS:
                for name, market in venue.exchange.markets.items():
                    if fits(name, target):
                        where = market.listing
                        venue.exchange.restart_ids(where.market, where.symbol, venue.clock.real_ns)
        venue.loop.call_at(self._began + turn.end_s, self._end, episode)
        self._plan(episode, times)

    def _end(self, episode: Episode) -> None:
        venue, target = self._venue, episode.target
        match episode.what:
            case EpisodeKind.SILENT:
                venue.silent -= {key for key in venue.keys if fits(key, target)}
            case EpisodeKind.HALF_OPEN:
                for socket in venue.sockets:
                    socket.hold(False)
            case EpisodeKind.SLOW:
                for socket in venue.sockets:
                    socket.bytes_per_s = 0
            case EpisodeKind.REFUSE:
                venue.refusing.pop(target, None)

    def _plan_cut(self) -> None:
        pause = self._cut_every_s * (0.5 + self._venue.random.random())
        self._venue.loop.call_later(pause, self._cut)

    def _cut(self) -> None:
        if self.is_over:
            return
        if self._venue.sockets:
            self.count += 1
            self._venue.random.choice(self._venue.sockets).close()
        self._plan_cut()
