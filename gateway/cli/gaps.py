"""``gateway gaps``: what the streams missed, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from gateway.cli.live.text import Column, plain, table
from gateway.cli.manual import manual
from gateway.cli.numbers import NOTHING, duration
from gateway.cli.options import run_dir_option
from gateway.cli.widths import terminal_width, wrapped
from gateway_client import Gap, Gateway

_COLUMNS = (
    Column("state", "<"), Column("stream", "<"), Column("missing ids", "<", rank=3),
    Column("missing"), Column("recovered", rank=2), Column("found at (UTC)", "<", rank=1),
    Column("lasted", "<"), Column("event before (UTC)", "<", rank=4),
    Column("event after (UTC)", "<", rank=5),
)  # fmt: skip
"""What does not fit on a terminal is left out, the greatest rank first."""


@click.command(
    "gaps",
    epilog=manual(
        ("gateway gaps", "gateway gaps --open", "gateway gaps --json | jq '.[].stream'"),
        (69, 76),
    ),
)
@click.option("--open", "is_open", is_flag=True, help="Only those that are still being fetched.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON array, an object for each gap."
)
@run_dir_option
def command(is_open: bool, as_json: bool, run_dir: str) -> None:
    """List the gaps in the streams, from shared memory: the last 1024 of each shard.

    OPEN: found, and being fetched. FILLED: every missing event was fetched and delivered in order,
    with flag B. PARTIAL: some were. LOST: nothing brings them back. HEALED: an order book that is
    right again, though what happened meanwhile is not known. Ids of candles are their open times
    in milliseconds.
    """
    with Gateway(run_dir or None) as gateway:
        found = [gap for gap in gateway.gaps() if gap.is_open or not is_open]
        total = gateway.counters().get("gaps", 0)
    if as_json:
        click.echo(json.dumps([_object(gap) for gap in found]))
    elif found:
        click.echo("\n".join(lines(found, terminal_width())))
    elif is_open:
        click.echo(f"no open gap; {total:,} found since the start")
    else:
        click.echo("no gap since the start")


def _object(gap: Gap) -> dict[str, object]:
    return {
        "shard": gap.shard,
        "number": gap.number,
        "stream": gap.stream,
        "subject": gap.subject.name,
        "state": gap.state.name,
        "first_id": gap.first_id,
        "last_id": gap.last_id,
        "missing": gap.missing,
        "recovered": gap.recovered,
        "opened": gap.opened,
        "closed": gap.closed,
        "ts_before": gap.ts_before,
        "ts_after": gap.ts_after,
    }


def lines(gaps: Sequence[Gap], width: int | None) -> list[str]:
    """Return titles and a line for each gap, and a word on what is left out in ``width``."""
    rows = [[(text, "") for text in _texts(gap)] for gap in gaps]
    found = [plain(line) for line in table(_COLUMNS, rows, width)]
    missing = [each.title for each in _COLUMNS if f"{each.title}  " not in f"{found[0]}  "]
    if missing and width is not None:
        found += wrapped(f"not shown in {width} columns: {', '.join(missing)}; see --json", width)
    return found


def _texts(gap: Gap) -> tuple[str, ...]:
    ids = NOTHING if gap.first_id is None else f"{gap.first_id}-{gap.last_id}"
    missing = f"{gap.missing:,}" if gap.missing else "?"
    lasted = "still open" if gap.closed is None else duration(gap.closed - gap.opened)
    found = (gap.state.name, gap.stream, ids, missing, f"{gap.recovered:,}", _time(gap.opened))
    return *found, lasted, _time(gap.ts_before), _time(gap.ts_after)


def _time(ns: int | None) -> str:
    if ns is None:
        return NOTHING
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%m-%d %H:%M:%S.%f")[:-3]
