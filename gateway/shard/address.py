"""Addresses of a connection: what may be dialled, and which of several is next. Pure.

Market data decides on money: it comes over verified TLS. Only a simulator on this very host may be
spoken to in the clear.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from gateway import endpoints
from gateway.endpoints import is_loopback
from gateway.errors import ConfigError


def check_url(url: str) -> None:
    """Refuse an address that is no WebSocket's, or not encrypted and not on this host.

    Raises ConfigError.
    """
    parts = _split(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ConfigError(url, "is no WebSocket address", "write wss://host[:port]/path")
    if parts.scheme == "ws" and not is_loopback(parts.hostname):
        raise ConfigError(
            url,
            "is not encrypted, and not on this host",
            "use wss://; ws:// is for a simulator on 127.0.0.1, ::1 or localhost",
        )


def check_proxy(proxy: str) -> None:
    """Refuse what is no address of a proxy; empty is none. Raises ConfigError."""
    try:
        endpoints.check_proxy("proxy", proxy)
    except ValueError as exc:
        remedy = "write http://host:port or socks5://host:port"
        raise ConfigError("upstream", str(exc), remedy) from exc


def host_of(url: str) -> str:
    """The host that counts our attempts: without port at the venue, with it on this host."""
    parts = _split(url)
    host = parts.hostname or ""
    return f"{host}:{parts.port}" if is_loopback(host) and parts.port else host


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # is only read, and refused, here
    except ValueError as exc:
        raise ConfigError(url, f"is no address: {exc}", "write wss://host[:port]/path") from exc
    return parts


@dataclass(slots=True)
class Addresses:
    """Which of a connection's addresses comes next. The one that delivered is kept to."""

    urls: tuple[str, ...]
    current: int = 0
    _asked: int = 0  # probes so far, so that each address gets its turn

    def failed(self, index: int) -> None:
        """The address cannot be reached: what comes next tries another one."""
        if index == self.current:
            self.current = self._after(index)

    def probe(self) -> int:
        """An address to try beside the current one, which stays silent."""
        others = len(self.urls) - 1
        if not others:
            return self.current
        self._asked += 1
        return (self.current + 1 + (self._asked - 1) % others) % len(self.urls)

    def delivered(self, index: int) -> None:
        """The address delivers: keep to it."""
        self.current = index
        self._asked = 0

    def _after(self, index: int) -> int:
        return (index + 1) % len(self.urls)
