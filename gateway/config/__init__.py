"""The configuration: TOML and environment → frozen structs. Every limit has a name and its unit.

An unknown key, a wrong type or a value outside its limits is a ConfigError that names the key and
what is allowed. Without a file the defaults hold.

    upstream, books, streams, process   the tables, by topic; base is what they are made of
    whole                               all of them together: Config
    keys, limits                        the tables read as a list of keys, and their limits in words
    files → reading ← environment       a file's text, and the variables over it
    building, subscriptions             values → Config, and what is wrong with them
    overrides                           what the command line says, last
    example, schema, shown ← toml_text  an example, JSON Schema, what is in force
"""

from __future__ import annotations

from gateway.config.base import Table
from gateway.config.books import LEVELS_ASKED, Audit, Book
from gateway.config.files import examine_settings, load, load_settings
from gateway.config.overrides import override, override_settings
from gateway.config.process import Liveness, Memory, Metrics, Processes, Zeromq
from gateway.config.reading import Settings, read, settle
from gateway.config.streams import DEFAULT_SUBSCRIBE, Backfill, OnDemand
from gateway.config.subscriptions import selection_of
from gateway.config.upstream import (
    TRANSPORTS,
    Connections,
    MarketHosts,
    Rest,
    Upstream,
    UpstreamHosts,
)
from gateway.config.whole import Config

__all__ = [
    "DEFAULT_SUBSCRIBE",
    "LEVELS_ASKED",
    "TRANSPORTS",
    "Audit",
    "Backfill",
    "Book",
    "Config",
    "Connections",
    "Liveness",
    "MarketHosts",
    "Memory",
    "Metrics",
    "OnDemand",
    "Processes",
    "Rest",
    "Settings",
    "Table",
    "Upstream",
    "UpstreamHosts",
    "Zeromq",
    "examine_settings",
    "load",
    "load_settings",
    "override",
    "override_settings",
    "read",
    "selection_of",
    "settle",
]
