"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.cli import complete

if TYPE_CHECKING:
    from gateway.config import Settings

F = TypeVar("F", bound=Callable[..., Any])


def run_dir_option(function: F) -> F:
    """Add ``--run-dir``; the command gets ``run_dir``, empty for the default search."""
    return click.option(
        "--run-dir",
        metavar="DIR",
        envvar="GATEWAY_RUN_DIR",
        default="",
        shell_complete=complete.directories,
        help="Run directory of the gateway (also GATEWAY_RUN_DIR). Default: the first of "
        "/run/binance-gateway, $XDG_RUNTIME_DIR/binance-gateway, /dev/shm/binance-gateway-UID.",
    )(function)


def json_option(function: F) -> F:
    """Add ``--json``; the command gets ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(function)


def config_option(function: F) -> F:
    """Add ``--config``; the command gets ``config``, empty for the defaults."""
    return click.option(
        "--config",
        metavar="FILE",
        envvar="GATEWAY_CONFIG",
        default="",
        shell_complete=complete.files,
        help="Configuration, TOML (also GATEWAY_CONFIG). Default: built in.",
    )(function)


def override_options(function: F) -> F:
    """Add what wins over the configuration; the command gets arguments for ``settings_of``."""
    options = (
        click.option(
            "--upstream-ws", metavar="URL", default="", help="Instead of Binance, ws://host:port."
        ),
        click.option(
            "--upstream-rest", metavar="URL", default="", help="The same for REST, http://…"
        ),
        click.option(
            "--subscribe",
            metavar="STREAM",
            multiple=True,
            shell_complete=complete.new_streams,
            help="Stream or pattern to carry, as spot:btcusdt@trade or 'spot:*usdt@trade'; repeat "
            "it. Replaces the configured ones.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def settings_of(
    config: str, subscribe: Sequence[str] = (), upstream_ws: str = "", upstream_rest: str = ""
) -> Settings:
    """Settle defaults, file, environment and command line; raises ConfigError or UsageError."""
    # Here, for the commands that read no configuration start sooner without it.
    from gateway.config import load_settings, override_settings

    return override_settings(
        load_settings(config, os.environ),
        subscribe=subscribe,
        upstream_ws=upstream_ws,
        upstream_rest=upstream_rest,
    )
