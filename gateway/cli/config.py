"""``gateway config``: check, show, begin and describe a configuration."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from gateway.cli import complete
from gateway.cli.manual import manual
from gateway.cli.options import json_option, override_options, settings_of
from gateway.config import Settings, examine_settings, selection_of
from gateway.config.example import example
from gateway.config.files import name_of
from gateway.config.keys import PREFIX
from gateway.config.schema import schema
from gateway.config.shown import as_object, as_toml
from gateway.errors import ConfigError, FileRefused

_READS = ("GATEWAY_CONFIG", "GATEWAY_<KEY>")

file_argument = click.argument(
    "file",
    metavar="[FILE]",
    required=False,
    default="",
    envvar="GATEWAY_CONFIG",
    shell_complete=complete.files,
)


@click.group(
    "config",
    epilog=manual(
        ("gateway config init gateway.toml", "gateway config check gateway.toml"),
        (66, 73, 78),
        _READS,
    ),
)
def command() -> None:
    """Check, show, begin and describe a configuration.

    A key has its value from, in this order and the last one counting: the default, the file, the
    environment, the command line. A variable's name is GATEWAY_ and the key's path in capitals,
    joined by _: GATEWAY_BOOK_LEVELS=50, GATEWAY_SUBSCRIBE="spot:btcusdt@trade usdm:!ticker@arr".
    Lists have spaces between, tables are written as in TOML. An empty variable counts as
    not set.
    """


@command.command(
    "check",
    short_help="Name every problem of a configuration.",
    epilog=manual(
        (
            "gateway config check gateway.toml",
            "GATEWAY_BOOK_LEVELS=50 gateway config check",
            "gateway config check gateway.toml && systemctl reload binance-gateway",
        ),
        (66, 78),
        _READS,
    ),
)
@file_argument
@json_option
def check(file: str, as_json: bool) -> None:
    """Say whether FILE and the environment are a configuration: every problem, a line for each.

    Nothing is asked of Binance: whether it lists an instrument is not known here. FILE may be - for
    standard input; without it the environment alone is checked. Variables that begin with GATEWAY_
    and set nothing are named, but are no error.
    """
    try:
        settings, problems = examine_settings(file, os.environ)
    except ConfigError as exc:
        settings, problems = Settings(), [exc]
    problems = [*problems, *_unusable(settings)]
    if as_json:
        click.echo(json.dumps(_report(file, settings, problems)))
    else:
        for line in (*map(str, problems), *settings.remarks):
            click.echo(f"gateway: {line}", err=True)
        if not problems:
            click.echo(f"{name_of(file)}: ok, {_summary(settings)}")
    if problems:
        sys.exit(problems[0].exit_code)


@command.command(
    "show",
    short_help="Print what is in force, and where each value comes from.",
    epilog=manual(
        (
            "gateway config show gateway.toml",
            "gateway config show --json | jq .origins",
            "gateway config show gateway.toml | grep '#'",
        ),
        (66, 78),
        _READS,
    ),
)
@file_argument
@override_options
@json_option
def show(
    file: str, upstream_ws: str, upstream_rest: str, subscribe: tuple[str, ...], as_json: bool
) -> None:
    """Print the configuration that 'gateway start' would have, as TOML.

    Behind every value that was set stands where it comes from: the file, a variable or an option.
    Passwords are shown as ***.
    """
    settings = settings_of(file, subscribe, upstream_ws, upstream_rest)
    for remark in settings.remarks:
        click.echo(f"gateway: {remark}", err=True)
    click.echo(json.dumps(as_object(settings)) if as_json else as_toml(settings), nl=as_json)


@command.command(
    "init",
    short_help="Write an example with every key.",
    epilog=manual(("gateway config init gateway.toml", "gateway config init | less"), (73,), ()),
)
@click.argument("file", metavar="[FILE]", required=False, shell_complete=complete.files)
def init(file: str | None) -> None:
    """Write an example with every key, its default, unit and limits, all of it commented out.

    Without FILE it is printed. A file that is there already is not touched.
    """
    if file is None:
        click.echo(example(), nl=False)
        return
    try:
        with open(file, "x", encoding="utf-8") as new:
            new.write(example())
    except FileExistsError as exc:
        remedy = "name another file, or move it away"
        raise FileRefused(file, "is there already, and stays as it is", remedy) from exc
    except OSError as exc:
        raise FileRefused(file, f"cannot be made: {exc.strerror}", "name another file") from exc
    click.echo(f"{file}: written; change it, then 'gateway config check {file}'")


@command.command(
    "schema",
    short_help="Print the JSON Schema, for editors.",
    epilog=manual(("gateway config schema > gateway.schema.json",), (), ()),
)
def print_schema() -> None:
    """Print the JSON Schema of the configuration file, with which editors complete and check it.

    Taplo and Even Better TOML take it from the file's first line: #:schema ./gateway.schema.json
    """
    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))


def _unusable(settings: Settings) -> list[ConfigError]:
    """Return what only the file system can tell."""
    key = "upstream.tls_ca_file"
    ca_file = settings.config.upstream.tls_ca_file
    if not ca_file:
        return []
    from gateway.shard.dial import make_tls

    try:
        make_tls(ca_file)
    except ConfigError as exc:
        return [ConfigError(settings.origins[key], f"{ca_file} {exc.problem}", exc.remedy, key)]
    return []


def _report(file: str, settings: Settings, problems: Sequence[ConfigError]) -> dict[str, Any]:
    return {
        "ok": not problems,
        "file": file or None,
        "problems": [
            {
                "origin": each.path,
                "where": each.where,
                "problem": each.problem,
                "remedy": each.remedy,
            }
            for each in problems
        ],
        "warnings": list(settings.remarks),
        "origins": dict(settings.origins) if not problems else {},
    }


def _summary(settings: Settings) -> str:
    selection = selection_of(settings.config, "")
    counts = ((len(selection.streams), "stream"), (len(selection.patterns), "pattern"))
    said = [f"{count} {noun}{'s' * (count != 1)}" for count, noun in counts]
    variables = sorted({name for name in settings.origins.values() if name.startswith(PREFIX)})
    also = f"; with {', '.join(variables)}" if variables else ""
    return f"{' and '.join(said)}{also}"
