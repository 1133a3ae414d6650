"""``Gateway``: everything a program reads from a gateway on this host.

State comes from shared memory and is never waited for: a read answers the latest value together
with its trust state. Events come from the event ring or over ZeroMQ, each with what was lost before
it. A restarted writer is found and attached to by the next read; nothing has to be made anew.

One ``Gateway`` may be read by several threads. Each iterator (``events``, ``subscribe``) belongs to
the thread that uses it.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from gateway_client._backend import Instrument, Reader, Segment, check_machine
from gateway_client.books import Book, Partial
from gateway_client.directory import Directory
from gateway_client.errors import UnknownSymbol
from gateway_client.events import EventReader
from gateway_client.layout import BOOK_LEVELS, SectionKind
from gateway_client.status import GatewayStatus, counters, gateway_status
from gateway_client.subscriber import Subscription
from gateway_client.values import RETIRED, Ticker, Trade

if TYPE_CHECKING:
    import numpy as np


class Calls:
    """All calls of ``Gateway`` but ``quote``, over either reader."""

    accelerated: ClassVar[bool]
    open_segment: ClassVar[type[Segment]]
    make_instrument: ClassVar[type[Instrument]]
    _handles: dict[str, Instrument]

    def __init__(self, run_dir: str | os.PathLike[str] | None = None) -> None:
        super().__init__()
        check_machine(self.accelerated)
        self._directory = Directory(run_dir, self.open_segment, self.make_instrument)
        self._version = 0

    @property
    def run_dir(self) -> str:
        """The run directory that was found."""
        return self._directory.manifest.run_dir

    def symbols(self) -> list[str]:
        """Instruments carried here, as ``spot:BTCUSDT``."""
        self._refresh(at_once=True)
        return self._directory.symbols()

    def streams(self) -> list[str]:
        """Streams carried here, as ``spot:btcusdt@trade``: what ``subscribe`` takes."""
        self._refresh(at_once=True)
        return list(self._directory.stream_names())

    def instrument(self, symbol: str) -> Instrument:
        """Exponents, tick and step of an instrument. Raises UnknownSymbol."""
        return self._lookup(symbol)

    def ticker(self, symbol: str) -> Ticker:
        """Rolling 24 h statistics, with their trust state. Raises UnknownSymbol."""
        return Ticker(*self._read(SectionKind.TICKER, symbol))

    def last_trade(self, symbol: str) -> Trade:
        """The last trade, with its trust state. Raises UnknownSymbol."""
        return Trade(*self._read(SectionKind.LAST_TRADE, symbol))

    def book(self, symbol: str, levels: int = BOOK_LEVELS) -> Book:
        """Top ``levels`` of the synchronised book, or as many as the gateway publishes (20).

        Raises UnknownSymbol.
        """
        return Book(*self._read(SectionKind.BOOK, symbol), levels)

    def partial(self, symbol: str, levels: int = BOOK_LEVELS) -> Partial:
        """The venue's own partial depth (depth5, depth10, depth20). Raises UnknownSymbol."""
        return Partial(*self._read(SectionKind.PARTIAL, symbol), levels)

    def quotes(self) -> np.ndarray[Any, Any]:
        """All quotes as a numpy structured array, one row an instrument, each row consistent.

        Fields: symbol, state (a Status number), source, bid_px, bid_qty, ask_px, ask_qty (float64,
        NaN where missing), update_id, sequence, ts_event, ts_trade (-2**63 where missing), ts_recv,
        mono_recv, epoch. Rows are not of one instant: each has its own times. Needs numpy.
        """
        from gateway_client.arrays import quotes

        self._refresh()
        return quotes(self._directory.attached)

    def events(
        self,
        symbol: str | None = None,
        *,
        from_now: bool = True,
        position: int | None = None,
        timeout: float | None = None,
    ) -> EventReader:
        """Iterate over the event ring: every record of ``symbol``, or of all instruments.

        Starts at the tail; with ``from_now=False`` at the oldest record still there; with
        ``position`` (a value's ``ring_position``) right behind that value, so that "state, then
        every event after it" has no gap. Ends after ``timeout`` seconds without an event; None
        waits for ever. ``event.lost`` counts the records that this reader was overtaken on right
        before the event. After a restart of the writer an event of kind EPOCH comes, and then all
        that the new writer wrote. Raises UnknownSymbol.
        """
        row = None if symbol is None else self._lookup(symbol)
        return EventReader(self._directory, row, from_now, position, timeout)

    def subscribe(
        self,
        topic: str,
        *,
        prefix: bool = False,
        binary: bool = False,
        timeout: float | None = None,
    ) -> Subscription:
        """Iterate over ZeroMQ messages of a stream, as ``spot:btcusdt@trade``.

        Every topic that begins with ``topic`` is taken with ``prefix``, or when it ends in ``@`` or
        ``*``; else exactly this one. ``binary`` gives event records instead of the venue's JSON,
        ``state:spot:BTCUSDT`` as topic the changes of trust. Ends after ``timeout`` seconds without
        a message. ``message.lost`` counts what was lost right before it. Needs pyzmq. Raises
        UnknownStream for an exact topic that the gateway does not carry.
        """
        return Subscription(self._directory, topic, prefix=prefix, binary=binary, timeout=timeout)

    def counters(self) -> dict[str, int]:
        """What all shards counted, added up."""
        self._refresh()
        return counters(self._directory)

    def status(self) -> GatewayStatus:
        """Shards, connections, streams, instruments, counters and latencies as they are now."""
        self._refresh(at_once=True)
        return gateway_status(self._directory)

    def close(self) -> None:
        """Let go of all segments. Values read before stay valid."""
        self._handles.clear()
        self._directory.attached = []
        self._directory.instruments = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, kind: SectionKind, symbol: str) -> tuple[bytes, int, Instrument]:
        handle = self._handles.get(symbol) or self._lookup(symbol)
        status, data = handle.segment.read(kind, handle.row)
        if status >= RETIRED and (fresh := self._recover(handle)) is not handle:
            handle = fresh
            status, data = handle.segment.read(kind, handle.row)
        return data, status, handle

    def _lookup(self, symbol: str) -> Instrument:
        """The row of ``symbol`` as of now; kept until anything changes."""
        handle = self._directory.instruments.get(symbol)
        if handle is None:
            self._refresh(at_once=True)
            handle = self._directory.instruments.get(symbol)
        if handle is None:
            raise UnknownSymbol(symbol, self._directory.instruments)
        self._handles[symbol] = handle
        return handle

    def _recover(self, handle: Instrument) -> Instrument:
        """What a dead or retired row was replaced by; itself where nothing has."""
        self._refresh()
        return self._lookup(handle.symbol)

    def _refresh(self, at_once: bool = False) -> None:
        self._directory.refresh(at_once)
        if self._version != self._directory.version:
            # Rows are looked up again: an old one may belong to a segment that is gone.
            self._version = self._directory.version
            self._handles.clear()


class Gateway(Calls, Reader):
    """A gateway on this host, found by ``run_dir`` or by the usual search.

    The search: GATEWAY_RUN_DIR, else /run/binance-gateway, $XDG_RUNTIME_DIR/binance-gateway,
    /dev/shm/binance-gateway-<uid>. Raises GatewayNotRunning (with all places tried),
    SegmentUnusable, ManifestUnusable or AcceleratorMissing.
    """
