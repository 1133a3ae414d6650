"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def run_dir_option(function: F) -> F:
    """Add ``--run-dir``; the command gets ``run_dir``, empty for the default search."""
    return click.option(
        "--run-dir",
        metavar="DIR",
        envvar="GATEWAY_RUN_DIR",
        default="",
        help="Run directory of the gateway (also GATEWAY_RUN_DIR). Default: the first of "
        "/run/binance-gateway, $XDG_RUNTIME_DIR/binance-gateway, /dev/shm/binance-gateway-UID.",
    )(function)


def json_option(function: F) -> F:
    """Add ``--json``; the command gets ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(function)
