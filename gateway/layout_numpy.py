"""numpy dtypes of the layout's structs, for tests and tools on the writer's side.

Readers use the tables generated into ``clients/python/gateway_client/layout.py`` instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gateway.layout import Field, Struct

_FORMATS = {
    "u8": "u1", "i8": "i1", "u16": "<u2", "u32": "<u4", "i32": "<i4", "u64": "<u8", "i64": "<i8",
    "f64": "<f8",
}  # fmt: skip


def dtype(struct: Struct) -> np.dtype[np.void]:
    """Return the structured dtype of ``struct``; level arrays have the shape (levels, 2)."""
    offsets = struct.offsets()
    spec: dict[str, Any] = {
        "names": list(offsets),
        "formats": [_format(field) for field in struct.fields],
        "offsets": list(offsets.values()),
        "itemsize": struct.size,
    }
    made: np.dtype[np.void] = np.dtype(spec)  # type: ignore[call-overload]  # counts are computed
    return made


def _format(field: Field) -> Any:
    if field.type == "text":
        return f"S{field.count}"
    if field.type == "bytes":
        return f"V{field.count}"
    if field.name in ("bids", "asks"):
        return (_FORMATS[field.type], (field.count // 2, 2))
    return (_FORMATS[field.type], (field.count,)) if field.count > 1 else _FORMATS[field.type]
