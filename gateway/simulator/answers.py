"""What a market's REST calls cost and answer, without the HTTP round them.

Pure but for the source that is asked. The WebSocket API asks for its ``depth`` here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.simulator.exchange_info import exchange_info
from gateway.simulator.names import Market, pair_of
from gateway.simulator.queries import (
    Refusal,
    depth_limit,
    depth_weight,
    invalid_symbol,
    rpi_depth_limit,
    symbol_of,
    symbols_asked,
)
from gateway.simulator.source import NoSnapshot, NoSuchSymbol, PastBooks, RetailBooks, Source
from gateway.simulator.truth import TrueBook

Query = Mapping[str, str]
_EXCHANGE_INFO_WEIGHT: Final = {Market.SPOT: 20, Market.USDM: 1, Market.COINM: 1}


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its weight and its body, each of the query; both raise Refusal.

    ``build`` is told how many seconds ago the book is wanted; only depth looks at it.
    """

    weigh: Callable[[Query], int]
    build: Callable[[Query, float], Any]
    is_depth: bool = False
    needs_key: bool = False  # any will do, in the header X-MBX-APIKEY


class Answers:
    """One market's calls by the last part of their path."""

    def __init__(
        self, market: Market, source: Source, rate_limits: Callable[[], Sequence[Mapping[str, Any]]]
    ) -> None:
        self._market = market
        self._source = source
        self._rate_limits = rate_limits

    def calls(self) -> dict[str, Call]:
        """Return the calls that are answered."""
        info_weight = _EXCHANGE_INFO_WEIGHT[self._market]
        calls = {
            "ping": Call(lambda _: 1, lambda *_: {}),
            "time": Call(lambda _: 1, lambda *_: {"serverTime": self._source.now_ms()}),
            "exchangeInfo": Call(lambda _: info_weight, lambda query, _: self._info(query)),
            "depth": Call(self._weigh_depth, self.depth, is_depth=True),
        }
        if self._market is Market.USDM and isinstance(self._source, RetailBooks):
            calls["rpiDepth"] = Call(self._weigh_rpi_depth, self._rpi_depth, is_depth=True)
        return calls

    def _info(self, query: Query) -> Any:
        listed = self._source.instruments(self._market)
        wanted = symbols_asked(self._market, query)
        if wanted is not None:
            if not set(wanted) <= {instrument.symbol for instrument in listed}:
                raise invalid_symbol()
            listed = [instrument for instrument in listed if instrument.symbol in wanted]
        now_ms = self._source.now_ms()
        return exchange_info(self._market, listed, now_ms, self._rate_limits())

    # Books

    def _weigh_depth(self, query: Query) -> int:
        symbol_of(query)
        return depth_weight(self._market, depth_limit(self._market, query))

    def _weigh_rpi_depth(self, query: Query) -> int:
        symbol_of(query)
        return depth_weight(self._market, rpi_depth_limit(query))

    def depth(self, query: Query, age_s: float = 0.0) -> dict[str, Any]:
        """Return a depth answer, of ``age_s`` seconds ago. Raises Refusal."""
        return self._depth(query, depth_limit(self._market, query), age_s, is_rpi=False)

    def _rpi_depth(self, query: Query, age_s: float) -> dict[str, Any]:
        return self._depth(query, rpi_depth_limit(query), age_s, is_rpi=True)

    def _depth(self, query: Query, limit: int, age_s: float, *, is_rpi: bool) -> dict[str, Any]:
        symbol = symbol_of(query)
        try:
            book = self._book(symbol, age_s, is_rpi)
        except NoSuchSymbol:
            raise invalid_symbol() from None
        except NoSnapshot as exc:
            raise Refusal(-1000, f"{exc}.", 404) from exc
        body: dict[str, Any] = {"lastUpdateId": book.update_id}
        if self._market is not Market.SPOT:
            body["E"] = body["T"] = self._source.now_ms() - round(age_s * 1000)
        if self._market is Market.COINM:
            body["symbol"], body["pair"] = symbol, pair_of(symbol)
        body["bids"], body["asks"] = book.bids[:limit], book.asks[:limit]
        return body

    def _book(self, symbol: str, age_s: float, is_rpi: bool) -> TrueBook:
        source = self._source
        # asked in any case: a replay at full speed waits for it
        now = source.rpi_depth if is_rpi and isinstance(source, RetailBooks) else source.depth
        book = now(self._market, symbol)
        if age_s and isinstance(source, PastBooks):
            return source.depth_before(self._market, symbol, age_s, is_rpi=is_rpi)
        return book
