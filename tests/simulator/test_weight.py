"""Request weight: what is counted, refused and banned."""

from __future__ import annotations

import orjson

from gateway.simulator.rules import POOL_OF, Pool, Rules
from gateway.simulator.weight import BAN_MAX_S, MINUTE_NS, REFUSALS_MAX, WeightPool

NOW = 1_795_345_200_000_000_000  # a full minute
SECOND = 1_000_000_000


def test_limits_are_those_of_the_venue_and_futures_share_one() -> None:
    assert Rules().weights == {Pool.SPOT: 6000, Pool.FUTURES: 2400}
    assert len(set(POOL_OF.values())) == 2


def test_weight_is_counted_within_the_clock_minute() -> None:
    pool = WeightPool(100)
    assert [pool.spend(40, NOW + 59 * SECOND).used for _ in range(2)] == [40, 80]
    assert pool.spend(40, NOW + MINUTE_NS).used == 40


def test_call_over_the_limit_is_refused_until_the_minute_is_over_and_counts() -> None:
    pool = WeightPool(100)
    assert pool.spend(100, NOW).status == 200
    spent = pool.spend(1, NOW + 45 * SECOND + 1)
    assert (spent.status, spent.used, spent.retry_after_s) == (429, 101, 15)
    assert spent.headers == {"X-MBX-USED-WEIGHT-1M": "101", "Retry-After": "15"}
    assert orjson.loads(spent.body)["code"] == -1003
    assert pool.spend(1, NOW + MINUTE_NS).status == 200
    assert pool.refused == 1


def exhaust(pool: WeightPool, now_ns: int) -> None:
    """Spend the minute, and go on until just before a ban."""
    pool.spend(pool.limit, now_ns)
    assert all(pool.spend(1, now_ns).status == 429 for _ in range(REFUSALS_MAX))


def test_who_does_not_back_off_is_banned_and_longer_each_time() -> None:
    pool, now = WeightPool(100), NOW
    for ban_s in (120, 240):
        exhaust(pool, now)
        spent = pool.spend(1, now)
        assert (spent.status, spent.retry_after_s) == (418, ban_s)
        until = str((now + ban_s * SECOND) // 1_000_000)
        assert until in orjson.loads(spent.body)["msg"]
        assert pool.spend(1, now + ban_s * SECOND - 1).status == 418
        now += ban_s * SECOND
        assert pool.spend(1, now).status == 200
        now += MINUTE_NS


def test_ban_has_a_longest() -> None:
    pool, now = WeightPool(1), NOW
    for _ in range(20):
        exhaust(pool, now)
        last = pool.spend(1, now)
        now += 4 * 86_400 * SECOND
    assert last.retry_after_s == BAN_MAX_S


def test_exchange_info_tells_the_limit_in_force() -> None:
    pool = WeightPool(2400)
    pool.limit = 50
    assert pool.rate_limits() == [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 50}
    ]


def test_the_heaviest_minute_is_of_any_sixty_seconds() -> None:
    pool = WeightPool(1000)
    for second, weight in ((0, 100), (50, 300), (70, 400), (200, 50)):
        pool.spend(weight, second * SECOND)
    assert pool.heaviest == 700
