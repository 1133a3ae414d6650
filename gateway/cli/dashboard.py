"""``gateway dashboard``: a page for a browser that shows a gateway as it runs."""

from __future__ import annotations

import asyncio
import signal
import webbrowser
from collections.abc import Coroutine

import click

from gateway.cli.manual import manual
from gateway.cli.options import run_dir_option
from gateway.dashboard.guard import Listen, listen_of

DEFAULT_LISTEN = "127.0.0.1:9465"
DEFAULT_RATE = 5.0


@click.command(
    "dashboard",
    epilog=manual(("gateway dashboard --open", "gateway dashboard --listen 127.0.0.1:0"), (98,)),
)
@click.option(
    "--listen", metavar="HOST:PORT", default=DEFAULT_LISTEN, show_default=True,
    help="Address of the page, on loopback; port 0 is any free one.",
)  # fmt: skip
@click.option("--open", "is_opened", is_flag=True, help="Open the page in a browser.")
@click.option(
    "--rate", metavar="HZ", type=click.FloatRange(1, 20), default=DEFAULT_RATE, show_default=True,
    help="How often a second the page is refreshed, 1 to 20.",
)  # fmt: skip
@run_dir_option
def command(listen: str, is_opened: bool, rate: float, run_dir: str) -> None:
    """Serve a page that shows a gateway as it runs, until Ctrl-C.

    It shows one order book as a ladder and a depth chart, all instruments, shards and their
    connections, latencies, rates and gaps. Data that may not be trusted is struck out, with the
    reason. Read from shared memory by this process: it costs the gateway nothing.

    It waits for a gateway where none runs, and follows one that is started anew. The page is for
    this host alone, and for everybody on it; nothing can be changed on it.
    """
    address = listen_of(listen)
    # uvloop is of use to many connections; here it would only make the start slower.
    asyncio.run(_serve(address, rate, run_dir, is_opened))


async def _serve(listen: Listen, rate: float, run_dir: str, is_opened: bool) -> None:
    # Here, for the help of this command comes sooner without it.
    from gateway.dashboard.server import Dashboard

    dashboard = Dashboard(listen, rate, run_dir)
    await dashboard.start()
    try:
        click.echo(f"gateway dashboard: {dashboard.address} (Ctrl-C ends it)")
        if is_opened and not await asyncio.to_thread(webbrowser.open, dashboard.address):
            click.echo("gateway: no browser was found here; open the page by hand", err=True)
        await _until_told(dashboard.wait())
    finally:
        await dashboard.close()


async def _until_told(serving: Coroutine[None, None, object]) -> None:
    """Wait for SIGINT or SIGTERM; raises what ended ``serving``."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    tasks = {asyncio.create_task(serving), asyncio.create_task(told.wait())}
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    for task in done:
        task.result()
