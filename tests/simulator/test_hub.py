"""Who gets what."""

from __future__ import annotations

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


def test_connections_are_closed_all_or_by_stream() -> None:
    hub = Hub()
    first, second = Sink(), Sink()
    for sink in (first, second):
        hub.add(sink)
    hub.subscribe(first, ["a@trade"])
    assert hub.close_all(1001, "bye", "spot:a@trade") == 1
    assert (first.closed, second.closed) == ((1001, "bye"), None)
    assert hub.close_all(1008, "bye") == 2


def test_subscriptions_are_listed_by_instrument() -> None:
    hub = Hub()
    sink = Sink()
    hub.add(sink)
    hub.subscribe(sink, ["a@trade", "a@depth@100ms", "b@trade", "!miniTicker@arr"])
    assert hub.kinds_subscribed() == {"spot:A": ["trade", "depth@100ms"], "spot:B": ["trade"]}
