"""``gateway subscribe``: carry more streams, without a restart."""

from __future__ import annotations

import click

from gateway.cli import complete
from gateway.cli.change import change
from gateway.cli.manual import manual
from gateway.cli.options import json_option, run_dir_option


@click.command(
    "subscribe",
    epilog=manual(
        (
            "gateway subscribe spot:solusdt@trade 'usdm:eth*@aggTrade'",
            "gateway subscribe --json spot:btcusdt@kline_1m | jq .added",
        ),
        (67, 69, 73),
    ),
)
@click.argument(
    "streams", metavar="STREAM...", nargs=-1, required=True, shell_complete=complete.new_streams
)
@json_option
@run_dir_option
def command(streams: tuple[str, ...], as_json: bool, run_dir: str) -> None:
    """Have the running gateway carry more streams.

    STREAM is a name (spot:btcusdt@trade) or a pattern in quotes ('usdm:*usdt@markPrice@1s'), which
    takes every instrument that trades, and those that are listed later. Streams that are carried
    already see no gap.

    It lasts until the gateway ends. What is to last longer belongs into its configuration file,
    which it reads again on SIGHUP.

    A stream that cannot be carried is named on a line of its own, the others are carried; the exit
    code is then 2 (malformed, or it would feed a book twice), 67 (the venue has no such symbol, or
    a pattern matches nothing that trades now: it is not kept either, unlike one that the gateway
    was started with) or 73 (no room).
    """
    change("subscribe", streams, as_json, run_dir)
