"""The whole configuration. Pure."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from gateway.config.base import Table
from gateway.config.books import Audit, Book
from gateway.config.process import Liveness, Memory, Metrics, Processes, Zeromq
from gateway.config.streams import DEFAULT_SUBSCRIBE, Backfill, OnDemand
from gateway.config.upstream import Connections, Rest, Upstream


class Config(Table, frozen=True):
    """The whole configuration of a gateway."""

    subscribe: Annotated[
        tuple[str, ...],
        Meta(
            description="Streams by Binance's own names behind their market, and patterns of them. "
            "Taken up by a reload.",
            examples=[["spot:btcusdt@trade", "spot:*usdt@bookTicker", "usdm:!ticker@arr"]],
        ),
    ] = DEFAULT_SUBSCRIBE
    run_dir: Annotated[
        str,
        Meta(
            description="Run directory, on tmpfs. Empty: the first of /run/binance-gateway, "
            "$XDG_RUNTIME_DIR/binance-gateway and /dev/shm/binance-gateway-UID that will do."
        ),
    ] = ""
    shards: Annotated[int, Meta(ge=1, le=64, description="Processes that share the streams.")] = 1
    instruments_refresh_minutes: Annotated[
        float,
        Meta(
            gt=0,
            le=1440,
            description="Between two looks at exchangeInfo: new listings join their patterns, "
            "delisted instruments retire. Taken up by a reload.",
        ),
    ] = 10.0
    upstream: Upstream = Upstream()
    connections: Connections = Connections()
    on_demand: OnDemand = OnDemand()
    memory: Memory = Memory()
    book: Book = Book()
    audit: Audit = Audit()
    backfill: Backfill = Backfill()
    zeromq: Zeromq = Zeromq()
    rest: Rest = Rest()
    processes: Processes = Processes()
    liveness: Liveness = Liveness()
    metrics: Metrics = Metrics()
