"""What every table of the configuration is made of. Pure.

What a key means stands in its type, ``Meta(description=…)``, and what a table is for in its
docstring: the example, the JSON Schema and the messages are made from these. Not written twice.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0, le=3600)]  # give it a description where it is used
Addresses = tuple[str, ...]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A TOML table: unknown keys are refused."""
