"""``gateway start``: run a gateway until it is told to stop."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import click

from gateway import __version__, log
from gateway.cli.options import run_dir_option
from gateway.cli.simulated import simulator
from gateway.config import Config, load, override, streams_of
from gateway.errors import UsageError
from gateway.rundir import candidates
from gateway.supervisor.service import Order, Started, run


@click.command("start")
@click.option("--config", metavar="FILE", help="Configuration, TOML. Default: built in.")
@run_dir_option
@click.option(
    "--upstream-ws", metavar="URL", default="", help="Instead of Binance, ws://host:port."
)
@click.option("--upstream-rest", metavar="URL", default="", help="The same for REST, http://…")
@click.option(
    "--subscribe",
    metavar="STREAM",
    multiple=True,
    help="Stream to carry, as spot:btcusdt@trade; repeat it. Replaces the configured ones.",
)
@click.option("--simulate", is_flag=True, help="Use a market that is made up here, not Binance.")
@click.option("--no-wait", is_flag=True, help="End with 69 if the venue cannot be reached now.")
@click.option("--log-json", is_flag=True, help="Log JSON lines (default under systemd).")
def command(
    config: str | None,
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
    """
    if log_json:
        os.environ[log.LOG_VARIABLE] = "json"
    log.set_up()
    origin = "--subscribe" if subscribe else config or "default subscriptions"
    settings = override(
        load(Path(config)) if config else Config(),
        subscribe=subscribe,
        upstream_ws=upstream_ws,
        upstream_rest=upstream_rest,
    )
    with ExitStack() as stack:
        if simulate:
            settings = _simulated(settings, origin, upstream_ws, stack)
        places = candidates(run_dir or settings.run_dir)
        run(Order(settings, origin, wait_for_venue=not no_wait), places, _announce)


def _simulated(settings: Config, origin: str, upstream_ws: str, stack: ExitStack) -> Config:
    if upstream_ws:
        raise UsageError("--simulate", "is an upstream itself", "leave out --upstream-ws and -rest")
    addresses = stack.enter_context(simulator(streams_of(settings, origin)))
    return override(settings, upstream_ws=addresses.ws, upstream_rest=addresses.rest)


def _announce(started: Started) -> None:
    """Say on stdout what runs, how large it is and what to try next."""
    click.echo(f"gateway {__version__} is running in {started.run_dir}, pid {os.getpid()}")
    click.echo(f"  upstream  {started.upstream}")
    for plan in started.plans:
        parts = f"{len(plan.symbols)} symbols, {len(plan.streams)} streams"
        click.echo(f"  shard {plan.shard_id}   {parts} over {len(plan.connections)} connections")
    rings = " + ".join(
        f"{size / 2**20:g} MiB"
        for plan in started.plans
        for size in (plan.events_ring_bytes, plan.raw_ring_bytes)
    )
    click.echo(f"  memory    {started.segment_bytes / 2**20:.1f} MiB (of it rings: {rings})")
    where = "" if started.run_dir in candidates("", {}) else f" --run-dir {started.run_dir}"
    symbol = started.plans[0].streams[0].name.partition("@")[0]
    market, _, name = symbol.partition(":")
    click.echo(f"  try       gateway top{where}")
    click.echo(f"            gateway book {market}:{name.upper()}{where}")
    click.echo(f"            gateway tail '{symbol}@'{where}")
