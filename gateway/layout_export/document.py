"""clients/LAYOUT.md: the words of ``layout_template.md`` with the tables of ``gateway.layout``.

The template names a table as ``{{struct quote}}``, ``{{enum Status}}`` or ``{{constants}}`` on a
line of its own; one that does not exist is a KeyError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gateway import layout
from gateway.layout import ENUMS, META, STRUCTS, Struct
from gateway.layout_export.names import CONSTANTS, EnumType, members, own_fields

TEMPLATE = Path(__file__).with_name("layout_template.md")
NOTICE = '<!-- generated from gateway/layout.py by "make layout": do not edit -->\n'


def document() -> str:
    """The whole document as text; raises ValueError where a struct or enum is left out."""
    template = TEMPLATE.read_text(encoding="utf-8")
    blocks = {"constants": _constants()}
    blocks |= {f"struct {struct.name}": _struct(struct) for struct in STRUCTS}
    blocks |= {f"enum {kind.__name__}": _enum(kind) for kind in ENUMS}
    wanted = set(re.findall(r"^\{\{(.+)\}\}$", template, re.MULTILINE))
    if missing := blocks.keys() - wanted:
        raise ValueError(f"{TEMPLATE.name} does not show {sorted(missing)}")
    return NOTICE + re.sub(
        r"^\{\{(.+)\}\}$", lambda found: "\n".join(blocks[found[1]]), template, flags=re.MULTILINE
    )


def _constants() -> list[str]:
    rows = [("MAGIC", f"the bytes `{layout.MAGIC.decode()}`"), ("NULL", "-2^63, in an `i64` field")]
    for name in CONSTANTS:
        value = getattr(layout, name)
        rows.append((name, f"{value}" if value < 2**16 else f"{value} (0x{value:08x})"))
    rows.append(("SCHEMA_HASH", f"0x{layout.schema_hash():016x}"))
    return ["| constant | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


def _enum(kind: EnumType) -> list[str]:
    return [", ".join(f"{value} {name}" for name, value in members(kind)) + "."]


def _struct(struct: Struct) -> list[str]:
    rows = [f"{struct.doc} {struct.size} bytes.", "", "| offset | type | field | unit | |"]
    return [*rows, "|---|---|---|---|---|", *_rows(struct)]


def _rows(struct: Struct) -> Iterator[str]:
    offsets = struct.offsets()
    own, has_meta = own_fields(struct)
    if has_meta:
        yield f"| 0x000 | {META.size} bytes | meta | | as above |"
    for field in own:
        kind = f"{field.type}[{field.count}]" if field.count > 1 else field.type
        doc = field.doc.replace("|", "\\|")
        yield f"| 0x{offsets[field.name]:03x} | {kind} | {field.name} | {field.unit} | {doc} |"
