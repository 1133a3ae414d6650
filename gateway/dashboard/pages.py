"""The files of the page, read once at the start: what is not among them is not there to be had."""

from __future__ import annotations

from importlib import resources
from typing import Final, NamedTuple

_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class Page(NamedTuple):
    """One file."""

    body: bytes
    content_type: str


def read() -> dict[str, Page]:
    """Return all of them by the path that they are asked for with."""
    found: dict[str, Page] = {}
    for entry in resources.files("gateway.dashboard").joinpath("page").iterdir():
        suffix = entry.name[entry.name.rfind(".") :]
        if suffix in _TYPES:
            found[f"/{entry.name}"] = Page(entry.read_bytes(), _TYPES[suffix])
    found["/"] = found.pop("/index.html")
    return found
