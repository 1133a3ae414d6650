"""``gateway plan``: what the next start would carry where, and what would move."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.manual import manual
from gateway.cli.options import (
    config_option,
    json_option,
    override_options,
    run_dir_option,
    settings_of,
)
from gateway.cli.plan_text import lines
from gateway.cli.prospect import Prospect, Room, prospect
from gateway.cli.widths import terminal_width, wrapped
from gateway.errors import RunDirError
from gateway.rundir import LOCK_NAME, candidates, lock_owner
from gateway.state import StateFile, state_directory
from gateway_client import GatewayNotRunning, ManifestUnusable, rundir

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.instruments import Instruments
    from gateway.patterns import Selection


@click.command(
    "plan",
    epilog=manual(
        (
            "gateway plan",
            "gateway plan --config gateway.toml --streams",
            "gateway plan --offline --json | jq .shards",
        ),
        (66, 69, 73, 78),
        ("GATEWAY_CONFIG", "GATEWAY_RUN_DIR", "GATEWAY_<KEY>"),
    ),
)
@config_option
@run_dir_option
@override_options
@click.option(
    "--offline", is_flag=True, help="Do not ask the venue what it lists: patterns are left out."
)
@click.option("--streams", "all_streams", is_flag=True, help="Name every stream, not just a few.")
@json_option
def command(
    config: str,
    run_dir: str,
    upstream_ws: str,
    upstream_rest: str,
    subscribe: tuple[str, ...],
    offline: bool,
    all_streams: bool,
    as_json: bool,
) -> None:
    """Show which shard and connection the next start would lay each stream on, and the memory.

    Message rates are those that earlier runs measured, else what the venue documents ("assumed").
    Where a gateway runs, it is said what would move, come and go if it were started anew. Nothing
    is started or changed.

    Ends with 73 if there is too little shared memory for it.
    """
    settled = settings_of(config, subscribe, upstream_ws, upstream_rest)
    for remark in settled.remarks:
        click.echo(f"gateway plan: {remark}", err=True)
    origin = settled.origins.get("subscribe", "default subscriptions")
    found = asyncio.run(_look(settled.config, origin, run_dir, offline))
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        width = terminal_width()
        for line in lines(found, all_streams):
            click.echo("\n".join(wrapped(line, width)))
    if not found.room.is_enough:
        sys.exit(RunDirError.exit_code)


async def _look(config: Config, origin: str, run_dir: str, offline: bool) -> Prospect:
    # Not at the top: help and completion of this command are to come at once.
    from gateway.array_rows import has_rows
    from gateway.cli.offline import instruments_of
    from gateway.config import selection_of
    from gateway.planner import Layout
    from gateway.supervisor import rates
    from gateway.supervisor.check import check_listed
    from gateway.supervisor.subscriptions import Subscriptions

    selection = selection_of(config, origin)
    upstream = config.upstream.resolved()
    instruments = (
        instruments_of(selection) if offline else await _listed(config, selection, upstream.name)
    )
    check_listed(selection, instruments, origin, upstream.name)
    wanted = Subscriptions(selection).wanted(instruments, {})
    content = StateFile(state_directory(), rates.FILE_NAME, rates.Rates).read()
    key = rates.upstream_key(upstream)
    measured = rates.known_rates(content, key)
    place = _place(run_dir or config.run_dir)
    layout = Layout.make(
        config, wanted.streams.values(), instruments, str(place), 1, measured,
        content.homes.get(key, {}),
    )  # fmt: skip
    left_out = {name: refusal.why for name, refusal in wanted.refused.items()}
    why = "patterns need the venue's list of symbols" if offline else "matches nothing today"
    left_out |= dict.fromkeys(wanted.unmatched, why)
    if offline:
        rows = "is carried; its rows are not counted without the venue's list of symbols"
        left_out |= {stream.name: rows for stream in selection.streams if has_rows(stream)}
    return prospect(
        layout, measured, upstream.name, left_out, _room(place), _running(run_dir or config.run_dir)
    )


async def _listed(config: Config, selection: Selection, upstream: str) -> Instruments:
    from gateway.errors import VenueError
    from gateway.rest.client import RestClient
    from gateway.supervisor.catalogue import Catalogue

    rest = RestClient(config, state_directory())
    try:
        catalogue = Catalogue(rest)
        await catalogue.need(selection.markets)
        return catalogue.instruments
    except VenueError as exc:
        remedy = f"{exc.remedy}; or leave it out with --offline"
        raise VenueError(exc.subject() or upstream, exc.problem, remedy) from exc
    finally:
        await rest.close()


def _place(run_dir: str) -> Path:
    """Return where a start would look for room: the first directory that there is, or could be."""
    places = candidates(run_dir)
    usable = (each for each in places if each.is_dir() or len(places) == 1)
    return next(usable, places[-1])


def _room(place: Path) -> Room:
    held = place if place.is_dir() else place.parent
    try:
        found = os.statvfs(held)
    except OSError as exc:
        raise RunDirError(place, exc.strerror or str(exc), "choose another with --run-dir") from exc
    # What a gateway has there now is given back before the next one starts.
    back = sum(path.stat().st_blocks * 512 for path in place.glob("shard-*.seg"))
    return Room(str(held), found.f_bavail * found.f_frsize, back)


def _running(run_dir: str) -> rundir.Manifest | None:
    try:
        found = rundir.find(run_dir or None)
        # One that was killed leaves its manifest; its lock went with it.
        return found if lock_owner(Path(found.run_dir) / LOCK_NAME) is not None else None
    except (GatewayNotRunning, ManifestUnusable):
        return None
    except RunDirError:  # another user's, whose lock is not ours to ask for
        return found
