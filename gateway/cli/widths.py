"""Lines no wider than the terminal; whole lines where there is none, for files and pipes."""

from __future__ import annotations

import re
import shutil
import sys

_PARTS = re.compile(r"(?<=[,;] )")
INDENT = 14
"""Of what a line goes on with: behind the word that most lines begin with."""


def terminal_width() -> int | None:
    """Return the columns of the terminal that stdout is; None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def wrapped(line: str, width: int | None) -> list[str]:
    """Return the line in lines of at most ``width`` columns, broken behind commas, semicolons.

    A part that is longer than that stays whole.
    """
    if width is None or len(line) <= width:
        return [line]
    indent = " " * min(INDENT, width // 4)
    found = [""]
    for part in _PARTS.split(line):
        if found[-1].strip() and len(found[-1]) + len(part.rstrip()) > width:
            found.append(indent + part)
        else:
            found[-1] += part
    return [text.rstrip() for text in found]
