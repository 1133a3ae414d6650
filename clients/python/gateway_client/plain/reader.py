"""The quote call in plain Python, and the row it reads."""

from __future__ import annotations

import time

from gateway_client.layout import SIZES, SectionKind
from gateway_client.plain.segment import BEAT_AT, LIVE, STATE_AT, STATUS_AT, Segment
from gateway_client.tables import with_blanks
from gateway_client.values import RETIRED, Quote

_monotonic_ns = time.monotonic_ns
_new = object.__new__
_EMPTY, _LIVE = 0, 1


class Instrument:
    """One row of one segment. Values keep it, and with it the mapping they came from."""

    def __init__(
        self, segment: Segment, row: int, symbol: str, px_exponent: int, qty_exponent: int,
        tick: int, step: int,
    ) -> None:  # fmt: skip
        self.segment = segment
        self.row = row
        self.symbol = symbol
        self.epoch = segment.generation
        self.px_exponent = px_exponent
        self.qty_exponent = qty_exponent
        self.px_scale = 10.0**-px_exponent
        self.qty_scale = 10.0**-qty_exponent
        self.tick = tick
        self.step = step
        self._bind_quote()

    def _bind_quote(self) -> None:
        """Put in place what ``Reader.quote`` needs, so that it looks nothing up."""
        section = self.segment.sections.get(SectionKind.QUOTE)
        self.words, self.halves = self.segment.words, self.segment.halves
        self.timeout_ns = self.segment.timeout_ns
        if section is None or self.row >= section.capacity:
            self.version_at, self.cells = 0, (memoryview(bytes(SIZES["quote"])),) * 2
            return
        slot = section.offset + self.row * section.stride
        cells = [slot + section.cell_offset + odd * section.cell_size for odd in (0, 1)]
        whole = memoryview(self.segment.memory)
        self.version_at = slot // 8
        self.cells = (
            whole[cells[0] : cells[0] + SIZES["quote"]],
            whole[cells[1] : cells[1] + SIZES["quote"]],
        )


class Reader:
    """Base of ``Gateway``: the quote call and what it needs."""

    accelerated = False
    open_segment = Segment
    make_instrument = Instrument

    def __init__(self) -> None:
        self._handles: dict[str, Instrument] = {}

    def quote(self, symbol: str) -> Quote:
        """Best bid and offer with its trust state. Raises UnknownSymbol, SegmentUnusable."""
        try:
            handle = self._handles[symbol]
        except KeyError:
            handle = self._lookup(symbol)
        words, at = handle.words, handle.version_at
        version = words[at]
        data = handle.cells[version & 1].tobytes()
        if words[at] != version:
            return self._carefully(handle)
        status = data[STATUS_AT]
        # Liveness is read after the data: see gw_is_alive in the C header.
        if (
            status != _LIVE
            or handle.halves[STATE_AT] != LIVE
            or abs(_monotonic_ns() - words[BEAT_AT]) > handle.timeout_ns
        ):
            return self._carefully(handle)
        # Half the time of a call of Quote; bench_client_read.
        quote = _new(Quote)
        quote.data, quote.status, quote.instrument = data, status, handle
        return quote

    def _carefully(self, handle: Instrument) -> Quote:
        """The slow way: a slot that is changing just now, or whatever is not LIVE."""
        status, data = handle.segment.read(SectionKind.QUOTE, handle.row)
        if status >= RETIRED or status == _EMPTY:
            fresh = self._recover(handle)
            if fresh is not handle:
                handle = fresh
                status, data = handle.segment.read(SectionKind.QUOTE, handle.row)
        return Quote(with_blanks("quote", data[: SIZES["quote"]]), status, handle)

    def _lookup(self, symbol: str) -> Instrument:
        raise NotImplementedError  # Gateway finds it in the directory

    def _recover(self, handle: Instrument) -> Instrument:
        raise NotImplementedError  # Gateway attaches to the restarted shard
