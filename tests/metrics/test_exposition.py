"""The text: escapes, sums of the same series, histograms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.metrics.exposition import Family, render
from tests.metrics.scrape import parse


def test_text_is_as_the_format_has_it() -> None:
    family = Family("things_total", "counter", "Things\nof \\ a kind.")
    family.add(1, kind='a"b\\c\nd')
    family.add(2.5, kind="e")
    assert render([family]) == (
        "# HELP binance_gateway_things_total Things\\nof \\\\ a kind.\n"
        "# TYPE binance_gateway_things_total counter\n"
        'binance_gateway_things_total{kind="a\\"b\\\\c\\nd"} 1\n'
        'binance_gateway_things_total{kind="e"} 2.5\n'
    )


def test_family_without_samples_says_nothing() -> None:
    assert render([Family("nothing", "gauge", "Nothing.")]) == ""


def test_same_labels_are_one_series() -> None:
    family = Family("things", "gauge", "Things.")
    family.add(1, shard=0)
    family.add(2, shard="0")
    assert parse(render([family]))["binance_gateway_things"].by("shard") == {"0": 3}


def test_value_without_labels_and_truth_are_numbers() -> None:
    family = Family("up", "gauge", "Up.")
    family.add(True)
    assert render([family]).splitlines()[-1] == "binance_gateway_up 1"


@given(st.text(), st.text(min_size=1), st.floats(allow_nan=False))
def test_any_label_help_and_number_can_be_read(label: str, help: str, value: float) -> None:
    family = Family("odd", "gauge", help)
    family.add(value, odd=label)
    metric = parse(render([family]))["binance_gateway_odd"]
    ((_, labels),) = metric.samples
    ((_, shown),) = labels
    backslash = "\0"
    unescaped = shown.replace("\\\\", backslash).replace("\\n", "\n").replace('\\"', '"')
    assert unescaped.replace(backslash, "\\") == label.replace(backslash, "\\")
    assert list(metric.samples.values()) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "a 1\n",
        "# HELP a A.\n# TYPE a gauge\nb 1\n",
        "# HELP a A.\n# TYPE a gauge\na 1\na 1\n",
        "# HELP a A.\n# TYPE a gauge\n",
        "# HELP a A.\n# TYPE a counter\na 1\n",
        "# HELP a A.\n# TYPE a gauge\na 1",
        '# HELP a A.\n# TYPE a gauge\na{b="c" 1\n',
        '# HELP a A.\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\n'
        "a_sum 1\na_count 1\n",
    ],
)
def test_reader_of_these_tests_refuses_what_is_wrong(text: str) -> None:
    with pytest.raises(AssertionError):
        parse(text)
