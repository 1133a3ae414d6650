"""No reader is lied to: simulated trouble, real product code, and a checker beside it."""

from __future__ import annotations

import pytest

from tests.trust.run import run
from tests.trust.summary import Summary

SEEDS = 25
SEEDS_LONG = 1000


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_a_seed_of_trouble_shows_nobody_anything_wrong(seed: int) -> None:
    report = run(seed)
    assert report.is_good, report.describe()
    assert report.live > 1000
    assert report.frames > 1000


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
