"""The layout as a C header: enums, constants, structs, and asserts of every size and offset.

Plain C11 that a C++17 compiler takes as well. Slot cells and records start with a member ``meta``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway import layout
from gateway.layout import ENUMS, STRUCTS, Field, Struct
from gateway.layout_export.names import CONSTANTS, PREFIX, EnumType, members, own_fields, summary

C_TYPES = {
    "u8": "uint8_t", "i8": "int8_t", "u16": "uint16_t", "u32": "uint32_t", "i32": "int32_t",
    "u64": "uint64_t", "i64": "int64_t", "f64": "double", "bytes": "uint8_t", "text": "char",
}  # fmt: skip

OPENING = """\
/* generated from gateway/layout.py by "make layout": do not edit. See clients/LAYOUT.md. */
#ifndef GW_LAYOUT_H
#define GW_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define GW_ASSERT_LAYOUT(what) static_assert(what, #what)
extern "C" {
#else
#define GW_ASSERT_LAYOUT(what) _Static_assert(what, #what)
#endif
"""

CLOSING = """\
#undef GW_ASSERT_LAYOUT
#ifdef __cplusplus
}
#endif

#endif /* GW_LAYOUT_H */
"""


def header() -> str:
    """The whole header as text."""
    parts = [OPENING, "\n".join(_constants())]
    parts += ["\n".join(_enum(kind)) for kind in ENUMS]
    parts += ["\n".join(_struct(struct)) for struct in STRUCTS]
    return "\n".join([*parts, CLOSING])


def _constants() -> Iterator[str]:
    yield f'#define GW_MAGIC "{layout.MAGIC.decode()}"'
    yield "#define GW_NULL INT64_MIN /* an integer field the venue did not send */"
    for name in CONSTANTS:
        yield f"#define GW_{name} {_number(getattr(layout, name))}"
    yield f"#define GW_SCHEMA_HASH UINT64_C(0x{layout.schema_hash():016x})"
    for row, name in enumerate(layout.HISTOGRAM_NAMES):
        yield f"#define GW_HISTOGRAM_{name.upper()} {row}"
    yield f"#define GW_HISTOGRAM_COUNT {len(layout.HISTOGRAM_NAMES)}"
    yield ""


def _number(value: int) -> str:
    if value < 0:
        return f"({value})"
    return f"0x{value:08x}u" if value >= 2**16 else str(value)


def _enum(kind: EnumType) -> Iterator[str]:
    tag = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    yield f"/* {summary(kind)} */"
    yield f"enum gw_{tag} {{"
    for name, value in members(kind):
        yield f"    GW_{PREFIX[kind]}_{name} = {value},"
    yield "};\n"


def _struct(struct: Struct) -> Iterator[str]:
    name, offsets = f"gw_{struct.name}", struct.offsets()
    own, has_meta = own_fields(struct)
    yield f"/* {struct.doc} {struct.size} bytes. */"
    yield f"typedef struct {name} {{"
    if has_meta:
        yield "    gw_meta meta;"
    for field in own:
        yield _member(field, offsets[field.name])
    end = offsets[struct.fields[-1].name] + struct.fields[-1].size
    if struct.size > end:
        yield f"    uint8_t padding[{struct.size - end}]; /* 0x{end:03x} */"
    yield f"}} {name};"
    yield f"GW_ASSERT_LAYOUT(sizeof({name}) == {struct.size});"
    for field in own:
        yield f"GW_ASSERT_LAYOUT(offsetof({name}, {field.name}) == {offsets[field.name]});"
    yield ""


def _member(field: Field, offset: int) -> str:
    array = f"[{field.count}]" if field.count > 1 else ""
    unit = f" ({field.unit})" if field.unit else ""
    note = f" {field.doc}" if field.doc else ""
    return f"    {C_TYPES[field.type]} {field.name}{array}; /* 0x{offset:03x}{unit}{note} */"
