"""Consumers in threads of their own, over the event ring and over ZeroMQ, that keep a ledger."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from gateway_client import Gateway
from gateway_client.records import EventKind
from gateway_client.subscriber import Message
from tests.integration.ledger import Ledger

_DENSE = (EventKind.TRADE, EventKind.AGG_TRADE)
_UNWANTED = (EventKind.GAP, EventKind.GAP_CLOSED, EventKind.UNREADABLE)
_UNNUMBERED = (EventKind.STATE, EventKind.SNAPSHOT, EventKind.EPOCH)
_ID = {"trade": "t", "aggTrade": "a"}  # field of the venue's JSON, by the stream's suffix


class Consumer:
    """Reads from the moment it is entered until it is left. ``ledger`` says what came."""

    def __init__(self, run_dir: Path) -> None:
        self.ledger = Ledger()
        self._gateway = Gateway(run_dir)
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _read(self) -> None:
        """Read until ``_stop`` is set; say ``_ready`` once nothing can be missed any more."""
        raise NotImplementedError  # from the ring, or over ZeroMQ

    def _run(self) -> None:
        try:
            self._read()
        except BaseException as exc:  # told where the test can see it
            self._failure = exc
        finally:
            self._ready.set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30), "the consumer does not begin"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(10)
        self._gateway.close()
        if self._failure is not None and kind is None:
            raise self._failure


class RingConsumer(Consumer):
    """All events of all instruments, from shared memory."""

    def _read(self) -> None:
        events = self._gateway.events(timeout=0.2)
        self._ready.set()
        while not self._stop.is_set():
            for event in events:
                self._take(event)
                if self._stop.is_set():
                    break

    def _take(self, event: Any) -> None:
        kind, stream = event.kind, event.stream
        if event.lost:
            self.ledger.interruption(stream, f"{event.lost} records lost before {event}")
        if kind in _UNWANTED or (kind is EventKind.STATE and not event.is_live):
            self.ledger.interruption(stream or event.symbol, str(event))
        if kind not in _UNNUMBERED and kind not in _UNWANTED:
            self.ledger.number(stream, event.epoch, event.sequence)
        if kind in _DENSE:
            self.ledger.trade(stream, event.update_id)


class ZmqConsumer(Consumer):
    """All messages of some markets, over ZeroMQ."""

    def __init__(self, run_dir: Path, markets: tuple[str, ...]) -> None:
        super().__init__(run_dir)
        self._markets = markets

    def _read(self) -> None:
        with ExitStack() as stack:
            found = [
                stack.enter_context(self._gateway.subscribe(f"{market}:", prefix=True, timeout=0.1))
                for market in self._markets
            ]
            # The publisher knows of a subscription once something comes of it.
            waiting = set(range(len(found)))
            while not self._stop.is_set():
                for number, messages in enumerate(found):
                    while (message := messages.poll()) is not None:
                        waiting.discard(number)
                        self._take(message)
                if not waiting:
                    self._ready.set()
                self._stop.wait(0.005)

    def _take(self, message: Message) -> None:
        suffix = message.topic.partition("@")[2]
        self.ledger.number(message.topic, message.epoch, message.sequence)
        if suffix in _ID:
            self.ledger.trade(message.topic, orjson.loads(message.payload)[_ID[suffix]])
