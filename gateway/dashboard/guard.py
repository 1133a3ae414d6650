"""Who may ask for the page, and what a browser may do with it. Pure.

A server on loopback can be reached by every page that is open in a browser on this host. A page of
another site must not read what is here: neither over a name of its own that it points at 127.0.0.1
(DNS rebinding; hence the check of Host) nor by a WebSocket, which browsers open across origins
(hence the check of Origin).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.endpoints import is_loopback
from gateway.errors import UsageError

_REMEDY: Final = "write it as 127.0.0.1:9465 or [::1]:9465; port 0 is any free one"
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?")
_LOOPBACK_REMEDY: Final = (
    "the page is for this host alone; from elsewhere take 'ssh -L 9465:127.0.0.1:9465 HOST'"
)


class Listen(NamedTuple):
    """Where to listen; ``port`` 0 is any free one."""

    host: str
    port: int


def listen_of(text: str) -> Listen:
    """Read ``host:port``; raises UsageError for anything that is not on loopback."""
    host, colon, port = text.rpartition(":")
    is_port = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535
    is_closed = host.startswith("[") == host.endswith("]")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and is_port and is_closed):
        raise UsageError(text, "is no address to listen on", _REMEDY)
    if not is_local(host):
        raise UsageError(text, "is not a loopback address", _LOOPBACK_REMEDY)
    return Listen(host, int(port))


def is_local(host: str) -> bool:
    """Whether a host's name can only mean this host."""
    return host == "localhost" or is_loopback(host)


def refusal(headers: Mapping[str, str]) -> str:
    """Return why a request is not answered; empty where it may be.

    Any port will do: behind a tunnel of ssh the browser knows another one. ``headers`` are by their
    lower-case names.
    """
    host = headers.get("host", "")
    if not is_local(_name(host)):
        return "this page is served by its loopback address only\n"
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return "another site may not ask here\n"
    return ""


def _name(host: str) -> str:
    """The name in a Host header, without its port; empty where it is malformed."""
    found = _HOST.fullmatch(host.lower())
    return found[1].strip("[]") if found else ""


def headers(host: str) -> dict[str, str]:
    """Return what every answer carries. ``host`` is the request's, and ``refusal`` let it pass."""
    # Not every browser takes 'self' to mean the WebSocket of the same origin too.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }
