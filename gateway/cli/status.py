"""``gateway status``: shards, streams, connections, instruments by state, rates, latencies."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import click

from gateway.cli.options import json_option, run_dir_option
from gateway.cli.status_text import lines
from gateway.cli.view import View, Viewer
from gateway.errors import NotRunning
from gateway_client import ClientError, Gateway

_SAMPLE_SECONDS = 0.5
_ANSWER_SECONDS = 1.0


@click.command("status")
@json_option
@run_dir_option
def command(as_json: bool, run_dir: str) -> None:
    """Show how the gateway is doing; ends with 69 if no shard of it is alive.

    Totals, and the names of what is not as it should be; --json has every stream, connection and
    instrument. Rates are those of half a second; counters and latencies count from the start of the
    shard.
    """
    with Gateway(run_dir or None) as gateway:
        viewer = Viewer(gateway)
        viewer.look(limit=0)
        time.sleep(_SAMPLE_SECONDS)
        view = viewer.look(limit=None if as_json else 0)
        answer = _answer(gateway)
    weight, hosts = answer.get("weight"), answer.get("hosts")
    if as_json:
        click.echo(json.dumps(_object(view) | {"weight": weight, "hosts": hosts}))
    else:
        click.echo("\n".join(lines(view, time.time_ns(), weight, hosts)))
    if not view.is_alive:
        sys.exit(NotRunning.exit_code)


def _object(view: View) -> dict[str, object]:
    found = dataclasses.asdict(view.status)
    found["alive"] = view.is_alive
    found["frames_per_second"] = round(view.frames_per_second, 1)
    found["bytes_per_second"] = round(view.bytes_per_second, 1)
    found["deliveries"] = dict(view.deliveries())
    found["symbols"] = [
        dataclasses.asdict(row) | {"state": row.state.name, "age_ns": _or_none(row.age_ns)}
        for row in view.symbols
    ]
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


def _or_none(value: float) -> int | None:
    return None if value != value else int(value)  # NaN is no JSON
