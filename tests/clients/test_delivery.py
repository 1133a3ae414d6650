"""What a stream does, judged from a row of STREAMS with plain times."""

from __future__ import annotations

import pytest

from gateway_client.delivery import Delivery, delivery
from gateway_client.layout import Status
from gateway_client.status import StreamStatus
from gateway_client.tables import Row

NOW = 100


def row(status: Status, heard: int = 0, acked: int = 0, limit: int = 0) -> Row:
    return {
        "status": int(status), "mono_recv": heard, "mono_acked": acked, "limit_ns": limit,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (row(Status.SYNCING), Delivery.WAITING),
        (row(Status.SYNCING, acked=90, limit=30), Delivery.WAITING),
        (row(Status.SYNCING, acked=90), Delivery.QUIET),
        (row(Status.SYNCING, heard=80, acked=90, limit=30), Delivery.WAITING),
        (row(Status.SYNCING, heard=95, acked=90), Delivery.DELIVERING),
        (row(Status.LIVE, heard=95, acked=90), Delivery.DELIVERING),
        (row(Status.LIVE, heard=95), Delivery.DELIVERING),
        (row(Status.STALE, acked=60, limit=30), Delivery.SILENT),
        (row(Status.STALE, heard=60, acked=50, limit=30), Delivery.SILENT),
        (row(Status.STALE, heard=95, acked=50, limit=30), Delivery.STALE),
        (row(Status.DOWN, heard=95, acked=50), Delivery.DOWN),
    ],
)
def test_stream_does_what_its_row_says(given: Row, wanted: Delivery) -> None:
    assert delivery(given, NOW) is wanted


@pytest.mark.parametrize("limit", [0, 30])
def test_stream_that_was_rotated_without_a_break_goes_on_delivering(limit: int) -> None:
    """Its new link was acknowledged after its last frame came over the old one."""
    assert delivery(row(Status.LIVE, 80, 90, limit), NOW) is Delivery.DELIVERING


@pytest.mark.parametrize(
    ("shape", "is_counted"),
    [("OBJECT", True), ("ARRAY", True), ("MERGED", True), ("SYNTHETIC", True), ("ROW", False)],
)
def test_status_counts_what_was_asked_for_and_so_does_the_start(
    shape: str, is_counted: bool
) -> None:
    """Rows come with their array; what is put together here was asked for by name."""
    stream = StreamStatus("spot:x", "LIVE", True, 0, 0, 0, 0, None, shape=shape)
    assert stream.is_subscribed is is_counted
    retired = StreamStatus("spot:x", "LIVE", False, 0, 0, 0, 0, None, shape=shape)
    assert not retired.is_subscribed
