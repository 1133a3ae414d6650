"""Consumers in threads of their own, over the event ring and over ZeroMQ, that keep a ledger."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from gateway_client.records import EventKind
from gateway_client.subscriber import Message
from tests.integration.ledger import Ledger
from tests.integration.reading import RingReader, ThreadReader

_DENSE = (EventKind.TRADE, EventKind.AGG_TRADE)
_UNWANTED = (EventKind.GAP, EventKind.GAP_CLOSED, EventKind.UNREADABLE)
_UNNUMBERED = (EventKind.STATE, EventKind.SNAPSHOT, EventKind.EPOCH)
_ID = {"trade": "t", "aggTrade": "a"}  # field of the venue's JSON, by the stream's suffix


class RingConsumer(RingReader):
    """All events of all instruments, from shared memory. ``ledger`` says what came."""

    def __init__(self, run_dir: Path) -> None:
        self.ledger = Ledger()
        super().__init__(run_dir, self._note)

    def _note(self, event: Any) -> None:
        kind, stream = event.kind, event.stream
        if event.lost:
            self.ledger.interruption(stream, f"{event.lost} records lost before {event}")
        if kind in _UNWANTED or (kind is EventKind.STATE and not event.is_live):
            self.ledger.interruption(stream or event.symbol, str(event))
        if kind not in _UNNUMBERED and kind not in _UNWANTED:
            self.ledger.number(stream, event.epoch, event.sequence)
        if kind in _DENSE:
            self.ledger.trade(stream, event.update_id)


class ZmqConsumer(ThreadReader):
    """All messages of some markets, over ZeroMQ. ``ledger`` says what came."""

    def __init__(self, run_dir: Path, markets: tuple[str, ...]) -> None:
        super().__init__(run_dir)
        self.ledger = Ledger()
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
                        self._note(message)
                if not waiting:
                    self._ready.set()
                self._stop.wait(0.005)

    def _note(self, message: Message) -> None:
        suffix = message.topic.partition("@")[2]
        self.ledger.number(message.topic, message.epoch, message.sequence)
        if suffix in _ID:
            self.ledger.trade(message.topic, orjson.loads(message.payload)[_ID[suffix]])
