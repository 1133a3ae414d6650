"""Bytes from a terminal → names of keys. Pure.

Letters and signs are themselves; others have names: "up", "enter", "escape" … Sequences are those
of xterm, with the application mode that some terminals begin in (``ESC O A``). Unknown ones are
left out, so that they are never taken for letters.
"""

from __future__ import annotations

import re
from typing import Final

_SEQUENCES: Final = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "Z": "backtab",
    "1~": "home", "7~": "home", "4~": "end", "8~": "end", "5~": "pageup", "6~": "pagedown",
    "3~": "delete",
}  # fmt: skip
_SINGLE: Final = {
    "\r": "enter", "\n": "enter", "\x1b": "escape", "\x7f": "backspace", "\b": "backspace",
    "\t": "tab", " ": "space", "\x15": "clear", "\x02": "pageup", "\x06": "pagedown",
    "\x0c": "redraw", "\x03": "q", "\x04": "q",
}  # fmt: skip
_TOKEN: Final = re.compile(r"\x1b(?:\[([0-9;?]*[@-~])|O([A-Za-z]))|.", re.DOTALL)


def parse(data: bytes) -> list[str]:
    """Return the keys that these bytes mean, in order."""
    found = []
    for token in _TOKEN.finditer(data.decode("utf-8", "ignore")):
        sequence = token[1] or token[2]
        if sequence:
            found.append(_SEQUENCES.get(sequence, ""))
        else:
            found.append(_SINGLE.get(token[0], token[0] if token[0].isprintable() else ""))
    return [key for key in found if key]


def is_whole(data: bytes) -> bool:
    """Whether no sequence or character is cut off at the end: more of it may be on its way."""
    if re.search(rb"\x1b(?:\[[0-9;?]*|O)?\Z", data):
        return False
    try:
        data.decode()
    except UnicodeDecodeError as exc:
        return exc.reason != "unexpected end of data"
    return True
