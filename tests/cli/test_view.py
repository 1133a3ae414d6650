"""The state that a table shows for an instrument: the worst of what is subscribed."""

from __future__ import annotations

import pytest

from gateway.cli.view import SEVERITY, _states
from gateway_client import Status
from gateway_client.status import StreamStatus


def stream(name: str, status: str = "LIVE") -> StreamStatus:
    return StreamStatus(name, status, True, 0, 0, 0, 0, None)


def shown(names: list[str], quote: Status, book: Status, status: str = "LIVE") -> Status:
    streams = [stream(name, status) for name in names]
    return min(_states(streams, quote, book), key=SEVERITY.index)


def test_every_status_has_its_severity() -> None:
    assert sorted(SEVERITY) == sorted(Status)


@pytest.mark.parametrize(
    ("names", "quote", "book", "state"),
    [
        (["spot:a@bookTicker", "spot:a@depth@100ms"], Status.LIVE, Status.LIVE, Status.LIVE),
        (["spot:a@bookTicker", "spot:a@depth"], Status.LIVE, Status.GAPPED, Status.GAPPED),
        (["spot:a@bookTicker", "spot:a@depth"], Status.STALE, Status.SYNCING, Status.STALE),
        (["spot:a@bookTicker"], Status.LIVE, Status.EMPTY, Status.LIVE),
        (["spot:a@bookTicker"], Status.DEAD, Status.DEAD, Status.DEAD),
        (["spot:a@trade"], Status.EMPTY, Status.EMPTY, Status.LIVE),
        (["spot:a@trade"], Status.DEAD, Status.DEAD, Status.DEAD),
        (["spot:a@depth5"], Status.EMPTY, Status.EMPTY, Status.LIVE),
    ],
)
def test_slots_without_a_stream_do_not_count(
    names: list[str], quote: Status, book: Status, state: Status
) -> None:
    assert shown(names, quote, book) is state


def test_trades_alone_show_the_state_of_their_streams() -> None:
    assert shown(["spot:a@trade"], Status.EMPTY, Status.EMPTY, "DOWN") is Status.DOWN
