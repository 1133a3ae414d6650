"""What the control room can be asked: one struct for each order, its fields and their limits.

Pure. ``read_order`` refuses what is not an order with one line that says what is wrong and how the
order is written. Streams are written with their market (``spot:btcusdt@trade``), and so are symbols
(``spot:BTCUSDT``). ``connection`` is an id of ``/sim/status``; orders that name neither a market, a
connection nor a stream concern all connections.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from gateway.errors import UsageError
from gateway.simulator.fault_plan import PlanChange
from gateway.simulator.names import Market, is_well_formed, parse_symbol_id
from gateway.simulator.rules import Pool

Count = Annotated[int, msgspec.Meta(ge=1)]
Limit = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]


class BadOrder(ValueError):
    """What was sent is not an order; the text says why."""


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of all orders."""


class Chosen(Order, frozen=True):
    """Connections; all that are given must fit."""

    market: Market | None = None
    connection: int | None = None
    stream: str | None = None  # those subscribed to it


class Pause(Order, frozen=True):
    """Let the market stand: nothing is sent."""


class Resume(Order, frozen=True):
    """Let the market go on."""


class Drop(Order, frozen=True):
    """Take the next frames of a stream off the wire."""

    stream: str
    count: Count = 1


class Disconnect(Chosen, frozen=True):
    """Close sockets with a WebSocket code, after what was queued."""

    code: Literal[1000, 1001, 1008, 1011, 1012, 1013] = 1001


class Kill(Chosen, frozen=True):
    """Reset TCP connections: no close frame; what is under way is lost."""


class Hold(Chosen, frozen=True):
    """Leave connections half open: nothing is read or written; "on" false heals."""

    on: bool = True


class Lag(Order, frozen=True):
    """Delay all that leaves; without "connection" on later connections too."""

    seconds: Seconds
    market: Market | None = None
    connection: int | None = None


class Slow(Chosen, frozen=True):
    """Let connections carry so many bytes a second; "on" false lets all through."""

    bytes_per_s: Count = 2_000
    on: bool = True


class Silence(Order, frozen=True):
    """Deliver a stream no more, though acked; "sticky": later connections too.

    Without it, connections that are opened later get the stream.
    """

    stream: str
    on: bool = True
    connection: int | None = None
    sticky: bool = False

    def __post_init__(self) -> None:
        if self.sticky and self.connection is not None:
            raise ValueError("sticky is for all connections, not for one")


class Shutdown(Chosen, frozen=True):
    """Send serverShutdown."""


class Refuse(Order, frozen=True):
    """Refuse handshakes: 403 418 429 451 503 or "tcp"; "on" false ends it.

    ``count``: how many of each market; None: all. "tcp" takes no TCP connections at all.
    """

    status: Literal[403, 418, 429, 451, 503, "tcp"] | None = None
    count: Count | None = None
    market: Market | None = None
    retry_after: Count | None = None
    on: bool = True

    def __post_init__(self) -> None:
        if self.on and self.status is None:
            raise ValueError("a status is missing")
        if self.status == "tcp" and (self.count, self.market) != (None, None):
            raise ValueError("tcp is refused to all markets until it is switched off")


class SetRules(Order, frozen=True):
    """Set limits, and forget attempts, offences and bans at the handshake."""

    attempts: Limit | None = None  # handshakes in 5 minutes
    offences: Limit | None = None  # connections closed for their rate before a ban; 0: no bans
    weight: dict[Pool, Limit] | None = None  # of REST, a minute


class ListSymbol(Order, frozen=True):
    """Add an instrument."""

    symbol: str


class Halt(Order, frozen=True):
    """Stop an instrument's trading; "on" false lets it go on."""

    symbol: str
    on: bool = True


class Delist(Order, frozen=True):
    """Take an instrument away."""

    symbol: str


class RestartIds(Order, frozen=True):
    """Let an instrument number its updates and trades anew, from lower ids on."""

    symbol: str


class SetFaults(Order, PlanChange, frozen=True):
    """Change the plan of faults by what is given; "on" false stops them all."""


ORDERS: Final[dict[str, tuple[type[Order], str]]] = {
    "pause": (Pause, "{}"),
    "resume": (Resume, "{}"),
    "drop": (Drop, '{"stream": "spot:btcusdt@depth@100ms", "count": 1}'),
    "slow": (Slow, '{"market": "spot", "bytes_per_s": 2000}'),
    "silence": (Silence, '{"stream": "spot:btcusdt@trade", "on": true}'),
    "lag": (Lag, '{"seconds": 0.5, "market": "spot"}'),
    "hold": (Hold, '{"connection": 3, "on": true}'),
    "kill": (Kill, '{"market": "usdm"}'),
    "disconnect": (Disconnect, '{"stream": "spot:btcusdt@trade", "code": 1001}'),
    "shutdown": (Shutdown, '{"market": "spot"}'),
    "refuse": (Refuse, '{"status": 429, "count": 2, "retry_after": 5}'),
    "rules": (SetRules, '{"attempts": 300, "offences": 3, "weight": {"spot": 6000}}'),
    "list": (ListSymbol, '{"symbol": "spot:NEWUSDT"}'),
    "halt": (Halt, '{"symbol": "spot:BTCUSDT", "on": true}'),
    "delist": (Delist, '{"symbol": "spot:BTCUSDT"}'),
    "restart_ids": (RestartIds, '{"symbol": "spot:BTCUSDT"}'),
    "faults": (SetFaults, '{"frames": [{"streams": "spot:*", "drop": 0.01}]}'),
}


def read_order(name: str, body: bytes) -> Order:
    """Read the body of an order. Raises BadOrder."""
    kind, example = ORDERS[name]
    try:
        order = msgspec.json.decode(body or b"{}", type=kind)
        _check_names(order)
    except (msgspec.DecodeError, UsageError, ValueError) as exc:
        raise BadOrder(f"{name}: {exc}; send it as {example}") from exc
    return order


def _check_names(order: Order) -> None:
    stream = getattr(order, "stream", None)
    if stream is not None and not is_stream_key(stream):
        raise ValueError(f"{stream!r} is not a stream with its market")
    symbol = getattr(order, "symbol", None)
    if symbol is not None:
        parse_symbol_id(symbol)


def is_stream_key(text: str) -> bool:
    """Say whether ``text`` is a stream's name with its market."""
    market, colon, name = text.partition(":")
    return bool(colon) and market in list(Market) and is_well_formed(name)
