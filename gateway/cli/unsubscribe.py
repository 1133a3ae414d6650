"""``gateway unsubscribe``: stop carrying streams, without a restart."""

from __future__ import annotations

import click

from gateway.cli import complete
from gateway.cli.change import change
from gateway.cli.manual import manual
from gateway.cli.options import json_option, run_dir_option


@click.command(
    "unsubscribe",
    epilog=manual(
        ("gateway unsubscribe spot:solusdt@trade", "gateway unsubscribe 'spot:*usdt@trade'"),
        (67, 69),
    ),
)
@click.argument(
    "streams", metavar="STREAM...", nargs=-1, required=True, shell_complete=complete.streams
)
@json_option
@run_dir_option
def command(streams: tuple[str, ...], as_json: bool, run_dir: str) -> None:
    """Have the running gateway stop carrying streams.

    STREAM is a name (spot:btcusdt@trade) or a pattern in quotes ('spot:*usdt@trade'), which takes
    all that it matches; it need not have been subscribed in the same words. Values of what is
    dropped are RETIRED; the other streams see no gap.

    It lasts until the gateway ends, also for streams of the configuration file. A stream that is
    not carried is named on a line of its own; the exit code is then 67.
    """
    change("unsubscribe", streams, as_json, run_dir)
