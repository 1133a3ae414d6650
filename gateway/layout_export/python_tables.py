"""The layout as a Python module for readers: standard library only, numpy not needed."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from gateway import layout
from gateway.layout import ENUMS, STRUCTS, Struct
from gateway.layout_export.names import CONSTANTS, EnumType, members, summary

OPENING = '''\
# generated from gateway/layout.py by "make layout": do not edit
"""The byte layout of a segment, for readers; explained in clients/LAYOUT.md.

``SIZES`` has the bytes of each struct and ``FIELDS`` its fields as name -> (offset, type, count);
``bytes`` and ``text`` count bytes. ``book`` and ``partial`` are given for BOOK_LEVELS levels a
side: ask a section's ``param`` how many it really has.
"""

from __future__ import annotations

import enum
from typing import Final
'''

CLOSING = '''
FORMATS: Final = {
    "u8": "B", "i8": "b", "u16": "H", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f64": "d",
}  # fmt: skip
"""Type -> code of the ``struct`` module, without its leading ``<``."""

_NUMPY: Final = {
    "u8": "u1", "i8": "i1", "u16": "<u2", "u32": "<u4", "i32": "<i4", "u64": "<u8", "i64": "<i8",
    "f64": "<f8",
}  # fmt: skip


def fields(name: str, levels: int = BOOK_LEVELS) -> dict[str, tuple[int, str, int]]:
    """Fields of a struct; ``levels`` a side for ``book`` and ``partial``."""
    found = dict(FIELDS[name])
    if name in ("book", "partial"):
        first = found["bids"][0]
        found["bids"] = (first, "i64", 2 * levels)
        found["asks"] = (first + 16 * levels, "i64", 2 * levels)
        found["bid_complete_px"] = (first + 32 * levels, "i64", 1)
        found["ask_complete_px"] = (first + 32 * levels + 8, "i64", 1)
    return found


def size(name: str, levels: int = BOOK_LEVELS) -> int:
    """Bytes of a struct; ``levels`` a side for ``book`` and ``partial``."""
    if name in ("book", "partial"):
        return -(-(144 + 32 * levels) // 64) * 64
    return SIZES[name]


def dtype_spec(name: str, levels: int = BOOK_LEVELS) -> dict[str, object]:
    """What ``numpy.dtype`` takes for a struct; levels have the shape (levels, 2)."""
    table = fields(name, levels)
    return {
        "names": list(table),
        "formats": [_numpy_format(field, kind, count) for field, (_, kind, count) in table.items()],
        "offsets": [offset for offset, _, _ in table.values()],
        "itemsize": size(name, levels),
    }


def _numpy_format(field: str, kind: str, count: int) -> object:
    if kind == "text":
        return f"S{count}"
    if kind == "bytes":
        return f"V{count}"
    if field in ("bids", "asks"):
        return (_NUMPY[kind], (count // 2, 2))
    return (_NUMPY[kind], (count,)) if count > 1 else _NUMPY[kind]
'''


def tables() -> str:
    """The whole module as text."""
    lines = [OPENING, *_constants(), ""]
    for kind in ENUMS:
        lines += ["", *_enum(kind), ""]
    lines += ["", *_sizes(), "", "FIELDS: Final[dict[str, dict[str, tuple[int, str, int]]]] = {"]
    for struct in STRUCTS:
        lines += _fields(struct)
    return "\n".join([*lines, "}", CLOSING])


def _constants() -> Iterator[str]:
    yield f"MAGIC: Final = {layout.MAGIC!r}".replace("'", '"')
    yield "NULL: Final = -(2**63)"
    for name in CONSTANTS:
        yield f"{name}: Final = {getattr(layout, name)}"
    yield f"SCHEMA_HASH: Final = 0x{layout.schema_hash():016X}"
    yield "HISTOGRAM_NAMES: Final = ("
    yield from (f'    "{name}",' for name in layout.HISTOGRAM_NAMES)
    yield ")"


def _enum(kind: EnumType) -> Iterator[str]:
    base = "IntFlag" if issubclass(kind, enum.IntFlag) else "IntEnum"
    yield f"class {kind.__name__}(enum.{base}):"
    yield f'    """{summary(kind)}"""\n'
    for name, value in members(kind):
        yield f"    {name} = {value}"


def _sizes() -> Iterator[str]:
    yield "SIZES: Final = {"
    for struct in STRUCTS:
        yield f'    "{struct.name}": {struct.size},'
    yield "}"


def _fields(struct: Struct) -> Iterator[str]:
    offsets = struct.offsets()
    yield f'    "{struct.name}": {{'
    for field in struct.fields:
        yield f'        "{field.name}": ({offsets[field.name]}, "{field.type}", {field.count}),'
    yield "    },"
