"""How states and stages are written and coloured. Pure."""

from __future__ import annotations

from typing import Final

from gateway.cli.live.text import Piece
from gateway_client import Status

BAD: Final = "bold red"
DIM: Final = "dim"
BOLD: Final = "bold"
_STYLES: Final = {
    "LIVE": "green", "ACTIVE": "green", "DELIVERING": "green", "FILLED": "green",
    "HEALED": "green", "SYNCING": "yellow", "PARTIAL": "yellow", "OPEN": "bold yellow",
    "STALE": "bold yellow", "HALTED": "bold yellow", "WAITING": "yellow", "STARTING": "yellow",
    "EMPTY": "dim", "IDLE": "dim", "QUIET": "dim", "RETIRED": "dim",
}  # fmt: skip

_WORDS: Final = {
    "event": "exchange",  # across two clocks
    "recv": "here",
    "publish": "decoded",  # and about to be stored
    "visible": "memory",
    "zmq": "ZeroMQ",
}


def state(name: str | Status) -> Piece:
    """Return a state's word with its colour; what is not known as well or waiting is bad."""
    word = name.name if isinstance(name, Status) else name
    return word, _STYLES.get(word, BAD)


def stage(name: str) -> str:
    """Return the name of a latency's stage as people say it: recv_to_publish → here to decoded."""
    begin, to, end = name.partition("_to_")
    if not to:
        return name.replace("_", " ")
    return f"{_WORDS.get(begin, begin)} to {_WORDS.get(end, end)}".replace("_", " ")
