"""``Gateway``: everything a program reads from a gateway on this host.

State comes from shared memory and is never waited for: a read answers the latest value together
with its trust state (``latest.py``). Events come from the event ring or over ZeroMQ, each with what
was lost before it. A restarted writer is found and attached to by the next read; nothing has to be
made anew.

One ``Gateway`` may be read by several threads. Each iterator (``events``, ``subscribe``) belongs to
the thread that uses it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from gateway_client._backend import Instrument, Quote, Reader, Segment, check_machine
from gateway_client.catalogue import Stream, stream_of
from gateway_client.control import request
from gateway_client.directory import Directory
from gateway_client.errors import UnknownSymbol
from gateway_client.events import EventReader
from gateway_client.follow import BookFollower, Source
from gateway_client.gaps import Gap, gaps
from gateway_client.latest import Latest
from gateway_client.layout import SectionKind
from gateway_client.records import Event
from gateway_client.status import GatewayStatus, counters, gateway_status
from gateway_client.subscriber import Message, Subscription, event_of
from gateway_client.values import Cell

if TYPE_CHECKING:
    import numpy as np


class Calls(Latest):
    """All calls of ``Gateway`` but ``quote``, over either reader."""

    accelerated: ClassVar[bool]
    open_segment: ClassVar[type[Segment]]
    make_instrument: ClassVar[type[Instrument]]
    _handles: dict[str, Instrument]

    def __init__(self, run_dir: str | os.PathLike[str] | None = None) -> None:
        super().__init__()
        check_machine(self.accelerated)
        self._directory = Directory(run_dir, self.open_segment, self.make_instrument)
        self._places = {}
        self._version = 0

    @property
    def run_dir(self) -> str:
        """The run directory that was found."""
        return self._directory.manifest.run_dir

    def symbols(self) -> list[str]:
        """Instruments carried here, as ``spot:BTCUSDT``; also pairs, indices and RPI books."""
        self._refresh(at_once=True)
        return self._directory.symbols()

    def streams(self) -> list[str]:
        """Streams carried here, as ``spot:btcusdt@trade``: what ``subscribe`` takes.

        Also those that are fed from the rows of an array, as ``usdm:btcusdt@markPrice``.
        """
        self._refresh(at_once=True)
        return list(self._directory.stream_names())

    def stream(self, name: str) -> Stream:
        """Instrument, kind and shape of a stream. Raises UnknownStream."""
        return stream_of(self._directory, name)

    def instrument(self, symbol: str) -> Instrument:
        """Exponents, tick and step of an instrument. Raises UnknownSymbol."""
        return self._lookup(symbol)

    def quotes(self) -> np.ndarray[Any, Any]:
        """All quotes as a numpy structured array, one row an instrument, each row consistent.

        Fields: symbol, state (a Status number), source, bid_px, bid_qty, ask_px, ask_qty (float64,
        NaN where missing), update_id, sequence, ts_event, ts_trade (-2**63 where missing), ts_recv,
        mono_recv, epoch. Rows are not of one instant: each has its own times. Needs numpy.
        """
        from gateway_client.arrays import quotes

        self._refresh()
        return quotes(self._directory)

    def events(
        self,
        symbol: str | None = None,
        *,
        from_now: bool = True,
        position: int | None = None,
        after: Cell | Quote | None = None,
        timeout: float | None = None,
    ) -> EventReader:
        """Iterate over the event ring: every record of ``symbol``, or of all instruments.

        Starts at the tail; with ``from_now=False`` at the oldest record still there; ``after`` a
        value right behind it, so that "state, then every event after it" has no gap (``position``,
        a value's ``ring_position``, does the same where there is one shard). Ends after ``timeout``
        seconds without an event; None waits for ever. ``event.lost`` counts the records that this
        reader was overtaken on right before the event. After a restart of the writer an event of
        kind EPOCH comes, and then all that the new writer wrote. Shards and rows that are added
        later are taken in; between shards events have no order. Raises UnknownSymbol.
        """
        if symbol is not None:
            self._lookup(symbol)
        return EventReader(
            self._directory, symbol, from_now=from_now, position=position, after=after,
            timeout=timeout,
        )  # fmt: skip

    def subscribe(
        self,
        topic: str,
        *,
        prefix: bool = False,
        binary: bool = False,
        timeout: float | None = None,
    ) -> Subscription:
        """Iterate over ZeroMQ messages of a stream: ``spot:btcusdt@trade``, ``usdm:!ticker@arr``.

        Every topic that begins with ``topic`` is taken with ``prefix``, or when it ends in ``@`` or
        ``*``; else exactly this one. ``binary`` gives event records instead of the venue's JSON,
        ``state:spot:BTCUSDT`` as topic the changes of trust. Ends after ``timeout`` seconds without
        a message. ``message.lost`` counts what was lost right before it. Needs pyzmq. Raises
        UnknownStream for an exact topic that the gateway does not carry.
        """
        return Subscription(self._directory, topic, prefix=prefix, binary=binary, timeout=timeout)

    def event(self, message: Message) -> Event:
        """The event in a binary message. Raises ValueError for a message that is none.

        Raises UnknownStream where its stream is not carried any more, SegmentUnusable where the
        record is too short for its kind.
        """
        return event_of(self._directory, message)

    def request(
        self,
        method: str,
        streams: Sequence[str] = (),
        *,
        symbols: Sequence[str] = (),
        levels: int | None = None,
        timeout: float = 90.0,
    ) -> dict[str, Any]:
        """Ask the gateway to ``subscribe`` or ``unsubscribe`` streams (patterns are allowed).

        Answers what was ``added`` or ``removed``, and what was ``refused`` and why. A market that
        was not used before takes some seconds. ``snapshot`` answers the whole ``books`` of up to 16
        ``symbols``, at most ``levels`` a side. Other methods are ``list`` and ``status``. Needs
        pyzmq. Raises RequestRefused with the gateway's own sentence and exit code, NoAnswer.
        """
        self._refresh(at_once=True)
        more: dict[str, Any] = {"streams": list(streams)} if streams else {}
        more |= {"symbols": list(symbols)} if symbols else {}
        more |= {"levels": levels} if levels is not None else {}
        return request(self._directory.manifest.control, method, timeout, **more)

    def follow_book(
        self,
        symbol: str,
        source: Source = "ring",
        levels: int | None = None,
        timeout: float | None = None,
    ) -> BookFollower:
        """Keep the whole order book of ``symbol`` up to date here, as deep as the gateway knows it.

        ``source`` is where its changes come from: the event ring (``"ring"``) or ZeroMQ
        (``"zmq"``). Iterating gives the book after each change, at most ``levels`` a side, and ends
        after ``timeout`` seconds without one; ``book()`` gives it as it is now. It begins anew by
        itself after whatever it has missed. Needs pyzmq, for the snapshot that it begins with.
        Raises UnknownSymbol, or UnknownStream where no depth stream of it is carried.
        """
        self._lookup(symbol)
        return BookFollower(self._directory, symbol, source, levels, timeout)

    def gaps(self) -> list[Gap]:
        """What streams missed and what became of it: the last 1024 gaps of each shard, in order."""
        self._refresh(at_once=True)
        return gaps(self._directory)

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
        self._places.clear()
        self._directory.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def _lookup(self, symbol: str) -> Instrument:
        """The row of ``symbol`` that has its quote, as of now; kept until anything changes."""
        handle = self._directory.slot(symbol, SectionKind.QUOTE)
        if handle is None:
            self._refresh(at_once=True)
            handle = self._directory.slot(symbol, SectionKind.QUOTE)
        if handle is None:
            raise UnknownSymbol(symbol, self._directory.instruments)
        self._handles[symbol] = handle
        return handle

    def _recover(self, handle: Instrument) -> Instrument:
        """What a dead, retired or empty row was replaced by; itself where nothing has."""
        self._refresh()
        kept = self._handles.get(handle.symbol)
        return handle if kept is handle else self._lookup(handle.symbol)

    def _refresh(self, at_once: bool = False) -> None:
        self._directory.refresh(at_once)
        if self._version != self._directory.version:
            # Rows are looked up again: an old one may belong to a segment that is gone.
            self._version = self._directory.version
            self._handles.clear()
            self._places.clear()


class Gateway(Calls, Reader):
    """A gateway on this host, found by ``run_dir`` or by the usual search.

    The search: GATEWAY_RUN_DIR, else /run/binance-gateway, $XDG_RUNTIME_DIR/binance-gateway,
    /dev/shm/binance-gateway-<uid>. Raises GatewayNotRunning (with all places tried),
    SegmentUnusable, ManifestUnusable or AcceleratorMissing.
    """
