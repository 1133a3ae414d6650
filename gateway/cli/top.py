"""``gateway top``: a live table of every instrument."""

from __future__ import annotations

import click

from gateway.cli.options import run_dir_option
from gateway.cli.screen import show, show_once
from gateway.cli.view import Viewer
from gateway_client import Gateway


@click.command("top")
@click.option("--once", is_flag=True, help="Print it once and end.")
@run_dir_option
def command(once: bool, run_dir: str) -> None:
    """Show every instrument: state, best bid and offer, last price, rate, age and gaps.

    On a terminal the table is refreshed in place until q or Ctrl-C; elsewhere it is printed as
    plain lines every two seconds. Read from shared memory: it costs the gateway nothing.
    """
    with Gateway(run_dir or None) as gateway:
        if once:
            show_once(Viewer(gateway))
        else:
            show(Viewer(gateway))
