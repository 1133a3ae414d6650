"""The Grafana dashboard asks for nothing that is not rendered, with labels that are there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.metrics.exposition import render
from gateway.metrics.families import families
from tests.metrics.made import PROCESSES, REPORT, reading
from tests.metrics.promtool import check_expressions
from tests.metrics.scrape import Metric, names_in, parse

DASHBOARD = Path(__file__).resolve().parents[2] / "gateway/metrics/grafana.json"
OF_SCRAPING = {"instance"}  # a label that Prometheus itself puts to every sample
SELECTOR = re.compile(r"\b(binance_gateway_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return found


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the dashboard."""
    if isinstance(tree, dict):
        yield tree
        for each in tree.values():
            yield from nodes(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from nodes(each)


def expressions() -> list[str]:
    return [str(node["expr"]) for node in nodes(dashboard()) if "expr" in node]


def rendered() -> str:
    return render(families(1, [reading()], REPORT, 0.01, PROCESSES))


def family(name: str, known: dict[str, Metric]) -> Metric:
    return known.get(name) or known[re.sub(r"_(bucket|sum|count)$", "", name)]


def test_every_name_is_rendered() -> None:
    names, text = set(names_in(rendered())), DASHBOARD.read_text("utf-8")
    asked = set(re.findall(r"binance_gateway_\w+", text))
    assert len(asked) > 30
    assert asked - names == set()


def test_every_label_and_value_that_is_chosen_is_rendered() -> None:
    known = parse(rendered())
    for expression in expressions():
        for name, selector in SELECTOR.findall(expression):
            values: dict[str, set[str]] = {}
            for _, labels in family(name, known).samples:
                for label, value in labels:
                    values.setdefault(label, set()).add(value)
            for label, sign, value in LABEL.findall(selector):
                assert label in values.keys() | OF_SCRAPING, f"{label}: {expression}"
                if label not in OF_SCRAPING and not value.startswith("$"):
                    chosen = set(value.split("|")) if sign in ("=~", "!~") else {value}
                    assert chosen <= values[label], f"{chosen - values[label]}: {expression}"


def test_every_label_that_is_grouped_by_or_shown_is_rendered() -> None:
    known = parse(rendered())
    for node in nodes(dashboard()):
        if "expr" not in node:
            continue
        (name, _), *_ = SELECTOR.findall(node["expr"])
        labels = {label for _, own in family(name, known).samples for label, _ in own}
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", node["expr"]))))
        shown = set(re.findall(r"\{\{(\w+)\}\}", node["legendFormat"]))
        assert grouped <= labels, node["expr"]
        assert shown <= grouped, node["legendFormat"]


def test_counters_are_never_shown_as_they_are() -> None:
    counters = [name for name, metric in parse(rendered()).items() if metric.type == "counter"]
    for expression in expressions():
        for name in counters:
            bare = re.findall(rf"(?<!rate\()(?<!increase\()\b{name}\b", expression)
            assert not bare, expression


def test_panels_are_of_the_chosen_data_source_and_do_not_overlap() -> None:
    found = dashboard()
    assert found["schemaVersion"] >= 38  # Grafana 10
    assert "datasource" in [each["name"] for each in found["templating"]["list"]]
    assert found["id"] is None
    ids = [panel["id"] for panel in found["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "${datasource}"
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_promtool_can_read_every_expression(tmp_path: Path) -> None:
    problem = check_expressions(expressions(), tmp_path)
    if problem is None:
        pytest.skip("promtool is not installed: expressions are checked by name alone")
    assert problem == ""
