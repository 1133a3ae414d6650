"""A strict reader of Prometheus text 0.0.4, and a GET. An own witness: it shares no code."""

from __future__ import annotations

import math
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

Labels = frozenset[tuple[str, str]]
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


@dataclass
class Metric:
    """A family as the text has it: samples by full name and labels."""

    type: str
    help: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def total(self, **labels: str) -> float:
        """Add up the samples that have these labels."""
        return sum(v for (_, own), v in self.samples.items() if own >= labels.items())

    def by(self, label: str) -> dict[str, float]:
        """Return the samples of a family added up by one label."""
        found: dict[str, float] = {}
        for (_, labels), value in self.samples.items():
            key = dict(labels)[label]
            found[key] = found.get(key, 0) + value
        return found


def parse(text: str) -> dict[str, Metric]:
    """Read all families; an AssertionError names what the format does not allow."""
    assert text.endswith("\n")
    found: dict[str, Metric] = {}
    name, metric = "", Metric("gauge", "")
    lines = iter(text[:-1].split("\n"))
    for line in lines:
        if line.startswith("# HELP "):
            name, _, help = line[7:].partition(" ")
            assert re.fullmatch(NAME, name), line
            assert name not in found, f"{name} comes twice"
            assert help, f"{name} has no help"
            kind = next(lines).removeprefix(f"# TYPE {name} ")
            assert kind in SUFFIXES, f"{name}: {kind}"
            found[name] = metric = Metric(kind, help)
        else:
            _take(line, name, metric)
    for name, metric in found.items():
        _check(name, metric)
    return found


def _take(line: str, name: str, metric: Metric) -> None:
    match = SAMPLE.fullmatch(line)
    assert match, f"no sample: {line!r}"
    assert match[1] in {name + suffix for suffix in SUFFIXES[metric.type]}, f"{line!r} under {name}"
    pairs = re.findall(LABEL, match[2] or "")
    keys = [pair.partition("=")[0] for pair in pairs]
    assert len(keys) == len(set(keys)), line
    labels = frozenset(
        (key, pair.partition("=")[2][1:-1]) for key, pair in zip(keys, pairs, strict=True)
    )
    key = match[1], labels
    assert key not in metric.samples, f"{line!r} comes twice"
    metric.samples[key] = float(match[3])


def _check(name: str, metric: Metric) -> None:
    assert metric.samples, f"{name} has no samples"
    assert not any(math.isnan(value) for value in metric.samples.values()), name
    assert name.endswith("_total") == (metric.type == "counter"), f"{name} is a {metric.type}"
    if metric.type == "counter":
        assert all(value >= 0 for value in metric.samples.values()), name
    if metric.type == "histogram":
        _check_histogram(name, metric)


def _check_histogram(name: str, metric: Metric) -> None:
    series: dict[Labels, list[tuple[float, float]]] = {}
    for (full, labels), value in metric.samples.items():
        if full == f"{name}_bucket":
            bound = next(text for key, text in labels if key == "le")
            rest = frozenset(pair for pair in labels if pair[0] != "le")
            series.setdefault(rest, []).append((float(bound), value))
    for labels, buckets in series.items():
        for values in zip(*buckets, strict=True):
            assert list(values) == sorted(values), f"{name}: bounds or counts fall"
        assert buckets[-1][0] == math.inf
        assert metric.samples[f"{name}_count", labels] == buckets[-1][1]
        assert metric.samples[f"{name}_sum", labels] >= 0


def names_in(text: str) -> Iterator[str]:
    """Yield every name that a sample may have, histogram suffixes included."""
    for name, metric in parse(text).items():
        yield from (name + suffix for suffix in SUFFIXES[metric.type])


def get(url: str, method: str = "GET") -> tuple[int, str, str]:
    """Return status, content type and body."""
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.headers["Content-Type"], exc.read().decode()
