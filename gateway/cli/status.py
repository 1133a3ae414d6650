"""``gateway status``: shards, streams, connections, instruments by state, rates, latencies."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import click

from gateway.cli.live.listing import cells
from gateway.cli.live.show import first_view
from gateway.cli.manual import manual
from gateway.cli.options import json_option, run_dir_option
from gateway.cli.status_text import lines
from gateway.cli.view import View
from gateway.cli.widths import terminal_width, wrapped
from gateway.errors import NotRunning
from gateway.watch import changes as watch
from gateway.watch.rows import arrange
from gateway.watch.watcher import Watcher
from gateway_client import ClientError, Gateway, GatewayStatus

_SAMPLE_SECONDS = 0.5
_ANSWER_SECONDS = 1.0
_TEXTS = ("symbol", "state", "bid_qty", "bid_px", "ask_px", "ask_qty", "last")


@click.command(
    "status",
    epilog=manual(
        (
            "gateway status",
            "gateway status --json | jq .frames_per_second",
            "gateway status > /dev/null || echo 'no gateway is alive'",
        ),
        (69, 76),
    ),
)
@json_option
@run_dir_option
def command(as_json: bool, run_dir: str) -> None:
    """Show how the gateway is doing; ends with 69 if no shard of it is alive.

    Totals, and the names of what is not as it should be; --json has every stream, connection and
    instrument. Rates are those of half a second; counters and latencies count from the start of the
    shard.
    """
    with Gateway(run_dir or None) as gateway, Watcher(run_dir or None) as watcher:
        watched = first_view(watcher, _SAMPLE_SECONDS)
        view = _view(gateway.status(), watched)
        answer = _answer(gateway)
    weight, hosts = answer.get("weight"), answer.get("hosts")
    if as_json:
        click.echo(json.dumps(_object(view, watched) | {"weight": weight, "hosts": hosts}))
    else:
        width = terminal_width()
        for line in lines(view, time.time_ns(), weight, hosts):
            click.echo("\n".join(wrapped(line, width)))
    if not view.is_alive:
        sys.exit(NotRunning.exit_code)


def _view(status: GatewayStatus, watched: watch.View) -> View:
    rates = {link.of.name: link.rate for shard in watched.shards for link in shard.links}
    return View(status, watched.rate, watched.bytes_rate, rates)


def _object(view: View, watched: watch.View) -> dict[str, object]:
    found = dataclasses.asdict(view.status)
    found["alive"] = view.is_alive
    found["frames_per_second"] = round(view.frames_per_second, 1)
    found["bytes_per_second"] = round(view.bytes_per_second, 1)
    found["deliveries"] = dict(view.deliveries())
    found["symbols"] = [_symbol(row) for row in arrange(watched.rows)]
    for shard in found["shards"]:
        shard["generation"] = str(shard["generation"])  # over 2^53
    return found


def _answer(gateway: Gateway) -> Mapping[str, Any]:
    """What the supervisor knows of weight and hosts; empty where it does not answer."""
    try:
        found: Mapping[str, Any] = gateway.request("status", timeout=_ANSWER_SECONDS)
    except ClientError:
        return {}
    return found


def _symbol(row: watch.Row) -> dict[str, object]:
    of = row.of
    texts = [text for text, _ in cells(row)]
    named = zip(_TEXTS, texts, strict=False)
    return dict(named) | {"rate": row.rate, "age_ns": of.silent_ns, "gaps": of.gaps}
