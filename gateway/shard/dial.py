"""How WebSockets to the venue are opened: TLS, proxy, limits of size and time.

Whoever dials gets the open WebSocket or, in the venue's and the network's own words, why not.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import picows
from python_socks import ProxyError

from gateway.errors import ConfigError
from gateway.shard.liveness import PERIODIC_NS
from gateway.shard.refusal import Ending

FRAME_BYTES_MAX = 10 << 20
READ_BUFFER_BYTES = 256 << 10  # a burst of frames, or most of an array, in one read
CONNECT_S = 20.0  # TCP, proxy, TLS and handshake together
HANDSHAKE_S = 10.0
BODY_KEPT = 1000  # bytes of a refusal: a ban says there until when
TCP_CLOSE = 7  # of tcpi_state, the first byte of tcp(7) TCP_INFO; Linux' tcp_states.h

L = TypeVar("L", bound=picows.WSListener)


@dataclass(frozen=True, slots=True)
class Dialling:
    """What all WebSockets of a shard have in common. ``tls`` None: only ws:// addresses occur."""

    tls: ssl.SSLContext | None = None
    proxy: str = ""  # http://… or socks5://…; empty: none
    ping_interval_s: float = PERIODIC_NS / 1e9

    async def connect(
        self, url: str, listener: Callable[[], L]
    ) -> tuple[picows.WSTransport, L] | Ending:
        """Open a WebSocket; where that fails, say how. Redirects are not followed."""
        try:
            async with asyncio.timeout(CONNECT_S):
                transport, connected = await picows.ws_connect(
                    listener,
                    url,
                    ssl_context=self.tls if url.startswith("wss:") else None,
                    websocket_handshake_timeout=HANDSHAKE_S,
                    max_frame_size=FRAME_BYTES_MAX,
                    read_buffer_init_size=READ_BUFFER_BYTES,
                    max_redirects=0,
                    proxy=self.proxy or None,
                    enable_auto_pong=False,
                    logger_name="gateway.shard.picows",
                )
        except picows.WSHandshakeError as exc:
            return _refused(exc)
        except (OSError, TimeoutError, ValueError, picows.WSError, ProxyError) as exc:
            return Ending(f"cannot connect: {_words(exc)}")
        # picows gives no listener when the venue hung up before it answered the handshake.
        made = cast("L | None", connected)
        if made is None:
            return Ending("hung up before the handshake's answer")
        return transport, made

    def read_to_end(self, transport: picows.WSTransport) -> None:
        """Have the rest of a connection read that has been reset; an open one is left alone.

        libuv stops polling a socket with an error pending (uv__poll_io, UV_EBADF), and uvloop then
        calls its reader one last time. Bytes that came before the reset are all which that read
        sees: the reset behind them would never be told. Polled anew, the socket is read on.
        """
        below = transport.underlying_transport
        try:
            info = below.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        except OSError:  # closed on our side: the listener is told in the next turn
            return
        if info[0] == TCP_CLOSE:
            below.pause_reading()
            below.resume_reading()


def _words(exc: Exception) -> str:
    """The system's reason without the address, which asyncio repeats and the log names anyway."""
    if isinstance(exc, socket.gaierror):
        return (exc.strerror or str(exc)).lower()
    is_plain = isinstance(exc, ConnectionError) or type(exc) is OSError  # a proxy's names the proxy
    if is_plain and isinstance(exc, OSError) and exc.errno:
        return os.strerror(exc.errno).lower()
    return str(exc) or "no answer in time"


def _refused(exc: picows.WSHandshakeError) -> Ending:
    response = exc.response
    if response is None:
        return Ending(f"cannot connect: {exc}")
    return Ending(
        f"HTTP {int(response.status)} to the handshake",
        status=int(response.status),
        retry_after=response.headers.get("Retry-After", ""),
        body=bytes(exc.raw_body or b"")[:BODY_KEPT],
    )


def make_tls(ca_file: str) -> ssl.SSLContext:
    """TLS as the host trusts it, or as ``ca_file`` says; verification is never off.

    Raises ConfigError.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as exc:  # of which ssl.SSLError is one
        problem = exc.strerror or str(exc)
        remedy = "name a PEM file with the certificates to trust"
        raise ConfigError(ca_file, f"cannot be used: {problem}", remedy, "tls_ca_file") from exc
