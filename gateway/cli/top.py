"""``gateway top``: a live table of every instrument."""

from __future__ import annotations

import click

from gateway.cli.options import run_dir_option
from gateway.cli.screen import show, show_once
from gateway.cli.view import ORDERS, Viewer
from gateway_client import Gateway


@click.command("top")
@click.option("--once", is_flag=True, help="Print it once and end.")
@click.option(
    "--sort", "order", type=click.Choice(list(ORDERS)), default="symbol", show_default=True,
    help="What comes first: names in order, most frames, most gaps, worst state.",
)  # fmt: skip
@click.option(
    "--limit", metavar="N", type=click.IntRange(1),
    help="Instruments to show; on a terminal never more than fit.",
)  # fmt: skip
@run_dir_option
def command(once: bool, order: str, limit: int | None, run_dir: str) -> None:
    """Show every instrument: state, best bid and offer, last price, rate, age and gaps.

    On a terminal the table is refreshed in place until q or Ctrl-C, and s changes the order;
    elsewhere it is printed as plain lines every two seconds. Instruments that have no quote, as
    pairs and indices, show the price that they have. Read from shared memory: it costs the gateway
    nothing.
    """
    with Gateway(run_dir or None) as gateway:
        if once:
            show_once(Viewer(gateway, order), limit)
        else:
            show(Viewer(gateway, order), limit=limit)
