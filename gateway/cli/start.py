"""``gateway start``: run a gateway until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import click
from msgspec import structs

from gateway import __version__, log
from gateway.cli.manual import manual
from gateway.cli.numbers import counted
from gateway.cli.options import config_option, override_options, run_dir_option, settings_of
from gateway.config import Config, Upstream, selection_of
from gateway.config.files import STDIN
from gateway.errors import UsageError
from gateway.layout_enums import Kind
from gateway.plan import ShardPlan
from gateway.rundir import candidates
from gateway.state import state_directory

if TYPE_CHECKING:
    from gateway.cli.simulated import Addresses
    from gateway.supervisor.running import Started

_log = logging.getLogger("gateway")


@click.command(
    "start",
    epilog=manual(
        (
            "gateway start",
            "gateway start --simulate",
            "gateway start --subscribe 'spot:*usdt@trade' --subscribe usdm:!ticker@arr",
            "GATEWAY_BOOK_LEVELS=50 gateway start --config gateway.toml",
        ),
        (66, 69, 73, 75, 78, 98, 130),
        ("GATEWAY_CONFIG", "GATEWAY_RUN_DIR", "GATEWAY_<KEY>", "GATEWAY_LOG"),
    ),
)
@config_option
@run_dir_option
@override_options
@click.option("--simulate", is_flag=True, help="Use a market that is made up here, not Binance.")
@click.option("--no-wait", is_flag=True, help="End with 69 if the venue cannot be reached now.")
@click.option("--log-json", is_flag=True, help="Log JSON lines (default under systemd).")
def command(
    config: str,
    run_dir: str,
    upstream_ws: str,
    upstream_rest: str,
    subscribe: tuple[str, ...],
    simulate: bool,
    no_wait: bool,
    log_json: bool,
) -> None:
    """Run a gateway until it is told to stop (Ctrl-C, SIGTERM).

    By default it carries BTCUSDT and ETHUSDT of Binance spot and USD-M futures: best bid and offer,
    order book, trades and 24 h statistics.

    If the venue cannot be reached, a line says so and the gateway keeps trying.

    A pattern that matches nothing today is a warning, and takes what is listed later; a name that
    the venue does not list ends the start with 78.

    SIGHUP has it read --config again and follow what changed in 'subscribe' and the other keys that
    'gateway config init' marks; those that need a restart are named in the log. A file that is
    wrong changes nothing.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the supervisor listens to it
    if log_json:
        os.environ[log.LOG_VARIABLE] = "json"
    log.set_up()
    if simulate and (upstream_ws or upstream_rest):
        raise UsageError("--simulate", "is an upstream itself", "leave out --upstream-ws and -rest")
    if config == STDIN:
        raise UsageError("--config -", "cannot be read again", "name a file")
    settled = settings_of(config, subscribe, upstream_ws, upstream_rest)
    for remark in settled.remarks:
        _log.warning("%s", remark)
    origin = settled.origins.get("subscribe", "default subscriptions")

    def settings() -> Config:
        return settings_of(config, subscribe, upstream_ws, upstream_rest).config

    # Not at the top: help and completion of this command are to come at once.
    from gateway.supervisor.service import Order, run

    with ExitStack() as stack:
        given, read_again = settled.config, settings
        if simulate:
            from gateway.cli.simulated import simulator

            _log.info("starting a simulated market")
            addresses = stack.enter_context(simulator(selection_of(given, origin)))
            read_again = partial(_on_simulator, settings, addresses)
            given = read_again()
        order = Order(
            given,
            origin,
            wait_for_venue=not no_wait,
            read_again=read_again if config else None,
            state=None if simulate else state_directory(),  # a made-up market ends with us
        )
        run(order, candidates(run_dir or given.run_dir), _announce)


def _on_simulator(settings: Callable[[], Config], addresses: Addresses) -> Config:
    """Return the settings with a simulator for upstream, which no proxy leads to."""
    return structs.replace(settings(), upstream=Upstream(ws=addresses.ws, rest=addresses.rest))


def _announce(started: Started) -> None:
    """Say on stdout what runs, how large it is and what to try next."""
    click.echo(f"gateway {__version__} is running in {started.run_dir}, pid {os.getpid()}")
    click.echo(f"  upstream  {started.upstream}")
    for plan in started.plans:
        streams = counted(len(plan.streams), "stream")
        parts = f"{counted(len(plan.symbols), 'symbol')}, {streams}"
        connections = counted(len(plan.connections), "connection")
        click.echo(f"  shard {plan.shard_id:<4}{parts} over {connections}")
    rings = {
        f"{plan.events_ring_bytes / 2**20:g} MiB + {plan.raw_ring_bytes / 2**20:g} MiB"
        for plan in started.plans
    }
    each = f"{len(started.plans)} x " if len(started.plans) > 1 else ""
    size = started.segment_bytes / 2**20
    click.echo(f"  memory    {size:.1f} MiB (of it rings: {each}{', '.join(rings)})")
    if started.metrics:
        click.echo(f"  metrics   {started.metrics}/metrics")
    where = "" if started.run_dir in candidates("", {}) else f" --run-dir {started.run_dir}"
    for number, line in enumerate(suggestions(started.plans)):
        click.echo(f"  {'' if number else 'try':<10}gateway {line}{where}")


def suggestions(plans: Sequence[ShardPlan]) -> list[str]:
    """Return commands that show something of what is carried."""
    streams = [stream for plan in plans for stream in plan.streams]
    if not streams:
        return ["status", "subscribe STREAM"]
    booked = next((each.name for each in streams if each.kind is Kind.DIFF), "")
    if not booked:
        return ["top", f"tail '{streams[0].name}'"]
    symbol = booked.partition("@")[0]
    market, _, name = symbol.partition(":")
    return ["top", f"book {market}:{name.upper()}", f"tail '{symbol}@'"]
