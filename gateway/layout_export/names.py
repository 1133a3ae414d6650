"""What the layout's enums and constants are called outside Python."""

from __future__ import annotations

import enum

from gateway import layout
from gateway.layout import META, Field, Struct

EnumType = type[enum.IntEnum] | type[enum.IntFlag]

PREFIX: dict[EnumType, str] = {
    layout.SegmentState: "SEGMENT",
    layout.Status: "STATUS",
    layout.Reason: "REASON",
    layout.Market: "MARKET",
    layout.Kind: "KIND",
    layout.Flag: "FLAG",
    layout.Shape: "SHAPE",
    layout.OrderSide: "SIDE",
    layout.Source: "SOURCE",
    layout.GapState: "GAP",
    layout.SectionKind: "SECTION",
    layout.RowState: "ROW",
}

CONSTANTS = (
    "ENDIAN_TAG",
    "ABI_MAJOR",
    "ABI_MINOR",
    "PAGE",
    "NO_ROW",
    "BOOK_LEVELS",
    "FIXED_EXPONENT",
    "VALUE_BYTES",
    "GAPS_CAPACITY",
    "HISTOGRAM_BUCKETS",
    "SAMPLED_ONE_IN",
    "RING_DATA_OFFSET",
)


def members(kind: EnumType) -> list[tuple[str, int]]:
    """Names and values of an enum, in order of definition."""
    return [(member.name or "", int(member)) for member in kind]


def summary(kind: EnumType) -> str:
    """First line of an enum's own docstring."""
    return (kind.__doc__ or "").strip().split("\n")[0]


def own_fields(struct: Struct) -> tuple[tuple[Field, ...], bool]:
    """Fields behind the leading META, and whether there is one."""
    count = len(META.fields)
    has_meta = struct is not META and struct.fields[:count] == META.fields
    return (struct.fields[count:] if has_meta else struct.fields), has_meta
