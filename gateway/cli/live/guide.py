"""Keys and what they do. Pure."""

from __future__ import annotations

from typing import Final

from gateway.cli.live.styles import BOLD
from gateway.cli.live.text import Line, cut, fit

_KEYS: Final = (
    ("1 2 3 4, Tab", "instruments, connections, gaps, streams in trouble"),
    ("s  S", "sort by the next, the last: symbol, rate, gaps,"),
    ("", "state, age, spread; what is noteworthy comes first"),
    ("r", "sort the other way round"),
    ("/", "filter: words in symbol or state, as 'usdt gapped';"),
    ("", "'!live' is all but LIVE; Enter keeps it, Esc drops it"),
    ("↑ ↓ PgUp PgDn Home End", "move; also k j, Space, g G"),
    ("Enter", "the order book as a ladder; there ↑ ↓ take the next"),
    ("Esc", "back; in the list: drop the cursor, then the filter"),
    ("d", "shards and latencies away, and back"),
    ("p  +  -", "pause; refresh faster, slower"),
    ("q, Ctrl-C", "end"),
)
_WORDS: Final = (
    ("LIVE", "may be traded on; nothing else may"),
    ("SYNCING GAPPED STALE", "is being built; has a hole; is late or silent"),
    ("DOWN DEAD HALTED", "not connected; writer gone or hangs; by the venue"),
    ("latency", "of frames since the last picture, all shards"),
    ("bps, age", "spread in 0.01 %; time since the last frame"),
    ("beat, lag", "last heartbeat; how much later than usual"),
)


def guide(width: int) -> list[Line]:
    """Return the page of help."""
    lines: list[Line] = [[("Keys", BOLD)]]
    lines += [[(fit(f"  {keys}", 25), BOLD), (text, "")] for keys, text in _KEYS]
    lines += [[], [("Words", BOLD)]]
    lines += [[(fit(f"  {words}", 25), BOLD), (text, "")] for words, text in _WORDS]
    return [cut(line, width) for line in lines]
