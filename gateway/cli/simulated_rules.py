"""The options of ``gateway simulate`` that set the venue's limits, and its control room's help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gateway.errors import UsageError
from gateway.simulator.heartbeat import PING_RULES, pings_every
from gateway.simulator.orders import ORDERS
from gateway.simulator.rules import DAY_S, Pool, Rules

F = TypeVar("F", bound=Callable[..., Any])
_SECONDS = click.FloatRange(0, min_open=True)


def rule_options(function: F) -> F:
    """Add the options; the command gets the keyword arguments of ``rules_of``."""
    options = (
        click.option(
            "--day",
            type=_SECONDS,
            metavar="SECONDS",
            help="Cut each connection at this age (default 86400, the venue's 24 hours).",
        ),
        click.option(
            "--notice",
            type=click.FloatRange(0),
            metavar="SECONDS",
            help="Send serverShutdown on spot so long before the cut (default: 1/144 of the day).",
        ),
        click.option(
            "--ping-every",
            type=click.FloatRange(0.5),
            metavar="SECONDS",
            help="Ping at this interval (default: spot 20, futures 180); deadlines in proportion.",
        ),
        click.option(
            "--spot-weight",
            type=click.IntRange(0),
            metavar="N",
            help="REST weight a minute on spot (default 6000).",
        ),
        click.option(
            "--futures-weight",
            type=click.IntRange(0),
            metavar="N",
            help="REST weight a minute on USD-M and COIN-M together (default 2400).",
        ),
        click.option(
            "--no-bans",
            is_flag=True,
            help="Do not ban who breaks the message rate repeatedly (418 at the handshake).",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def rules_of(
    *,
    day: float | None,
    notice: float | None,
    ping_every: float | None,
    spot_weight: int | None,
    futures_weight: int | None,
    no_bans: bool,
) -> Rules:
    """Return the rules that the options give; raises UsageError."""
    usual = Rules()
    day_s = DAY_S if day is None else day
    if notice is not None and notice > day_s:
        raise UsageError(f"--notice {notice:g}", "is longer than the day", "give less than --day")
    weights = {Pool.SPOT: spot_weight, Pool.FUTURES: futures_weight}
    return Rules(
        pings=PING_RULES if ping_every is None else pings_every(ping_every),
        day_s=day_s,
        notice_s=notice,
        offences=0 if no_bans else usual.offences,
        weights={
            pool: usual.weights[pool] if limit is None else limit for pool, limit in weights.items()
        },
    )


def control_help() -> str:
    """Return what can be asked of a running simulator, as an epilog of click."""
    orders = "\n".join(
        f"  POST /sim/{name}  {example}\n    {(kind.__doc__ or '').splitlines()[0]}"
        for name, (kind, example) in ORDERS.items()
    )
    return f"""\b
Control room, on the REST address. Orders are JSON; those that choose
connections take "market", "connection" (an id of /sim/status) and "stream",
or none for all:
  GET  /sim/status
    Frames sent, connections, refusals, and the rules that clients broke.
  GET  /sim/book?market=spot&symbol=BTCUSDT[&id=N]
    The true book, now or at an update id.
{orders}
"""
