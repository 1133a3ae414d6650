"""Who gets what."""

from __future__ import annotations

import pytest

from gateway.simulator.frames import combined_frame, text_frame
from gateway.simulator.hub import Hub
from gateway.simulator.names import Market, Route


class Sink:
    """An outlet that keeps what it is given."""

    def __init__(
        self, market: Market = Market.SPOT, route: Route = Route.UNROUTED, combined: bool = True
    ) -> None:
        self.market, self.route, self.combined = market, route, combined
        self.queue: list[bytes] = []
        self.number = 1
        self.is_blocked = False
        self.flushed = 0
        self.closed: tuple[int, str] | None = None

    def flush(self) -> None:
        self.flushed += 1

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


def test_only_subscribers_get_a_frame_in_the_form_they_asked_for() -> None:
    hub = Hub()
    combined, raw, other = Sink(), Sink(combined=False), Sink()
    for sink in (combined, raw, other):
        hub.add(sink)
    hub.subscribe(combined, ["a@trade"])
    hub.subscribe(raw, ["a@trade"])
    hub.subscribe(other, ["b@trade"])
    frame = combined_frame("a@trade", b"{}")
    hub.publish("spot:a@trade", frame)
    assert combined.queue == [frame]
    assert raw.queue == [text_frame(b"{}")]
    assert other.queue == []
    hub.flush()
    assert (combined.flushed, raw.flushed, other.flushed) == (1, 1, 0)
    assert hub.sent == {"spot:a@trade": 2}


def test_stream_of_another_route_stays_silent() -> None:
    hub = Hub()
    public, market = Sink(Market.USDM, Route.PUBLIC), Sink(Market.USDM, Route.MARKET)
    for sink in (public, market):
        hub.add(sink)
        hub.subscribe(sink, ["a@aggTrade", "a@depth"])
    assert hub.outlets_of("usdm:a@aggTrade") == [market]
    assert hub.outlets_of("usdm:a@depth") == [public]


def test_nothing_is_left_of_a_connection_that_is_gone() -> None:
    hub = Hub()
    sink = Sink()
    hub.add(sink)
    hub.subscribe(sink, ["a@trade", "b@trade"])
    hub.unsubscribe(sink, ["b@trade", "c@trade"])
    assert hub.keys == ["spot:a@trade"]
    hub.remove(sink)
    assert (hub.keys, list(hub.outlets)) == ([], [])


def test_each_change_is_told() -> None:
    hub, told = Hub(), []
    hub.on_change = lambda: told.append(hub.version)
    sink = Sink()
    hub.add(sink)
    hub.subscribe(sink, ["a@trade"])
    hub.unsubscribe(sink, ["a@trade"])
    hub.remove(sink)
    assert told == [1, 2, 3]


def test_all_connections_are_closed() -> None:
    hub = Hub()
    sinks = [Sink(), Sink()]
    for sink in sinks:
        hub.add(sink)
    hub.close_all(1001, "bye")
    assert [sink.closed for sink in sinks] == [(1001, "bye")] * 2


def test_frame_takes_the_form_that_the_connection_has_now() -> None:
    hub, sink, frame = Hub(), Sink(), combined_frame("a@trade", b"{}")
    hub.add(sink)
    hub.subscribe(sink, ["a@trade"])
    hub.publish("spot:a@trade", frame)
    sink.combined = False
    hub.reform(sink)
    hub.publish("spot:a@trade", frame)
    assert sink.queue == [frame, text_frame(b"{}")]


def silenced(for_all: bool, *, one: bool = False) -> tuple[Hub, list[Sink]]:
    """Silence a stream for the connections there are, or one; return them and a later one."""
    hub, sinks = Hub(), [Sink(), Sink(), Sink()]
    for sink in sinks[:2]:
        hub.add(sink)
        hub.subscribe(sink, ["a@trade"])
    hub.publish("spot:a@trade", b"")
    hub.silence("spot:a@trade", sinks[: 1 if one else 2], for_all)
    hub.add(sinks[2])
    hub.subscribe(sinks[2], ["a@trade"])
    for sink in sinks:
        sink.queue.clear()
    hub.publish("spot:a@trade", combined_frame("a@trade", b"{}"))
    return hub, sinks


@pytest.mark.parametrize(
    ("for_all", "one", "delivered"),
    [(False, False, [0, 0, 1]), (True, False, [0, 0, 0]), (False, True, [0, 1, 1])],
)
def test_silent_stream_is_delivered_only_where_it_is_not_silent(
    for_all: bool, one: bool, delivered: list[int]
) -> None:
    hub, sinks = silenced(for_all, one=one)
    assert [len(sink.queue) for sink in sinks] == delivered
    assert len(hub.subscribers("spot:a@trade")) == 3
    assert len(hub.outlets_of("spot:a@trade")) == sum(delivered)
    assert hub.sent["spot:a@trade"] == 2 + sum(delivered)


def test_silence_outlasts_a_new_subscription_and_ends_when_it_is_lifted() -> None:
    hub, sinks = silenced(True)
    hub.unsubscribe(sinks[0], ["a@trade"])
    hub.subscribe(sinks[0], ["a@trade"])
    assert hub.outlets_of("spot:a@trade") == []
    hub.unsilence("spot:a@trade", sinks)
    assert set(hub.outlets_of("spot:a@trade")) == set(sinks)
