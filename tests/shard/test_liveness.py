"""When a silent connection is pinged, and when it is dead."""

from __future__ import annotations

import pytest

from gateway.shard.link import CHECK_S
from gateway.shard.liveness import ANSWER_NS, PERIODIC_NS, SILENT_NS, Verdict, judge

T = 10**12


@pytest.mark.parametrize(
    ("silent_for", "pinged_ago", "verdict"),
    [
        (0, 0, Verdict.WAIT),
        (SILENT_NS - 1, SILENT_NS, Verdict.WAIT),
        (SILENT_NS, SILENT_NS + 1, Verdict.PING),
        (SILENT_NS, SILENT_NS, Verdict.PING),
        (SILENT_NS, 0, Verdict.WAIT),
        (SILENT_NS + ANSWER_NS, ANSWER_NS - 1, Verdict.WAIT),
        (SILENT_NS + ANSWER_NS, ANSWER_NS, Verdict.DEAD),
        (0, PERIODIC_NS - 1, Verdict.WAIT),
        (0, PERIODIC_NS, Verdict.PING),
    ],
)
def test_silence_is_judged(silent_for: int, pinged_ago: int, verdict: Verdict) -> None:
    assert judge(T, T - silent_for, T - pinged_ago) is verdict


def test_the_interval_of_own_pings_can_be_chosen() -> None:
    assert judge(T, T, T - 60 * 10**9, 60 * 10**9) is Verdict.PING
    assert judge(T, T, T - 59 * 10**9, 60 * 10**9) is Verdict.WAIT


@pytest.mark.parametrize("late_ns", [0, 1, 249_999_999])
def test_a_dead_connection_is_noticed_within_ten_seconds_of_its_last_byte(late_ns: int) -> None:
    """Judged every quarter of a second, as the connection does, from any moment on."""
    last_heard, last_ping, step = T, T - 1, int(CHECK_S * 1e9)
    for now in range(T + late_ns, T + 60 * step, step):
        verdict = judge(now, last_heard, last_ping)
        if verdict is Verdict.PING:
            last_ping = now
        if verdict is Verdict.DEAD:
            assert now - last_heard <= 10 * 10**9 - step  # and the loop may be a little late
            return
    pytest.fail("never noticed")
