"""No reader is lied to: simulated trouble, real product code, and a checker beside it."""

from __future__ import annotations

import pytest

from tests.trust.run import Report, run
from tests.trust.scenario import AUDIT_SECONDS, SCARCE, SNAPSHOT_LEVELS, scenario_of
from tests.trust.summary import Summary

SEEDS = 25
SEEDS_LONG = 1000
FETCHING = (2, 7)  # seeds in which values stand still over a reconnect, and REST tells them

PRESSING = 32  # a seed that wants more weight than there is


@pytest.mark.parametrize("seed", [*range(1, SEEDS + 1), PRESSING])
def test_a_seed_of_trouble_shows_nobody_anything_wrong(seed: int) -> None:
    report = run(seed)
    assert report.is_good, report.describe()
    assert report.live > 1000
    assert report.frames > 1000
    check_what_was_exercised(report)


def check_what_was_exercised(report: Report) -> None:
    """What a seed draws was truly done; else a reader would be lied to, and nobody would see it."""
    scenario = scenario_of(report.seed)
    tables = scenario.tables
    if tables["book"]["snapshot_levels"] == min(SNAPSHOT_LEVELS):
        assert report.bounded > 100
    if tables["audit"]["interval_seconds"] == min(AUDIT_SECONDS) and not report.holds:
        assert report.audits > 0
    assert (report.from_books > 1000) != scenario.has_quotes
    assert report.values > 1000
    assert report.fetched or report.seed not in FETCHING
    assert report.weight_share > 0.9 or report.seed != PRESSING


def test_the_seeds_draw_everything() -> None:
    scenarios = [scenario_of(seed) for seed in range(1, SEEDS + 1)]
    assert {scenario.has_quotes for scenario in scenarios} == {False, True}
    assert {scenario.limits is SCARCE for scenario in scenarios} == {False, True}
    tables = [scenario.tables for scenario in scenarios]
    assert {table["book"]["snapshot_levels"] for table in tables} == set(SNAPSHOT_LEVELS)
    assert {table["audit"]["interval_seconds"] for table in tables} == set(AUDIT_SECONDS)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_a_thousand_seeds_show_nobody_anything_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    summary = Summary()
    for seed in range(1, SEEDS_LONG + 1):
        report = run(seed)
        summary.add(report)
        if not report.is_good:
            with capsys.disabled():
                print(report.describe(), flush=True)
    with capsys.disabled():
        print("\n" + summary.table())
    assert not summary.bad
