"""What the tables of ``gateway.layout`` are made of: fields, and structs that lay them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SIZES: Final = {
    "u8": 1, "i8": 1, "u16": 2, "u32": 4, "i32": 4, "u64": 8, "i64": 8, "f64": 8,
    "bytes": 1, "text": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``count`` items of ``type``; ``bytes`` and ``text`` (UTF-8, NUL padded): bytes."""

    name: str
    type: str
    unit: str
    doc: str
    count: int = 1

    @property
    def size(self) -> int:
        return SIZES[self.type] * self.count


@dataclass(frozen=True, slots=True)
class Struct:
    """Fields laid one after the other, each on its natural alignment, padded to ``size``."""

    name: str
    size: int
    doc: str
    fields: tuple[Field, ...]

    def offsets(self) -> dict[str, int]:
        """Offset of each field in bytes; raises ValueError where a field is misaligned."""
        at, found = 0, {}
        for field in self.fields:
            if at % SIZES[field.type]:
                raise ValueError(f"{self.name}.{field.name} at {at} is misaligned")
            found[field.name] = at
            at += field.size
        if at > self.size:
            raise ValueError(f"{self.name} needs {at} bytes, has {self.size}")
        return found
