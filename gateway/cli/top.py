"""``gateway top``: a live view of a gateway, full-screen on a terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import click

from gateway.cli.live.show import first_view, show
from gateway.cli.live.state import State
from gateway.cli.live.terminal import can_be_taken
from gateway.cli.manual import manual
from gateway.cli.options import run_dir_option
from gateway.cli.plain import lines
from gateway.cli.view_object import view_object
from gateway.cli.widths import terminal_width
from gateway.watch.changes import View, compare
from gateway.watch.rows import ORDERS, arrange
from gateway.watch.watcher import Watcher

BLOCK_SECONDS = 2.0  # between blocks of plain lines, where no other interval is given
SCREEN_SECONDS = 1.0


@click.command(
    "top",
    epilog=manual(
        (
            "gateway top",
            "gateway top --sort rate --filter 'usdm !live'",
            "gateway top --once --json | jq .frames_per_second",
        ),
        (69, 76),
    ),
)
@click.option("--once", is_flag=True, help="Print it once and end.")
@click.option(
    "--json", "as_json", is_flag=True,
    help="Print a JSON object a line for each reading; with --once a single one.",
)  # fmt: skip
@click.option(
    "--sort", "order", type=click.Choice(list(ORDERS)), default="symbol", show_default=True,
    help="What comes first: names in order, most frames, most gaps, worst state, longest silence, "
    "widest spread.",
)  # fmt: skip
@click.option("--reverse", is_flag=True, help="Sort the other way round.")
@click.option(
    "--filter", "text", default="", metavar="WORDS",
    help="Only instruments in whose name or state every word occurs, as 'usdt gapped'; a word "
    "behind ! must not occur, as '!live'.",
)  # fmt: skip
@click.option(
    "--limit", metavar="N", type=click.IntRange(1), help="Instruments to show; default: all."
)
@click.option(
    "--interval", metavar="SECONDS", type=click.FloatRange(0.1, 3600),
    help="Between readings; default 1, for plain lines 2.",
)  # fmt: skip
@run_dir_option
def command(
    once: bool, as_json: bool, order: str, reverse: bool, text: str, limit: int | None,
    interval: float | None, run_dir: str,
) -> None:  # fmt: skip
    """Show a gateway as it runs: shards, connections, rates, latencies, gaps and instruments.

    On a terminal the picture is refreshed in place; ? tells the keys: to sort, to filter, and to
    look at one order book. Elsewhere plain lines are printed again and again until Ctrl-C. Rates
    and latencies are those since the reading before. Instruments that have no quote, as pairs and
    indices, show the price that they have. Read from shared memory: it costs the gateway nothing.
    """
    state = State(order=order, reverse=reverse, text=text, interval=interval or SCREEN_SECONDS)
    with Watcher(run_dir or None, with_report=True) as watcher:
        if once:
            _print(first_view(watcher, interval or SCREEN_SECONDS), state, limit, as_json)
        elif as_json or not can_be_taken():
            follow(watcher, state, limit, interval or BLOCK_SECONDS, as_json)
        else:
            show(watcher, state, limit)


def follow(
    watcher: Watcher, state: State, limit: int | None, interval: float, as_json: bool = False,
    seconds: float | None = None,
) -> None:  # fmt: skip
    """Print a view after each ``interval``, for ``seconds`` or until Ctrl-C."""
    try:
        for view in _views(watcher, interval, seconds):
            _print(view, state, limit, as_json)
            if not as_json:
                click.echo()
    except KeyboardInterrupt:
        pass  # the way to end it


def _views(watcher: Watcher, interval: float, seconds: float | None) -> Iterator[View]:
    until = time.monotonic() + seconds if seconds is not None else float("inf")
    before = watcher.take()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(interval, left))
        after = watcher.take()
        yield compare(before, after)
        before = after


def _print(view: View, state: State, limit: int | None, as_json: bool) -> None:
    rows = arrange(view.rows, state.order, state.reverse, state.text)[:limit]
    if as_json:
        click.echo(json.dumps(view_object(view, rows)))
        return
    click.echo("\n".join(lines(view, rows, terminal_width())))
