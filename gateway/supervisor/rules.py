"""What was asked at run time, as rules in the order they came. Pure.

A rule adds or takes away a stream by its name, or all that a pattern covers. Of several that cover
a stream the last one counts. What is asked again in the same words becomes the last.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.patterns import Pattern
from gateway.streams import Stream

Item = Stream | Pattern


def covers(item: Item, stream: Stream) -> bool:
    """Say whether ``item`` means ``stream``, alone or among others."""
    return item.covers(stream) if isinstance(item, Pattern) else item.name == stream.name


@dataclass(frozen=True, slots=True)
class _Rule:
    number: int
    adds: bool
    item: Item


class Rules:
    """The rules, by what they were asked with."""

    def __init__(self) -> None:
        self._rules: dict[str, _Rule] = {}  # in the order they came
        self._patterns: dict[str, Pattern] = {}  # those that are patterns, in the same order
        self._count = 0

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, name: str) -> bool:
        return name in self._rules

    def adds(self, name: str) -> bool | None:
        """Return whether the rule with that very name adds; None: there is none."""
        rule = self._rules.get(name)
        return None if rule is None else rule.adds

    @property
    def as_dict(self) -> dict[str, bool]:
        """Return the rules as name or pattern → whether it adds."""
        return {name: rule.adds for name, rule in self._rules.items()}

    def put(self, item: Item, *, adds: bool) -> None:
        """Append a rule."""
        self.drop(item.name)
        self._count += 1
        self._rules[item.name] = _Rule(self._count, adds, item)
        if isinstance(item, Pattern):
            self._patterns[item.name] = item

    def drop(self, name: str) -> None:
        """Forget the rule with that very name."""
        self._rules.pop(name, None)
        self._patterns.pop(name, None)

    def verdict(self, stream: Stream) -> bool | None:
        """Return whether the last rule that covers ``stream`` adds it; None: no rule does."""
        last = self._rules.get(stream.name)
        for name, pattern in reversed(self._patterns.items()):
            rule = self._rules[name]
            if last is not None and last.number > rule.number:
                break
            if pattern.covers(stream):
                return rule.adds
        return None if last is None else last.adds

    def added_streams(self) -> tuple[Stream, ...]:
        """Return the streams that are added by name."""
        added = (rule.item for rule in self._rules.values() if rule.adds)
        return tuple(item for item in added if isinstance(item, Stream))

    def added_patterns(self) -> tuple[Pattern, ...]:
        """Return the patterns that add."""
        return tuple(p for name, p in self._patterns.items() if self._rules[name].adds)
