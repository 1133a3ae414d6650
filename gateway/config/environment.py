"""Variables of the environment that set keys. Pure.

The rule: ``GATEWAY_`` and the key's path in capitals, joined by ``_``: ``GATEWAY_BOOK_LEVELS=50``.
Texts stand as they are, lists with spaces between, everything else as in TOML (lists may, too). An
empty variable counts as not set.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import inspect

from gateway.config.keys import LISTS, PREFIX, Key, Path, keys, suggestion
from gateway.log import LOG_FORMS, LOG_VARIABLE

# Ours too, but no keys.
OTHERS: Final = ("GATEWAY_CONFIG", "GATEWAY_LOG", "GATEWAY_CLIENT_PURE")


@dataclass(frozen=True, slots=True)
class Variables:
    """What the environment sets. ``remarks`` name variables that set nothing."""

    values: dict[Path, Any] = field(default_factory=dict)
    origins: dict[Path, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def variables(environment: Mapping[str, str]) -> Variables:
    """Return what ``environment`` sets, not yet checked."""
    known = {key.variable: key for key in keys().values()}
    found, remarks = Variables(), []
    if environment.get(LOG_VARIABLE, "") not in ("", *LOG_FORMS):
        allowed = " or ".join(LOG_FORMS)
        remarks.append(
            f"{LOG_VARIABLE}: is {environment[LOG_VARIABLE]!r}, ignored; write {allowed}"
        )
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in OTHERS or not environment[name]:
            continue
        if name in known:
            key = known[name]
            found.values[key.path] = parse(key, environment[name])
            found.origins[key.path] = name
        else:
            remarks.append(_remark(name, [*known, *OTHERS]))
    return Variables(found.values, found.origins, tuple(remarks))


def parse(key: Key, text: str) -> Any:
    """Return what a variable's text means for ``key``; what is no TOML stays a text."""
    if isinstance(key.info, inspect.StrType):
        return text
    if isinstance(key.info, LISTS) and not text.lstrip().startswith("["):
        words = text.split()
        is_text = isinstance(key.info.item_type, inspect.StrType)
        return words if is_text else [_toml(word) for word in words]
    return _toml(text)


def _toml(text: str) -> Any:
    try:
        table = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return table["value"] if len(table) == 1 else text


def _remark(name: str, allowed: list[str]) -> str:
    near = suggestion(name[len(PREFIX) :], [each[len(PREFIX) :] for each in allowed])
    remedy = f"did you mean {PREFIX}{near}?" if near else "'gateway config init' lists the keys"
    return f"{name}: sets no key, and is ignored; {remedy}"
