"""What a page says that it shows. Pure: it comes from a browser, so nothing of it is believed."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

BYTES_MAX: Final = 4096
ROWS_MAX: Final = 200
LEVELS_MAX: Final = 500

Order = Literal["symbol", "rate", "gaps", "state", "age", "spread"]
"""As in ``gateway.watch.rows.ORDERS``."""


class Seen(msgspec.Struct, frozen=True, tag_field="type", tag="seen"):
    """The page has shown the last message, if there was one, and takes the next."""


class Look(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="look"):
    """One page's: the table's order, filter and visible rows, and the instrument whose book."""

    symbol: Annotated[str, Meta(max_length=64)] = ""
    """Empty: the first of the table."""
    order: Order = "symbol"
    reverse: bool = False
    text: Annotated[str, Meta(max_length=200)] = ""
    first: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    rows: Annotated[int, Meta(ge=0, le=ROWS_MAX)] = 40
    levels: Annotated[int, Meta(ge=1, le=LEVELS_MAX)] = 100


_DECODER: Final = msgspec.json.Decoder(Look | Seen)


def said(data: bytes | str) -> Look | Seen | None:
    """Read a page's message; None where it is not one."""
    try:
        found: Look | Seen = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeError):
        return None
    return found
