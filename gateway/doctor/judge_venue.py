"""What is thought of the venue's hosts and routes. Pure: measured values in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.doctor.findings import Finding, bad, ok, skipped, warn
from gateway.errors import VenueError

TLS: Final = "TLS"
CODE: Final = VenueError.exit_code
DAYS_WARN: Final = 14.0  # a certificate that is not renewed by then is forgotten
RARE_PER_S: Final = 0.5  # a stream this slow may be silent while all is well
_SHOWN: Final = 3
_NETWORK: Final = "check network, DNS and firewall, or set upstream.proxy"
_REFUSED: Final = {
    403: "wait, or go another way: upstream.proxy, upstream.endpoints",
    418: "wait until the ban is over; no gateway of this user asks before",
    429: "wait; see which program connects again and again",
    451: "the venue does not serve this place: upstream.proxy",
}
_AUTHORITY: Final = "name the authority to trust with upstream.tls_ca_file"


@dataclass(frozen=True, slots=True)
class Knock:
    """What came of a connection to ``host``.

    ``problem`` of TCP (or the proxy), ``tls_problem`` of TLS; ``days`` the certificate is good for,
    None: the address has no TLS. ``held_s`` > 0: not tried, the host is left alone.
    """

    host: str
    seconds: float = 0.0
    problem: str = ""
    tls_problem: str = ""
    days: float | None = None
    held_s: float = 0.0


def judge_hosts(name: str, knocks: Sequence[Knock], via: str = "") -> Finding:
    """Judge the hosts of one market's WebSockets or REST, the first one first."""
    tried = [knock for knock in knocks if not knock.held_s]
    if not tried:
        wait = max((knock.held_s for knock in knocks), default=0.0)
        return skipped(name, f"nothing may be asked there for {wait:.0f} s (bans and budgets)")
    failed = [knock for knock in tried if knock.problem]
    told = _told([f"{knock.host}: {knock.problem}" for knock in failed])
    mend = "check upstream.proxy" if via else _NETWORK
    if len(failed) == len(tried):
        return bad(name, told, mend, CODE)
    fastest = min(knock.seconds for knock in tried if not knock.problem)
    seen = f"{len(tried) - len(failed)} of {len(tried)} answer, the first in {fastest * 1e3:.0f} ms"
    seen += f" {via}" if via else ""
    return warn(name, f"{seen}; {told}", mend) if failed else ok(name, seen)


def judge_tls(knocks: Sequence[Knock], trusts: str) -> Finding:
    """Judge all certificates; ``trusts``: whose authorities count."""
    refused = [f"{knock.host}: {knock.tls_problem}" for knock in knocks if knock.tls_problem]
    days = [knock.days for knock in knocks if knock.days is not None]
    if refused:
        return bad(TLS, _told(refused), _AUTHORITY, CODE)
    if not days:
        answered = any(not knock.problem and not knock.held_s for knock in knocks)
        why = "addresses on this host, in the clear" if answered else "no host could be asked"
        return skipped(TLS, why)
    seen = f"{len(days)} verified by {trusts}, good for {min(days):.0f} days at least"
    if min(days) < DAYS_WARN:
        return warn(TLS, seen, "have whoever runs the host or proxy renew it")
    return ok(TLS, seen)


def _told(problems: Sequence[str]) -> str:
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return "; ".join(problems[:_SHOWN]) + more


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one address of a route.

    ``error``: it could not be opened, was refused (HTTP ``status``) or lost. ``first_s``: seconds
    from the request to the first frame; None: none came in ``waited_s``. ``held_s`` > 0: not tried.
    """

    host: str
    first_s: float | None = None
    waited_s: float = 0.0
    is_acked: bool = False
    error: str = ""
    status: int = 0
    held_s: float = 0.0


def judge_route(name: str, stream: str, rate: float, heard: Sequence[Heard], until: str) -> Finding:
    """Judge a route by its addresses in the order they were tried; ``until``: a hold's end."""
    last = heard[-1]
    problems = _told([f"{each.host}: {_problem(each)}" for each in heard if each.first_s is None])
    if last.first_s is not None:
        seen = f"{stream} came from {last.host} after {last.first_s * 1e3:.0f} ms"
        mend = "nothing, where it lasts: put the host that works first in upstream.endpoints"
        return warn(name, f"{seen}; {problems}", mend) if problems else ok(name, seen)
    tried = [each for each in heard if not each.held_s]
    if not tried:
        return skipped(name, f"no connection may be attempted until {until} (bans and budgets)")
    if all(each.is_acked and not each.error for each in tried):
        if rate < RARE_PER_S:
            mend = f"gateway doctor again, or subscribe something livelier than {stream} beside it"
            return warn(name, f"{stream} seldom has news: {problems}", mend)
        mend = "the wrong route or a firewall that drops: see upstream.endpoints, or wait"
        return bad(name, f"{stream}: {problems}", mend, CODE)
    refused = next((_REFUSED[each.status] for each in tried if each.status in _REFUSED), "")
    return bad(name, f"{stream}: {problems}", refused or _NETWORK, CODE)


def _problem(heard: Heard) -> str:
    if heard.error or heard.held_s:
        return heard.error or "left alone"
    kind = "acked, then silent" if heard.is_acked else "neither ack nor data"
    return f"{kind} for {heard.waited_s:.0f} s"
