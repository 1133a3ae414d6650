"""Streams on demand, with consumers and times as plain values."""

from __future__ import annotations

from gateway.supervisor.demand import AGAIN_SECONDS, WAITING_MAX, Demand, stream_of

TRADE = "spot:btcusdt@trade"


def demand(limit: int = 2) -> Demand:
    return Demand(limit, grace=30.0)


def test_both_topics_of_a_stream_count_as_one_and_state_as_none() -> None:
    assert stream_of(TRADE) == TRADE
    assert stream_of(f"bin:{TRADE}") == TRADE
    assert stream_of("state:spot:BTCUSDT") is None


def test_first_consumer_brings_the_stream_and_the_next_ones_do_not() -> None:
    found = demand()
    assert found.want(TRADE, 0, TRADE)
    assert not found.want(TRADE, 0, f"bin:{TRADE}")
    assert not found.want(TRADE, 1, TRADE)
    assert found.streams == [TRADE]


def test_stream_is_dropped_a_grace_time_after_its_last_consumer() -> None:
    found = demand()
    found.want(TRADE, 0, TRADE)
    found.want(TRADE, 0, f"bin:{TRADE}")
    found.want(TRADE, 1, TRADE)
    found.leave(TRADE, 0, TRADE, 100.0)
    found.leave(TRADE, 1, TRADE, 101.0)
    assert found.due(1000.0) == []
    found.leave(TRADE, 0, f"bin:{TRADE}", 102.0)
    assert found.due(131.9) == []
    assert found.due(132.0) == [TRADE]
    found.drop(TRADE)
    assert found.streams == []


def test_consumer_that_comes_back_in_time_keeps_the_stream() -> None:
    found = demand()
    found.want(TRADE, 0, TRADE)
    found.leave(TRADE, 0, TRADE, 0.0)
    assert not found.want(TRADE, 0, TRADE)
    assert found.due(1000.0) == []
    found.leave(TRADE, 0, TRADE, 1000.0)
    assert found.due(1029.0) == []


def test_leaving_twice_does_not_lengthen_the_grace_time() -> None:
    found = demand()
    found.want(TRADE, 0, TRADE)
    found.leave(TRADE, 0, TRADE, 0.0)
    found.leave(TRADE, 0, TRADE, 20.0)
    assert found.due(30.0) == [TRADE]


def test_streams_over_the_limit_are_refused_and_counted() -> None:
    found = demand(limit=2)
    for name in ("a", "b"):
        assert found.has_room(name)
        found.want(name, 0, name)
    assert found.has_room("a")
    assert not found.has_room("c")
    assert found.refused == 1


def test_what_only_an_ended_shard_wanted_is_gone() -> None:
    """Its consumers connect to the next one and say again what they want."""
    found = demand()
    found.want("a", 0, "a")
    found.want("b", 0, "b")
    found.want("b", 1, "b")
    found.forget_shard(0)
    assert found.streams == ["b"]
    found.leave("b", 1, "b", 0.0)
    assert found.due(30.0) == ["b"]


def test_stream_in_its_grace_time_outlives_an_ended_shard() -> None:
    found = demand()
    found.want("a", 0, "a")
    found.leave("a", 0, "a", 0.0)
    found.forget_shard(0)
    assert found.due(30.0) == ["a"]


def test_unknown_stream_that_is_left_changes_nothing() -> None:
    found = demand()
    found.leave("a", 0, "a", 0.0)
    assert found.streams == []


def later(found: Demand, now: float) -> list[tuple[int, str]]:
    """What is asked for again once its time has come."""
    assert found.again(now) == []
    assert found.again(now + AGAIN_SECONDS - 0.1) == []
    return found.again(now + AGAIN_SECONDS)


def test_topic_that_was_refused_is_asked_for_again_when_there_is_room() -> None:
    found = demand(limit=1)
    found.want(TRADE, 0, TRADE)
    found.put_off(0, "spot:b@trade")
    found.put_off(1, "spot:c@trade")
    assert found.again(0.0) == found.again(99.0) == []
    found.drop(TRADE)
    assert later(found, 100.0) == [(0, "spot:b@trade")]
    found.put_off(0, "spot:b@trade")
    assert later(found, 200.0) == [(1, "spot:c@trade")]


def test_topic_without_a_consumer_is_not_asked_for_again() -> None:
    found = demand()
    found.put_off(0, TRADE)
    found.put_off(1, TRADE)
    found.leave(TRADE, 0, TRADE, 0.0)
    found.forget_shard(1)
    assert later(found, 100.0) == []


def test_consumers_of_a_stream_that_cannot_be_carried_are_put_off() -> None:
    found = demand()
    found.want(TRADE, 0, TRADE)
    found.want(TRADE, 1, f"bin:{TRADE}")
    found.refuse(TRADE)
    assert found.streams == []
    assert later(found, 100.0) == [(0, TRADE), (1, f"bin:{TRADE}")]


def test_as_many_are_put_off_as_there_is_room_for() -> None:
    found = Demand(10 * WAITING_MAX, grace=30.0)
    for number in range(WAITING_MAX + 5):
        found.put_off(0, f"spot:s{number}@trade")
    assert len(later(found, 100.0)) == WAITING_MAX
