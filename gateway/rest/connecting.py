"""How REST connections are made, and what is said when they cannot be."""

from __future__ import annotations

import os
import ssl

import aiohttp

from gateway.errors import ConfigError
from gateway.rest.tunnel import TunnelConnector

CONNECTIONS_A_HOST = 8


def connector(proxy: str, ca_file: str) -> aiohttp.BaseConnector:
    """Return what opens connections; raises ConfigError where ``ca_file`` cannot be used."""
    tls = _tls(ca_file)
    if proxy:
        return TunnelConnector(proxy, tls, CONNECTIONS_A_HOST)
    return aiohttp.TCPConnector(ssl=tls or True, limit_per_host=CONNECTIONS_A_HOST)


def _tls(ca_file: str) -> ssl.SSLContext | None:
    """Return what the server's certificate is checked against; None: the system's authorities."""
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as exc:
        problem = f"cannot be used as tls_ca_file ({exc.strerror or exc})"
        raise ConfigError(ca_file, problem, "name a PEM file with certificates") from exc


def reason(exc: Exception) -> str:
    """Say in words why a connection failed, and where there is one the remedy."""
    # aiohttp wraps the cause, and its text repeats the address; the number says it best.
    cause: object = getattr(exc, "certificate_error", exc)
    cause = cause.os_error if isinstance(cause, aiohttp.ClientConnectorError) else cause
    if isinstance(cause, ssl.SSLCertVerificationError):
        remedy = "name its authority with upstream.tls_ca_file"
        return f"its certificate is not trusted ({cause.verify_message}; {remedy})"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed ({cause.reason or cause})"
    number = getattr(cause, "errno", None) or 0
    text = os.strerror(number) if number > 0 else getattr(cause, "strerror", None) or str(cause)
    text = " ".join(text.split()) or type(cause).__name__  # one line, whatever the peer sent
    return text[:1].lower() + text[1:]
