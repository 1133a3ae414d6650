"""Whether hosts answer by TCP, and with a certificate that is trusted."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from gateway.doctor.judge_venue import Knock
from gateway.rest.connecting import reason
from gateway.rest.tunnel import tunnel

KNOCK_S = 8.0  # DNS, proxy, TCP and TLS together
_DAY_S = 86_400.0
_SECURE = ("wss", "https")
_PORTS = {"wss": 443, "https": 443, "ws": 80, "http": 80}

Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def knock(url: str, tls: ssl.SSLContext, proxy: str) -> Knock:
    """Connect to the host of ``url`` as a gateway would, and hang up. Raises nothing."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    name = f"{host}:{port}"
    begin = time.monotonic()
    try:
        async with asyncio.timeout(KNOCK_S):
            _, writer = await _open(host, port, proxy)
    except TimeoutError:
        return Knock(name, problem=f"no answer within {KNOCK_S:g} s")
    except Exception as exc:  # of the resolver, the socket, the proxy: whatever it is, it is told
        return Knock(name, problem=reason(exc))
    seconds = time.monotonic() - begin
    try:
        if parts.scheme not in _SECURE:
            return Knock(name, seconds)
        return await _with_tls(Knock(name, seconds), writer, tls, host)
    finally:
        # Nothing was sent that would have to arrive.
        writer.transport.abort()


async def _open(host: str, port: int, proxy: str) -> Way:
    if not proxy:
        return await asyncio.open_connection(host, port)
    return await asyncio.open_connection(sock=await tunnel(proxy, host, port, KNOCK_S))


async def _with_tls(
    found: Knock, writer: asyncio.StreamWriter, tls: ssl.SSLContext, host: str
) -> Knock:
    try:
        async with asyncio.timeout(KNOCK_S):
            await writer.start_tls(tls, server_hostname=host)
    except ssl.SSLCertVerificationError as exc:
        return Knock(found.host, found.seconds, tls_problem=f"not trusted ({exc.verify_message})")
    except TimeoutError:
        return Knock(found.host, found.seconds, tls_problem=f"no answer within {KNOCK_S:g} s")
    except OSError as exc:
        return Knock(found.host, found.seconds, tls_problem=reason(exc))
    return Knock(found.host, found.seconds, days=_days(writer.get_extra_info("peercert")))


def _days(certificate: dict[str, str] | None) -> float:
    """Return how long a certificate that was verified is still good for."""
    ends = (certificate or {}).get("notAfter", "")
    with contextlib.suppress(ValueError):
        return (ssl.cert_time_to_seconds(ends) - time.time()) / _DAY_S
    return 0.0


def distinct(urls: Iterable[str]) -> list[str]:
    """Return one address for each host and port."""
    return list({urlsplit(url).netloc: url for url in urls}.values())
