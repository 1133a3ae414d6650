"""Prefixes, topics, and what is wanted that we do not carry."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.shard.topics import ASTRAY_MAX, Astray, Demand, Topics, can_come, stream_of

NAMES = [b"spot:a@trade ", b"spot:a@trades ", b"spot:ab@trade ", b"usdm:a@trade ", b"bin:spot:a\0"]
prefixes = st.sampled_from([b"", b"s", b"spot:", b"spot:a", b"usdm:a@", b"x", *NAMES])


@given(st.lists(st.tuples(st.sampled_from("+-ad"), prefixes, st.sampled_from(NAMES)), max_size=60))
def test_a_topic_is_wanted_while_a_prefix_matches_it(
    moves: list[tuple[str, bytes, bytes]],
) -> None:
    """Against the definition, whatever the order of subscriptions and topics."""
    topics: Topics[bytes] = Topics()
    held: set[bytes] = set()
    known: set[bytes] = set()
    wanted: dict[bytes, bool] = {}
    for what, prefix, name in moves:
        if what == "+":
            held.add(prefix)
            wanted.update(dict.fromkeys(topics.subscribe(prefix), True))
        elif what == "-":
            held.discard(prefix)
            wanted.update(dict.fromkeys(topics.unsubscribe(prefix), False))
        elif what == "a":
            known.add(name)
            wanted[name] = topics.add(name, name)
        else:
            known.discard(name)
            topics.discard(name)
        for topic in known:
            assert wanted[topic] is any(topic.startswith(prefix) for prefix in held)
            assert topic in topics


def test_an_exact_topic_costs_one_look() -> None:
    topics: Topics[int] = Topics()
    for number in range(10_000):
        topics.add(b"spot:s%d@trade " % number, number)
    assert topics.subscribe(b"spot:s77@trade ") == [77]
    assert topics.looked_at == 1
    assert topics.subscribe(b"spot:s77@") == []
    assert topics.looked_at == 2


def test_prefixes_are_bounded_and_counted() -> None:
    topics: Topics[int] = Topics(prefixes_max=2)
    topics.add(b"c ", 1)
    for prefix in (b"a", b"b", b"c"):
        assert topics.subscribe(prefix) == []
    assert topics.refused == 1
    assert topics.unsubscribe(b"c") == []
    topics.unsubscribe(b"a")
    assert topics.subscribe(b"c") == [1]


def test_only_exact_topics_of_streams_name_one() -> None:
    assert stream_of(b"usdm:btcusdt@trade ") == "usdm:btcusdt@trade"
    assert stream_of(b"bin:spot:!ticker@arr\0") == "spot:!ticker@arr"
    for other in (
        b"", b"usdm:btcusdt@trade", b"state:spot:BTCUSDT ", b"bin:spot:a@trade ", b"spot:a@trade\0",
        b"okx:a@trade ", b"spot:a b ", b"spot: ", b"spot:" + b"a" * 60 + b" ", b"x" * 100_000,
    ):  # fmt: skip
        assert stream_of(other) == ""


def test_exact_topic_that_is_none_of_ours_can_never_come() -> None:
    for topic in (
        b"usdm:btcusdt@trade ", b"bin:spot:!ticker@arr\0", b"state:spot:BTCUSDT.RPI ",
        b"", b"spot:", b"rubbish", b"spot:btcusdt@trade",
    ):  # fmt: skip
        assert can_come(topic), topic
    for topic in (
        b"rubbish ", b" ", b"\0", b"okx:a@trade ", b"bin:spot:a@trade ", b"spot:a@trade\0",
        b"spot:a b ", b"state:BTCUSDT ", b"state:spot:BTCUSDT\0", b"\xff\xfe ",
    ):  # fmt: skip
        assert not can_come(topic), topic


def test_topic_that_goes_astray_is_judged_once_and_a_moment_later() -> None:
    astray = Astray()
    astray.ask(b"a ", 10.0)
    astray.ask(b"a ", 10.5)
    astray.ask(b"b ", 10.5)
    assert astray.due(10.9) == []
    assert astray.due(11.0) == [b"a "]
    assert astray.due(11.5) == [b"b "]
    assert astray.due(99.0) == []


def test_topics_that_wait_for_judgement_are_bounded() -> None:
    astray = Astray()
    for number in range(2 * ASTRAY_MAX):
        astray.ask(b"%d " % number, 0.0)
    assert len(astray.due(2.0)) == ASTRAY_MAX


def test_a_stream_is_wanted_from_its_first_asker_to_its_last() -> None:
    demand: Demand[bytes] = Demand()
    assert demand.want("spot:a@trade", b"json")
    assert not demand.want("spot:a@trade", b"binary")
    assert not demand.leave("spot:a@trade", b"json")
    assert "spot:a@trade" in demand
    assert demand.leave("spot:a@trade", b"binary")
    assert not demand.leave("spot:a@trade", b"binary")


def test_somebody_who_never_asked_cannot_leave_for_others() -> None:
    demand: Demand[bytes] = Demand()
    demand.want("spot:a@trade", b"binary")
    assert not demand.leave("spot:a@trade", b"json")
    assert "spot:a@trade" in demand


def test_wants_are_bounded_and_counted() -> None:
    demand: Demand[int] = Demand(names_max=3)
    assert sum(demand.want(f"spot:s{number}@trade", 1) for number in range(10)) == 3
    assert demand.refused == 7
    assert not demand.want("spot:s0@trade", 2)
    assert demand.refused == 7
