"""When episodes happen, and what befalls REST calls."""

from __future__ import annotations

from itertools import islice, pairwise

from gateway.simulator.fault_plan import Episode, EpisodeKind, FaultPlan, RestFaults
from gateway.simulator.fault_state import FaultState
from gateway.simulator.fault_times import AS_USUAL, RestFaultsOf, turns


def test_episode_without_a_period_happens_once() -> None:
    plan = FaultPlan(episodes=(Episode(EpisodeKind.KILL, at=3.0, lasts=2.0),))
    assert list(turns(plan, 0)) == [(3.0, 5.0)]


def test_episodes_come_at_seeded_times_and_never_overlap() -> None:
    episodes = (Episode(EpisodeKind.SLOW, at=1.0, every=10.0, lasts=8.0),) * 2
    plan = FaultPlan(seed=1, episodes=episodes)
    first = list(islice(turns(plan, 0), 500))
    waits = [after.start_s - turn.start_s for turn, after in pairwise(first)]
    assert all(8.0 <= wait <= 15.0 for wait in waits)
    assert 9.5 < sum(waits) / len(waits) < 11.5
    assert first == list(islice(turns(plan, 0), 500))
    assert first != list(islice(turns(plan, 1), 500))


def test_calls_fail_in_their_share_and_up_to_their_count() -> None:
    rows = (
        RestFaults("spot:depth", fail=0.5, status=429, retry_after=3, count=4, delay=0.05),
        RestFaults("*:depth", stale=0.25, stale_seconds=7.0),
    )
    rest = RestFaultsOf(FaultPlan(seed=2, rest=rows))
    decisions = [rest.decide("spot:depth") for _ in range(50)]
    failed = [found for found in decisions if found.status]
    assert len(failed) == 4
    assert {(found.status, found.retry_after_s) for found in failed} == {(429, 3)}
    assert {found.delay_s for found in decisions} == {0.05}
    stale = [rest.decide("usdm:depth").stale_s for _ in range(1000)]
    assert set(stale) == {0.0, 7.0}
    assert abs(stale.count(7.0) - 250) < 50
    assert rest.decide("spot:klines") is AS_USUAL
    again = RestFaultsOf(FaultPlan(seed=2, rest=rows))
    assert [again.decide("spot:depth") for _ in range(50)] == decisions


def test_state_counts_what_was_answered() -> None:
    state = FaultState(FaultPlan(rest=(RestFaults(delay=0.1, stale=1.0),)))
    state.decide_rest("spot:depth", is_depth=True)
    state.decide_rest("spot:trades")
    state.replace(FaultPlan(rest=(RestFaults(fail=1.0),)))
    state.decide_rest("spot:trades")
    assert state.status()["rest"] == {
        "spot:depth": {"delay": 1, "stale": 1}, "spot:trades": {"delay": 1, "503": 1},
    }  # fmt: skip
