"""``gateway doctor``: what is wrong here, and what mends it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

from gateway.cli.doctor_text import WIDTH, as_object, lines, summary
from gateway.cli.manual import manual
from gateway.cli.options import (
    config_option,
    json_option,
    override_options,
    run_dir_option,
    settings_of,
)
from gateway.cli.widths import terminal_width
from gateway.doctor.findings import Finding, bad, exit_code, ok, skipped, warn
from gateway.errors import ConfigError
from gateway.redaction import redacted
from gateway.rundir import candidates
from gateway.state import state_directory

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.doctor.visit import Numbered

_CONFIGURATION = "configuration"
_THREADS = 32
_SILENT = logging.NullHandler()


@click.command(
    "doctor",
    epilog=manual(
        (
            "gateway doctor",
            "gateway doctor --config gateway.toml",
            "gateway doctor --offline --json | jq '.findings[] | select(.mend != \"\")'",
        ),
        (66, 69, 73, 76, 78, 130),
        ("GATEWAY_CONFIG", "GATEWAY_RUN_DIR", "GATEWAY_<KEY>"),
    ),
)
@config_option
@run_dir_option
@override_options
@click.option("--offline", is_flag=True, help="Ask nothing of the venue: look at this host only.")
@json_option
def command(
    config: str,
    run_dir: str,
    upstream_ws: str,
    upstream_rest: str,
    subscribe: tuple[str, ...],
    offline: bool,
    as_json: bool,
) -> None:
    """Look at everything a gateway needs, and say what is wrong and what mends it.

    A finding a line, as it is found: OK, WARN (works, but not as it should), BAD or SKIPPED, with
    the command or key that mends it. Done within 30 seconds. Looked at are configuration, clocks,
    run directory, memory, open files, state directory, bans, hosts, TLS, access of consumers, and
    every route in use, by receiving frames. Locked memory (memlock) is not, for none is used.

    Nothing is changed. What is asked of Binance is counted like a gateway's own calls and
    connections; while one is banned or its budget is used up, nothing is asked.

    Ends with the code of the first BAD finding in that order: 69 the venue, its clock, or sockets
    of a running gateway; 73 run directory, memory, open files, or no access to a running gateway;
    76 its segments; 66 and 78 the configuration, unknown symbols, or open credentials. 0 if none.
    """
    logging.getLogger("gateway").addHandler(_SILENT)  # findings tell it all
    # Read by the resolver at its first question: an unreachable name server must not take longer.
    os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:1")
    begin = time.monotonic()
    given = (config, subscribe, upstream_ws, upstream_rest)
    found = asyncio.run(_collect(given, run_dir, offline, begin, as_json))
    seconds = time.monotonic() - begin
    if as_json:
        click.echo(json.dumps(as_object(found, seconds)))
    else:
        click.echo(summary(found, seconds))
    if exit_code(found):
        click.get_current_context().exit(exit_code(found))


async def _collect(
    given: tuple[str, tuple[str, ...], str, str],
    run_dir: str,
    is_offline: bool,
    begin: float,
    is_quiet: bool,
) -> list[Finding]:
    """Print findings as they come; return them in the order of the checks."""
    # The resolver's threads must not hold up the checks that need one.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    found = []
    async for each in _findings(given, run_dir, is_offline, begin):
        found.append(each)
        if not is_quiet:
            width = min(terminal_width() or WIDTH, WIDTH)
            click.echo(redacted("\n".join(lines(each.finding, width))))
    return [each.finding for each in sorted(found, key=lambda each: each.order)]


async def _findings(
    given: tuple[str, tuple[str, ...], str, str], run_dir: str, is_offline: bool, begin: float
) -> AsyncIterator[Numbered]:
    # Not at the top: help and completion of this command are to come at once.
    from gateway.cli.offline import instruments_of
    from gateway.config import selection_of
    from gateway.doctor.case import Case
    from gateway.doctor.visit import VISIT_S, Numbered, findings_of, local_checks, visit

    state, deadline = state_directory(), begin + VISIT_S
    try:
        settled = settings_of(*given)
        origin = settled.origins.get("subscribe", "default subscriptions")
        selection = selection_of(settled.config, origin)
    except ConfigError as exc:
        finding = bad(_CONFIGURATION, f"{exc.subject()}: {exc.problem}", exc.remedy, exc.exit_code)
        yield Numbered((-1, 0), finding)
        yield Numbered((-1, 1), skipped("venue", "needs a configuration"))
        checks = local_checks(tuple(candidates(run_dir)), state)
        async for each in findings_of(checks, deadline):
            yield each
        return
    yield Numbered((-1, 0), _configuration(given[0], settled, len(selection.names)))
    places = tuple(candidates(run_dir or settled.config.run_dir))
    assumed = instruments_of(selection)
    case = Case(settled.config, origin, selection, assumed, places, state, deadline)
    async for each in visit(case, is_offline):
        yield each


def _configuration(path: str, settled: Settings, names: int) -> Finding:
    """Say what is in force; a variable that sets nothing is a warning."""
    origins = Counter(settled.origins.values())
    keys = ", ".join(f"{count} of {origin}" for origin, count in origins.items())
    upstream = settled.config.upstream.resolved().name
    seen = f"{names} streams and patterns from {upstream}; keys set: {keys or 'none'}"
    if settled.remarks:
        check = f"gateway config show {path}".rstrip()
        return warn(_CONFIGURATION, f"{seen}; {'; '.join(settled.remarks)}", check)
    return ok(_CONFIGURATION, seen)
