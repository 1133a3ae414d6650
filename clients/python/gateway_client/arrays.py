"""``gw.quotes()``: all quotes at once, as numpy likes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway_client.directory import Directory
from gateway_client.errors import DependencyMissing
from gateway_client.layout import NULL, SIZES, SectionKind, dtype_spec

if TYPE_CHECKING:
    import numpy as np

    from gateway_client.plain import Instrument, Segment

_COPIED = (
    "source", "update_id", "sequence", "ts_event", "ts_trade", "ts_recv", "mono_recv",
)  # fmt: skip
_SCALED = {"bid_px": "px", "bid_qty": "qty", "ask_px": "px", "ask_qty": "qty"}


def quotes(directory: Directory) -> np.ndarray[Any, Any]:
    """One row an instrument in use, shard by shard; see ``Gateway.quotes`` for the fields."""
    numpy = _numpy()
    parts = [
        _shard_quotes(numpy, each.segment, instruments)
        for each, instruments in directory.quoted()
        if instruments
    ]
    empty: np.ndarray[Any, Any] = numpy.empty(0, _dtype(numpy, 1))
    return numpy.concatenate(parts) if parts else empty


def _shard_quotes(numpy: Any, segment: Segment, instruments: list[Instrument]) -> Any:
    rows = [instrument.row for instrument in instruments]
    names = [instrument.symbol for instrument in instruments]
    cells = segment.scan(SectionKind.QUOTE, rows, SIZES["quote"])
    raw = numpy.frombuffer(cells, dtype=numpy.dtype(dtype_spec("quote")))
    found = numpy.empty(len(rows), _dtype(numpy, max(map(len, names))))
    found["symbol"] = names
    found["state"] = raw["status"]
    found["epoch"] = segment.generation
    for name in _COPIED:
        found[name] = raw[name]
    scales = {
        "px": numpy.array([instrument.px_scale for instrument in instruments]),
        "qty": numpy.array([instrument.qty_scale for instrument in instruments]),
    }
    for name, scale in _SCALED.items():
        mantissa = raw[name]
        found[name] = numpy.where(mantissa == NULL, numpy.nan, mantissa / scales[scale])
    return found


def _dtype(numpy: Any, name_length: int) -> Any:
    return numpy.dtype(
        [
            ("symbol", f"U{name_length}"), ("state", "u1"), ("source", "u1"),
            ("bid_px", "f8"), ("bid_qty", "f8"), ("ask_px", "f8"), ("ask_qty", "f8"),
            ("update_id", "u8"), ("sequence", "u8"), ("ts_event", "i8"), ("ts_trade", "i8"),
            ("ts_recv", "i8"), ("mono_recv", "i8"), ("epoch", "u8"),
        ]
    )  # fmt: skip


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as exc:
        raise DependencyMissing("gw.quotes()", "numpy", "numpy") from exc
    return numpy
