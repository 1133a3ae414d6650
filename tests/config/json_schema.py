"""A validator for the little of JSON Schema that is used here; it knows no other keyword."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

SILENT = {"$schema", "title", "description", "default", "examples"}
TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
    "number": (int, float),
}  # fmt: skip


def mistakes(value: Any, schema: dict[str, Any], where: str = "") -> list[str]:
    """Return what in ``value`` does not fit ``schema``; KeyError: a keyword that is not known."""
    return [f"{where}: {text}" if text else where for text in _mistakes(value, schema, where)]


def _mistakes(value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    for keyword, wanted in schema.items():
        match keyword:
            case "type":
                is_bool = isinstance(value, bool) and wanted != "boolean"
                if is_bool or not isinstance(value, TYPES[wanted]):
                    yield f"no {wanted}"
                    return
            case "properties":
                for name in wanted.keys() & value.keys():
                    yield from mistakes(value[name], wanted[name], f"{where}/{name}")
            case "additionalProperties":
                for name in value.keys() - schema.get("properties", {}).keys():
                    if wanted is False:
                        yield f"{name} is unknown"
                    else:
                        yield from mistakes(value[name], wanted, f"{where}/{name}")
            case "propertyNames":
                for name in value:
                    yield from mistakes(name, wanted, f"{where}/{name}")
            case "items":
                for item in value:
                    yield from mistakes(item, wanted, where)
            case "enum" if value not in wanted:
                yield "none of those"
            case "minimum" if value < wanted:
                yield "too small"
            case "exclusiveMinimum" if value <= wanted:
                yield "too small"
            case "maximum" if value > wanted:
                yield "too large"
            case "exclusiveMaximum" if value >= wanted:
                yield "too large"
            case "pattern" if not re.search(wanted, value):
                yield "does not match"
            case "enum" | "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
                pass
            case "pattern":
                pass
            case _ if keyword not in SILENT:
                raise KeyError(keyword)
