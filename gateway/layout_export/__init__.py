"""Write the layout for other languages: C header, Python tables and LAYOUT.md.

All of it comes from ``gateway.layout``; nothing here knows an offset. ``targets`` says what every
generated file should hold, ``python -m gateway.layout_export`` writes it, ``--check`` compares.
The results are committed, so that a client needs neither this package nor a build step.
"""

from __future__ import annotations

from pathlib import Path

from gateway.layout_export.c_header import header
from gateway.layout_export.document import document
from gateway.layout_export.python_tables import tables

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "/* generated from gateway/layout.py: begin */\n"
END = "/* generated from gateway/layout.py: end */\n"


def targets(root: Path = ROOT) -> dict[Path, str]:
    """Path and wanted text of every generated file; the C client only where it exists."""
    found = {
        root / "gateway/core/layout.h": header(),
        root / "clients/python/gateway_client/layout.py": tables(),
        root / "clients/LAYOUT.md": document(),
    }
    client = root / "clients/c/gateway.h"
    if client.exists():
        found[client] = splice(client.read_text(encoding="utf-8"), header())
    return found


def splice(text: str, block: str) -> str:
    """Return ``text`` with what stands between its two marker lines replaced by ``block``.

    Raises ValueError where a marker is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"needs the lines {BEGIN.strip()!r} and {END.strip()!r}")
    return before + begin + block + end + after


def stale(root: Path = ROOT) -> list[Path]:
    """Generated files that are missing or differ from what the layout says now."""
    return [
        path
        for path, text in targets(root).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def write(root: Path = ROOT) -> list[Path]:
    """Bring every generated file up to date and return those that changed."""
    changed = stale(root)
    wanted = targets(root)
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    return changed
