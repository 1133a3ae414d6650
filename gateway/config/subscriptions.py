"""What a configuration subscribes, and which of its names are wrong. Pure."""

from __future__ import annotations

from gateway.config.whole import Config
from gateway.errors import ConfigError, UsageError
from gateway.patterns import Selection, select


def selection_of(config: Config, origin: str) -> Selection:
    """Return what is subscribed; raises ConfigError where a name is wrong or none is given."""
    for problem in wrong_names(config, origin):
        raise problem
    return select(config.subscribe)


def wrong_names(config: Config, origin: str) -> list[ConfigError]:
    """Return a problem for every name that is wrong; ``origin`` is where they come from."""
    wrong = [exc for name in config.subscribe if (exc := _refusal(name))]
    together = None if wrong else _refusal(*config.subscribe)
    if together:
        wrong.append(together)
    found = [ConfigError(origin, e.problem, e.remedy, f"subscribe: {e.given}") for e in wrong]
    if not config.subscribe and not config.on_demand.enabled:
        remedy = "list at least one, or remove the key"
        found.append(ConfigError(origin, "no streams", remedy, "subscribe"))
    return found


def _refusal(*names: str) -> UsageError | None:
    try:
        select(names)
    except UsageError as exc:
        return exc
    return None
