"""How many connections may be attempted, and when. Pure: ``now`` is the wall clock, in seconds.

Binance allows 300 attempts in 5 minutes an IP address (web-socket-streams.md; futures document
nothing, so the same is kept there); the limit that is passed in leaves some to other programs. A
sliding window is stricter than any fixed one. Which of its hosts count together is not documented,
so all of a venue's do: fail-over from one to the next gains nothing.

After a refused handshake the host is left alone for as long as the shard says, at most for the
longest ban there is. 429 and 418 are about our address (rest-api.md "IP Limits"): after them every
host of the venue is left alone. 403 and 451 may be one host's own.

The count is shared by all gateways of a user and survives them, so it lies in a file and is
told in wall-clock time. Where that clock was set back, attempts from the future are dropped, and a
hold begins anew: it is never longer than it was.
"""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.endpoints import is_loopback

WINDOW_SECONDS: Final = 300.0
HOLD_SECONDS_MAX: Final = 3 * 86_400.0  # of bans: 2 minutes to 3 days (rest-api.md, LIMITS)
HOSTS_MAX: Final = 64
SLEW_SECONDS: Final = 5.0  # the clock may be set back by so much without our noticing
ADDRESS_REFUSED: Final = frozenset({418, 429})  # HTTP: it is our address that is sent away
_WAIT_SECONDS_MIN = 0.001
_SAME_VENUE: Final = {"binance.vision": "binance.com", "binancefuture.com": "binance.com"}


class Host(msgspec.Struct):
    """A venue or a host of it: until when it is left alone, and why.

    ``attempts``: when a host of the venue was attempted, oldest first; a venue's only.
    """

    attempts: list[float] = []
    held_at: float = 0.0
    held_until: float = 0.0
    status: int = 0


class Attempts(msgspec.Struct):
    """The content of the file: venues and hosts by key, the one used last at the end."""

    hosts: dict[str, Host] = {}


def host_key(host: str) -> str:
    """Return the key of a host: its name, or host:port where it is on this machine.

    The venue counts an address' attempts whatever the port; a simulator here is none of its
    business, and two of them none of each other's.
    """
    name, _, port = host.rpartition(":") if host.rpartition(":")[2].isdecimal() else (host, "", "")
    name = name.strip("[]").lower()
    return f"{name}:{port}" if port and is_loopback(name) else name


def venue_key(host: str) -> str:
    """Return what is counted as one: the venue of a host, named after its registered domain.

    An address, and what is on this machine, is a venue of its own.
    """
    key = host_key(host)
    labels = key.rstrip(".").split(".")
    if ":" in key or labels[-1].isdecimal():
        return key
    domain = ".".join(labels[-2:])
    return _SAME_VENUE.get(domain, domain)


def ask(content: Attempts, host: str, limit: int, now: float) -> float:
    """Count an attempt and return 0, or count nothing and return the seconds to wait.

    ``limit`` is how many may be made in any ``WINDOW_SECONDS``, at all hosts of the venue together.
    """
    venue = _entry(content, venue_key(host), now)
    alone = content.hosts.get(host_key(host), venue)
    held_until = max(venue.held_until, alone.held_until)
    if held_until > now:
        return held_until - now
    if len(venue.attempts) < limit:
        venue.attempts.append(now)
        return 0.0
    free_at = venue.attempts[-limit] + WINDOW_SECONDS
    return max(free_at - now, _WAIT_SECONDS_MIN)


def refused(host: str, status: int) -> str:
    """Return the key of what a refusal with HTTP ``status`` is about: the venue, or the host."""
    return venue_key(host) if status in ADDRESS_REFUSED else host_key(host)


def hold(content: Attempts, host: str, status: int, seconds: float, now: float) -> float:
    """Take in a refusal with HTTP ``status``; return how long it keeps us away now."""
    found = _entry(content, refused(host, status), now)
    until = now + min(max(seconds, 0.0), HOLD_SECONDS_MAX)
    if until > found.held_until:
        found.held_at, found.held_until, found.status = now, until, status
    return found.held_until - now


def _entry(content: Attempts, key: str, now: float) -> Host:
    """Return a key's entry; bring all up to ``now`` and drop those that say nothing any more."""
    for name, host in list(content.hosts.items()):
        _age(host, now)
        if not host.attempts and not host.held_until:
            del content.hosts[name]
    found = content.hosts.pop(key, None) or Host()
    while len(content.hosts) >= HOSTS_MAX:
        del content.hosts[next(iter(content.hosts))]
    content.hosts[key] = found
    return found


def _age(host: Host, now: float) -> None:
    oldest, newest = now - WINDOW_SECONDS, now + SLEW_SECONDS
    host.attempts = sorted(at for at in host.attempts if oldest < at <= newest)
    if host.held_at > newest:
        host.held_until = now + min(host.held_until - host.held_at, HOLD_SECONDS_MAX)
        host.held_at = now
    if host.held_until <= now or host.held_until > now + HOLD_SECONDS_MAX + SLEW_SECONDS:
        host.held_at = host.held_until = 0.0
        host.status = 0


def join(content: Attempts, kept: Attempts) -> None:
    """Add what a process kept in memory while it could not use the file."""
    for key, own in kept.hosts.items():
        host = content.hosts.setdefault(key, Host())
        host.attempts = sorted({*host.attempts, *own.attempts})
        if own.held_until > host.held_until:
            host.held_at, host.held_until, host.status = own.held_at, own.held_until, own.status


def report(content: Attempts, now: float) -> dict[str, dict[str, float]]:
    """Return by venue or host ``attempts`` of the window, ``held_s`` and the ``status`` behind."""
    for host in content.hosts.values():
        _age(host, now)
    return {
        key: {
            "attempts": len(host.attempts),
            "held_s": max(0.0, host.held_until - now),
            "status": host.status,
        }
        for key, host in content.hosts.items()
    }
