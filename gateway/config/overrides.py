"""What the command line says instead of the file. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.config.reading import Settings
from gateway.config.upstream import Upstream
from gateway.config.whole import Config
from gateway.errors import UsageError
from gateway.patterns import select


def override(
    config: Config,
    *,
    subscribe: Sequence[str] = (),
    upstream_ws: str = "",
    upstream_rest: str = "",
) -> Config:
    """Return ``config`` with what the command line says; raises UsageError."""
    if subscribe:
        config = msgspec.structs.replace(config, subscribe=select(subscribe).names)
    if not upstream_ws and not upstream_rest:
        return config
    given = _upstream(upstream_ws, upstream_rest)
    others = {"proxy": config.upstream.proxy, "tls_ca_file": config.upstream.tls_ca_file}
    upstream = msgspec.structs.replace(given, **others)
    return msgspec.structs.replace(config, upstream=upstream)


def override_settings(
    settings: Settings,
    *,
    subscribe: Sequence[str] = (),
    upstream_ws: str = "",
    upstream_rest: str = "",
) -> Settings:
    """Do the same for settings, which then name the options; raises UsageError."""
    config = override(
        settings.config,
        subscribe=subscribe,
        upstream_ws=upstream_ws,
        upstream_rest=upstream_rest,
    )
    origins = dict(settings.origins)
    if subscribe:
        origins["subscribe"] = "--subscribe"
    if upstream_ws:
        replaced = ("upstream.preset", "upstream.endpoints")
        origins = {key: where for key, where in origins.items() if not key.startswith(replaced)}
        origins |= {"upstream.ws": "--upstream-ws", "upstream.rest": "--upstream-rest"}
    return Settings(config, origins, settings.remarks)


def _upstream(ws: str, rest: str) -> Upstream:
    if not ws or not rest:
        names = ("--upstream-ws", "--upstream-rest")
        given, missing = names if ws else names[::-1]
        raise UsageError(given, "needs the other address too", f"give {missing} as well")
    try:
        return Upstream(ws, rest)
    except ValueError as exc:
        raise UsageError("--upstream-ws/--upstream-rest", str(exc), "give a base address") from exc
