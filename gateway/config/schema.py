"""JSON Schema of the configuration file, for editors. Pure.

msgspec's own, with every table written out where it stands: the tools that read TOML take draft 7,
in which nothing may stand beside a reference.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.config.whole import Config

DRAFT = "http://json-schema.org/draft-07/schema#"


def schema() -> dict[str, Any]:
    """Return the schema."""
    (found,), definitions = msgspec.json.schema_components([Config])
    written: dict[str, Any] = _written_out(found, definitions)
    return {"$schema": DRAFT, **written, "title": "gateway.toml"}


def _written_out(part: Any, definitions: dict[str, Any]) -> Any:
    """Return ``part`` with the definition in place of every reference."""
    match part:
        case {"$ref": str(reference), **beside}:
            found = definitions[reference.rpartition("/")[2]]
            # The default of a table repeats those of its keys.
            kept = {key: value for key, value in beside.items() if key != "default"}
            return {**_written_out(found, definitions), **kept}
        case dict():
            named = {key: value for key, value in part.items() if (key, value) != ("required", [])}
            return {key: _written_out(value, definitions) for key, value in named.items()}
        case list():
            return [_written_out(each, definitions) for each in part]
    return part
