"""REST connections through a proxy: SOCKS5, or HTTP with CONNECT.

The same library makes the tunnels of the WebSocket connections, so that one address of a proxy
serves both. Host names are resolved at the proxy.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
from python_socks.async_.asyncio import Proxy

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.tracing import Trace


class TunnelError(aiohttp.ClientConnectionError):
    """The proxy cannot be reached, or does not let us through. Its text never has a password."""


class TunnelConnector(aiohttp.BaseConnector):
    """Opens every connection through ``proxy``; ``tls`` None: the system's authorities."""

    def __init__(self, proxy: str, tls: ssl.SSLContext | None, limit_per_host: int) -> None:
        super().__init__(limit_per_host=limit_per_host)
        self._proxy = proxy
        self._tls = tls or ssl.create_default_context()

    async def _create_connection(
        self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        host, port = req.url.raw_host, req.url.port
        assert host is not None
        assert port is not None
        sock = await tunnel(self._proxy, host, port, timeout.sock_connect)
        tls = self._tls if req.is_ssl() else None
        try:
            async with asyncio.timeout(timeout.sock_connect):
                _, protocol = await self._loop.create_connection(
                    self._factory, sock=sock, ssl=tls, server_hostname=host if tls else None
                )
        except ssl.CertificateError as exc:
            raise aiohttp.ClientConnectorCertificateError(req.connection_key, exc) from exc
        except ssl.SSLError as exc:
            raise aiohttp.ClientConnectorSSLError(req.connection_key, exc) from exc
        except BaseException:
            sock.close()
            raise
        return protocol


async def tunnel(proxy: str, host: str, port: int, seconds: float | None) -> socket.socket:
    """Return a TCP connection to ``host`` through ``proxy``; raises TunnelError."""
    parts = urlsplit(proxy)
    name = f"proxy {parts.hostname}:{parts.port}"
    try:
        # Made anew each time: it remembers nothing, and the loop is the one that runs now.
        return await Proxy.from_url(proxy).connect(host, port, timeout=seconds)
    except ProxyTimeoutError as exc:
        raise TunnelError(f"{name}: no answer within {seconds:g} s") from exc
    except ProxyConnectionError as exc:
        reason = _words(exc)
        raise TunnelError(f"{name}: {reason[:1].lower()}{reason[1:]}") from exc
    except ProxyError as exc:
        raise TunnelError(f"{name}: does not let us through ({exc})") from exc
    except OSError as exc:
        raise TunnelError(f"{name}: {exc.strerror or exc}") from exc


def _words(exc: ProxyConnectionError) -> str:
    """Return why a proxy was not reached; getaddrinfo's numbers are negative and no errno."""
    if exc.errno and exc.errno > 0:
        return os.strerror(exc.errno)
    return str(getattr(exc.__cause__, "strerror", None) or exc)
