"""The options of ``gateway simulate`` that make it do wrong, and what their file looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from gateway.errors import DataFileError
from gateway.simulator.fault_plan import BadPlan, FaultPlan, RestFaults, read_plan

F = TypeVar("F", bound=Callable[..., Any])

FAULTS_HELP = """\b
A file of faults is TOML (its name ends with .toml) or JSON; the order
"faults" is JSON of the same shape. All of it may be left out; of the rows
whose pattern fits (* and ?) the first counts:
  on = true                   # false: nothing goes wrong
  seed = 0                    # the same seed hits the same frames
  per_connection = false      # true: each connection has faults of its own
  [[frames]]                  # shares of a stream's frames; sum at most 1
  streams = "spot:*@depth*"
  drop = 0.01
  duplicate = 0.01
  reorder = 0.01              # changes places with the stream's next frame
  delay = 0.01                # with all of its stream that follows, in order
  delay_seconds = 0.5
  corrupt = 0.01
  damage = "any"              # "cut", "flip" (no JSON any more), or any of
                              # these two; "digit": JSON, and wrong
  after = 0                   # frames that are left alone first
  until = 1000                # the last frame that may be hit
  [[rest]]                    # <market>:<end of the path>; WebSocket API:
                              # spot:ws/depth
  calls = "spot:depth"
  delay = 0.05                # seconds, of every answer
  stale = 0.1                 # share of depth answers with the book of before
  stale_seconds = 5
  fail = 0.1                  # share answered with a status
  status = 503                # or 403 418 429 500 502 504
  retry_after = 5
  count = 10                  # how often at most
  [[episodes]]
  what = "silent"             # half_open, slow, refuse, kill, restart_ids
  target = "usdm:*@aggTrade"  # streams; restart_ids: symbols (spot:BTC*);
                              # the others: markets
  at = 10                     # seconds from the begin
  every = 60                  # on average; none: once
  lasts = 5
  bytes_per_s = 2000          # slow
  status = 503                # refuse: 403 418 429 451 503, with retry_after

"""


def fault_options(function: F) -> F:
    """Add the options; the command gets the keyword arguments of ``plan_of``."""
    options = (
        click.option(
            "--faults",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Do wrong what this file says (below), seeded and counted in /sim/status.",
        ),
        click.option(
            "--rest-delay",
            type=click.FloatRange(0, 3600),
            metavar="SECONDS",
            help="Delay each REST answer that the file does not delay.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def plan_of(*, faults: Path | None, rest_delay: float | None) -> FaultPlan:
    """Return the plan that the options give. Raises DataFileError."""
    plan = FaultPlan() if faults is None else _read(faults)
    if not rest_delay:
        return plan
    rows = [
        msgspec.structs.replace(row, delay=row.delay or rest_delay)
        for row in (*plan.rest, RestFaults())
    ]
    return msgspec.structs.replace(plan, rest=tuple(rows))


def _read(path: Path) -> FaultPlan:
    try:
        return read_plan(path.read_bytes(), path.suffix == ".toml")
    except BadPlan as exc:
        raise DataFileError(path, str(exc), "see 'gateway simulate --help'") from exc
