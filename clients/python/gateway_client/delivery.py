"""Whether a stream does what it should. Pure: a row of STREAMS and the time go in."""

from __future__ import annotations

import enum

from gateway_client.layout import Status
from gateway_client.tables import Row

_LIVE, _DOWN, _STALE = int(Status.LIVE), int(Status.DOWN), int(Status.STALE)


class Delivery(enum.StrEnum):
    """What a subscribed stream does."""

    DELIVERING = "DELIVERING"  # frames come
    QUIET = "QUIET"  # none came since it was subscribed, and none need to: it comes with events
    WAITING = "WAITING"  # none came since it was subscribed, and it still has time
    STALE = "STALE"  # frames come, but late or unreadable
    SILENT = "SILENT"  # nothing came for longer than its own limit
    DOWN = "DOWN"  # no connection delivers it
    DEAD = "DEAD"  # its writer is gone or hangs


def delivery(row: Row, now: int) -> Delivery:
    """What the stream in ``row`` does at ``now``, by CLOCK_MONOTONIC in ns."""
    heard, acked, limit = row["mono_recv"], row["mono_acked"], row["limit_ns"]
    if row["status"] == _DOWN:
        return Delivery.DOWN
    if row["status"] == _STALE:
        silent = limit and now - max(heard, acked) > limit
        return Delivery.SILENT if silent or not heard else Delivery.STALE
    # A rotation acknowledges it anew, over the new link; LIVE: the old one has carried until now.
    if heard and (heard >= acked or row["status"] == _LIVE):
        return Delivery.DELIVERING
    return Delivery.QUIET if acked and not limit else Delivery.WAITING
