"""Metrics → Prometheus text, exposition format 0.0.4. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PREFIX: Final = "binance_gateway_"

Type = Literal["counter", "gauge", "histogram"]
Labels = tuple[tuple[str, str], ...]
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})


class Family:
    """A metric: name (the prefix is put before it), type, help, and a sample for each labels.

    ``add`` adds up what comes twice for the same labels: a series stands in a text once.
    """

    def __init__(self, name: str, type: Type, help: str) -> None:
        self.name = PREFIX + name
        self.type = type
        self.help = help
        self._samples: dict[tuple[str, Labels], float] = {}

    def add(self, value: float, /, **labels: object) -> None:
        """Add a sample; counters and gauges."""
        self._add("", value, tuple((key, str(each)) for key, each in labels.items()))

    def add_histogram(
        self, bounds: Sequence[str], counts: Sequence[int], total: float, /, **labels: object
    ) -> None:
        """Add a histogram: how many values are at most each bound, the last one of all, and sum."""
        own = tuple((key, str(each)) for key, each in labels.items())
        for bound, count in zip((*bounds, "+Inf"), counts, strict=True):
            self._add("_bucket", count, (*own, ("le", bound)))
        self._add("_sum", total, own)
        self._add("_count", counts[-1], own)

    def _add(self, suffix: str, value: float, labels: Labels) -> None:
        key = suffix, labels
        self._samples[key] = self._samples.get(key, 0) + value

    def samples(self) -> Mapping[tuple[str, Labels], float]:
        """Return values by suffix of the name and labels."""
        return self._samples

    def lines(self) -> Iterator[str]:
        """Yield its lines; none where there is no sample."""
        if not self._samples:
            return
        yield f"# HELP {self.name} {self.help.translate(_HELP_ESCAPES)}"
        yield f"# TYPE {self.name} {self.type}"
        for (suffix, labels), value in self._samples.items():
            inner = ",".join(f'{key}="{each.translate(_ESCAPES)}"' for key, each in labels)
            yield (
                f"{self.name}{suffix}{{{inner}}} {_number(value)}"
                if inner
                else (f"{self.name}{suffix} {_number(value)}")
            )


def render(families: Iterable[Family]) -> str:
    """Return the text of all of them, each once, as a scrape answers it."""
    return "".join(f"{line}\n" for family in families for line in family.lines())


def _number(value: float) -> str:
    return repr(value) if isinstance(value, float) else str(int(value))
