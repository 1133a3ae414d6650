"""``gateway gaps``: what the streams missed, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click

from gateway.cli.numbers import NOTHING, duration
from gateway.cli.options import json_option, run_dir_option
from gateway_client import Gap, Gateway

_COLUMNS = ("state", "stream", "missing ids", "missing", "recovered", "found at (UTC)", "lasted")
_RIGHT = frozenset(("missing", "recovered"))


@click.command("gaps")
@click.option("--open", "is_open", is_flag=True, help="Only those that are still being fetched.")
@json_option
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
        click.echo("\n".join(_lines(found)))
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


def _lines(gaps: Sequence[Gap]) -> Iterator[str]:
    rows = [_COLUMNS, *map(_texts, gaps)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, _COLUMNS, widths, strict=True)
        padded = (t.rjust(width) if name in _RIGHT else t.ljust(width) for t, name, width in cells)
        yield "  ".join(padded).rstrip()


def _texts(gap: Gap) -> tuple[str, ...]:
    ids = NOTHING if gap.first_id is None else f"{gap.first_id}-{gap.last_id}"
    missing = f"{gap.missing:,}" if gap.missing else "?"
    lasted = "still open" if gap.closed is None else duration(gap.closed - gap.opened)
    opened = datetime.fromtimestamp(gap.opened / 1e9, UTC).strftime("%m-%d %H:%M:%S.%f")[:-3]
    return gap.state.name, gap.stream, ids, missing, f"{gap.recovered:,}", opened, lasted
