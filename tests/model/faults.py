"""What can be wrong with a frame, by the names the core uses for its errors."""

from __future__ import annotations

CODES = (
    "SYNTAX",  # no continuation makes it JSON
    "TRUNCATED",  # a beginning of JSON
    "TYPE",  # JSON, but of another type than the venue documents
    "MISSING",  # a required key is absent
    "RANGE",  # does not fit the field
    "INEXACT",  # more decimals than the exponent holds
    "MISMATCH",  # another symbol or event than the stream's
    "NESTING",  # deeper than 64
    "UTF8",  # bytes that are not UTF-8
)


class Refused(Exception):
    """A frame that must not be read. ``codes``: every fault it has; naming any of them is right."""

    def __init__(self, codes: frozenset[str]) -> None:
        super().__init__(" ".join(sorted(codes)))
        self.codes = codes
