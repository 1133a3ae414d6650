"""The common log of weight, with times as plain numbers and the venue's count as the judge."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.plan import Need
from gateway.rest.budget import (
    SHARES,
    Hold,
    News,
    Outcome,
    Wish,
    exchange,
    is_too_dear,
    line_of,
    pool_key,
)
from gateway.rest.weight_log import WINDOW_SECONDS, Moment, Pool, Weights, join, total

TERMS = (100, 0.2, 20.0)  # a line of 80


def moment(mono: float, wall: float | None = None, boot: str = "b") -> Moment:
    return Moment(boot, mono, mono + 1e9 if wall is None else wall)


def ask(
    content: Weights,
    now: float,
    *weights: int,
    holder: str = "h",
    share: float = 1.0,
    **news: object,
) -> Outcome:
    """Ask with nothing on the way but what ``news`` says."""
    wishes = [Wish(weight, share) for weight in weights]
    told = News(**news)  # type: ignore[arg-type]  # of several types
    return exchange(content, "p", holder, told, wishes, TERMS, moment(now))


def spend(content: Weights, now: float, weight: int) -> None:
    """A call that is granted and answered at once."""
    assert ask(content, now, weight).granted == 1
    ask(content, now, answered=[(now, weight)])


def test_reserve_is_left_to_others() -> None:
    assert line_of(6000, {}, 0.2) == 4800
    assert line_of(2400, {}, 0.2) == 1920


def test_lower_limit_is_believed_and_a_higher_one_is_not() -> None:
    assert line_of(2400, {"usdm": 2400, "coinm": 6000}, 0.2) == 1920
    assert line_of(2400, {"usdm": 1200, "coinm": 6000}, 0.2) == 960
    content = Weights()
    assert ask(content, 1000.0, 60, limits={"usdm": 50}).granted == 0
    assert ask(content, 1000.0, 40, holder="other").granted == 1
    assert ask(content, 1001.0, 1, holder="third").granted == 0, "it is in the file for all"


def test_weight_is_granted_until_the_minute_is_full() -> None:
    content = Weights()
    spend(content, 1000.0, 50)
    spend(content, 1010.0, 30)
    found = ask(content, 1020.0, 1)
    assert (found.granted, found.wait_s, found.spent, found.line) == (0, 40.0, 80, 80)


def test_all_that_fit_are_granted_in_one_look_and_in_order() -> None:
    found = ask(Weights(), 1000.0, 30, 30, 30, 5)
    assert found.granted == 2, "a small one behind a large one waits for its turn"


def test_a_call_counts_until_a_minute_after_its_answer() -> None:
    content = Weights()
    assert ask(content, 1000.0, 80).granted == 1
    assert ask(content, 1009.0, on_way=[(1020.0, 80)]).spent == 80
    assert ask(content, 1010.0, answered=[(1010.0, 80)]).spent == 80
    assert ask(content, 1069.9, 1).granted == 0
    assert ask(content, 1070.0, 80).granted == 1


def test_what_a_dead_process_had_on_its_way_counts_as_if_it_arrived_last() -> None:
    content = Weights()
    assert ask(content, 1000.0, 80, holder="dead").granted == 1
    assert ask(content, 1079.9, 1, holder="new").granted == 0
    assert ask(content, 1080.0, 80, holder="new").granted == 1


def test_call_that_was_not_made_is_given_back() -> None:
    content = Weights()
    assert ask(content, 1000.0, 80).granted == 1
    assert ask(content, 1000.0, 80).granted == 1, "its process has it no more on its way"


def test_what_is_not_urgent_leaves_room_for_a_lost_book() -> None:
    content = Weights()
    spend(content, 1000.0, 40)
    for need in (Need.DEEPEN, Need.AUDIT):
        assert ask(content, 1001.0, 1, share=SHARES[need]).granted == 0
    assert ask(content, 1001.0, 40, share=SHARES[Need.LOST]).granted == 1
    assert sorted(SHARES, key=lambda need: -SHARES[need])[0] is Need.LOST
    assert set(SHARES) == set(Need)


def test_call_that_can_never_fit_is_known() -> None:
    assert is_too_dear(Wish(81), 80)
    assert not is_too_dear(Wish(80), 80)
    assert is_too_dear(Wish(41, 0.5), 80)


def test_nothing_is_granted_while_held_whoever_asks() -> None:
    content = Weights()
    assert ask(content, 1000.0, 5, hold=Hold(418, 7.0)).wait_s == 7.0
    found = ask(content, 1006.5, 5, holder="other")
    assert (found.granted, found.wait_s, found.held_s, found.status) == (0, 0.5, 0.5, 418)
    assert ask(content, 1007.0, 5, holder="other").granted == 1


def test_shorter_hold_does_not_end_a_longer_one() -> None:
    content = Weights()
    ask(content, 1000.0, hold=Hold(418, 100.0))
    assert ask(content, 1001.0, 1, hold=Hold(429, 5.0)).wait_s == 99.0


def test_refused_calls_cost_weight_too() -> None:
    content = Weights()
    assert ask(content, 1000.0, 50).granted == 1
    ask(content, 1000.0, answered=[(1000.0, 50)], hold=Hold(429, 1.0))
    assert ask(content, 1002.0, 31).granted == 0


def test_weight_that_others_spent_counts() -> None:
    content = Weights()
    spend(content, 1000.0, 10)
    assert ask(content, 1001.0, 11, used=(1001.0, 70)).granted == 0
    assert ask(content, 1002.0, 10).granted == 1
    assert ask(content, 1003.0, on_way=[(1020.0, 10)], used=(1003.0, 15)).spent == 80


@pytest.mark.parametrize("step", [-1e6, -30.0, 30.0, 1e6, 1e9])
def test_step_of_the_wall_clock_frees_nothing_and_ends_no_hold(step: float) -> None:
    content = Weights()
    spend(content, 1000.0, 80)
    wall = 1e9 + 1001.0 + step
    stepped = moment(1001.0, wall)
    assert exchange(content, "p", "h", News(), [Wish(1)], TERMS, stepped).granted == 0
    news = News(hold=Hold(418, 300.0))
    exchange(content, "p", "h", news, [], TERMS, moment(1001.0))
    assert exchange(content, "p", "h", News(), [Wish(1)], TERMS, stepped).wait_s == 300.0


def test_boot_begins_with_what_was_spent_before_it() -> None:
    content = Weights()
    spend(content, 5000.0, 80)
    fresh = exchange(content, "p", "h", News(), [Wish(1)], TERMS, moment(20.0, boot="c"))
    assert (fresh.granted, fresh.wait_s) == (0, 40.0)
    assert exchange(content, "p", "h", News(), [Wish(1)], TERMS, moment(60.0, boot="c")).granted


@pytest.mark.parametrize(
    ("wall", "left"),
    [(1e9 + 6000.0, 2000.0), (1e9 + 4000.0, 3000.0), (1e9 + 9000.0, 0.0), (0.0, 3000.0)],
    ids=["an hour down", "set back a little", "over by now", "no clock"],
)
def test_ban_goes_on_over_a_boot(wall: float, left: float) -> None:
    content = Weights()
    ask(content, 5000.0, hold=Hold(418, 3000.0))
    found = exchange(content, "p", "h", News(), [Wish(1)], TERMS, moment(100.0, wall, "c"))
    assert found.held_s == pytest.approx(left)


def test_damaged_entries_do_no_harm() -> None:
    body = (
        b'{"boot":"b","pools":{"p":{"spent":[[1e300,5],[-1e300,5],[999,-70]],'
        b'"on_way":{"x":[[1e18,5]]},"held_until":1e300}}}'
    )
    content = msgspec.json.decode(body, type=Weights)
    found = ask(content, 1000.0, 70)
    assert found.spent == 10
    assert found.held_s == 3 * 86_400
    assert ask(Weights(), 1000.0, 80).granted == 1


def test_pools_that_say_nothing_are_forgotten() -> None:
    content = Weights()
    for port in range(300):
        exchange(content, f"p{port}", "h", News(), [Wish(1)], TERMS, moment(1000.0))
    assert len(content.pools) == 64
    ask(content, 2000.0)
    assert set(content.pools) == {"p"}


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://api.binance.com", "spot@binance.com"),
        ("https://api-gcp.binance.com", "spot@binance.com"),
        ("https://data-api.binance.vision", "spot@binance.com"),
        ("https://fapi.binance.com", "spot@binance.com"),
        ("https://testnet.binance.vision", "spot@testnet.binance.vision"),
        ("https://demo-api.binance.com", "spot@demo-api.binance.com"),
        ("https://testnet.binancefuture.com", "spot@testnet.binancefuture.com"),
        ("https://Mirror.example:8443", "spot@mirror.example"),
        ("http://127.0.0.1:8080/spot", "spot@127.0.0.1:8080"),
        ("http://localhost", "spot@localhost:80"),
        ("https://[::1]:9", "spot@::1:9"),
    ],
)
def test_simulator_and_trial_hosts_never_share_the_real_pool(url: str, key: str) -> None:
    assert pool_key("spot", url) == key


@dataclass
class Process:
    """A process as ``turns`` runs it: it tells of its calls when it asks, and at no other time."""

    holder: str
    calls: list[tuple[float, float, int]] = field(default_factory=list)  # answered, until, weight


@dataclass
class World:
    """A host with processes, a clock that is set, boots, and a venue that counts."""

    file: bytes = b"{}"
    real: float = 10_000.0
    boot: int = 0
    booted: float = 0.0
    wall_off: float = 0.0
    holders: int = 0
    processes: list[Process] = field(default_factory=list)
    arrived: list[tuple[float, int]] = field(default_factory=list)
    held_until: float = 0.0

    @property
    def mono(self) -> float:
        return self.real - self.booted

    def start(self) -> Process:
        self.holders += 1
        return Process(f"h{self.holders}")

    def ask(self, number: int, weights: list[int], delays: list[float], hold: float) -> None:
        process = self.processes[number]
        now = self.mono
        done = [(at, weight) for at, _, weight in process.calls if at <= now]
        process.calls = [call for call in process.calls if call[0] > now]
        news = News([(until, weight) for _, until, weight in process.calls], done)
        if hold:
            news.hold = Hold(429, hold)
            self.held_until = max(self.held_until, self.real + hold)
        wishes = [Wish(weight) for weight in weights]
        content = msgspec.json.decode(self.file, type=Weights)
        clock = Moment(str(self.boot), now, self.real + self.wall_off)
        found = exchange(content, "p", process.holder, news, wishes, TERMS, clock)
        self.file = msgspec.json.encode(content)
        if found.granted:
            assert self.real >= self.held_until, "it asked while held"
        for weight, delay in zip(weights[: found.granted], delays, strict=False):
            self.arrived.append((self.real + delay, weight))  # the latest that it can be
            process.calls.append((now + delay, now + TERMS[2], weight))

    def reboot(self, down: float) -> None:
        # What was on its way has left by now, or never does.
        self.arrived = [(min(at, self.real), weight) for at, weight in self.arrived]
        self.real += down
        self.boot, self.booted = self.boot + 1, self.real - 0.5
        self.processes = [self.start() for _ in self.processes]

    def check(self) -> None:
        for end, _ in self.arrived:
            window = [w for at, w in self.arrived if end - WINDOW_SECONDS < at <= end]
            assert sum(window) <= 80


delays = st.one_of(st.sampled_from([0.0, 0.0, 0.11, 10.0, 20.0]), st.floats(0.0, 20.0))
gaps = st.one_of(st.sampled_from([0.0, 0.05, 1.0, 59.5, 60.0, 60.05]), st.floats(0.0, 25.0))
asks = st.tuples(
    st.just("ask"),
    st.integers(0, 3),
    st.lists(st.sampled_from([1, 5, 20, 40, 80]), min_size=1, max_size=6),
    st.lists(delays, min_size=6, max_size=6),
    st.sampled_from([0.0] * 9 + [3.0, 70.0]),
)
steps = st.one_of(
    asks,
    asks,
    asks,
    st.tuples(st.just("crash"), st.integers(0, 3)),
    st.tuples(st.just("clock"), st.floats(-1e6, 1e6)),
    st.tuples(st.just("reboot"), st.floats(1.0, 100.0)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(gaps, steps), max_size=60))
def test_no_sliding_minute_is_over_the_line_whatever_happens(
    plan: list[tuple[float, tuple[object, ...]]],
) -> None:
    """Four processes, crashes, restarts, boots and steps of the wall clock."""
    world = World()
    world.processes = [world.start() for _ in range(4)]
    for gap, (what, *details) in plan:
        world.real += gap
        match what, details:
            case "ask", [int(number), list(weights), list(delays), float(hold)]:
                world.ask(number, weights, delays, hold)
            case "crash", [int(number)]:
                world.processes[number] = world.start()
            case "clock", [float(seconds)]:
                world.wall_off += seconds
            case "reboot", [float(down)]:
                # A ban over a boot is told by the wall clock, which must not be wrong then.
                world.wall_off, world.held_until = 0.0, 0.0
                world.reboot(down)
    world.check()


@pytest.mark.parametrize("seed", range(60))
def test_line_holds_under_load_with_crashes(seed: int) -> None:
    """Four processes that always want more than there is, which finds what chance steps do not."""
    dice = random.Random(seed)
    world = World()
    world.processes = [world.start() for _ in range(4)]
    for _ in range(300):
        world.real += dice.choice((0.0, 0.01, 0.3, 3.0, 59.9))
        number = dice.randrange(4)
        if dice.random() < 0.15:
            world.processes[number] = world.start()
        if dice.random() < 0.02:
            world.reboot(dice.uniform(1.0, 70.0))
        delays = [dice.choice((0.0, 0.04, 0.4, 20.0)) for _ in range(6)]
        world.ask(number, [dice.choice((1, 5, 20, 40)) for _ in range(6)], delays, 0.0)
    world.check()
    assert len(world.arrived) > 100


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.integers(1, 80)), max_size=60))
def test_what_was_told_to_wait_is_granted_after_that(calls: list[tuple[float, int]]) -> None:
    content, now = Weights(), 1000.0
    for gap, weight in calls:
        now += gap
        while not (found := ask(content, now, weight)).granted:
            assert 0 < found.wait_s <= WINDOW_SECONDS + 0.2
            # A float's last digit may be lost in the addition.
            now += found.wait_s + 1e-6
        assert ask(content, now, answered=[(now, weight)]).spent <= 80


def test_what_was_kept_in_memory_joins_the_file_and_nothing_is_forgotten() -> None:
    held = Pool([(100.0, 7)], {"me": [(120.0, 5)]}, 100.0, 400.0, 1400.0, 418, {"spot": 3000})
    kept = Weights("b", 101.0, 1101.0, {"p": held})
    there = Weights("b", 100.5, 1100.5, {"p": Pool([(99.0, 40)], {"other": [(110.0, 2)]})})
    join(there, kept)
    found = there.pools["p"]
    assert (total(found), found.held_until, found.status) == (54, 400.0, 418)
    assert found.limits == {"spot": 3000}


def test_what_was_kept_joins_a_file_that_is_empty_or_of_the_boot_before() -> None:
    kept = Weights("b", 101.0, 1101.0, {"p": Pool([(100.0, 7)])})
    for there in (Weights(), Weights("a", 9e5, 1000.0, {"p": Pool([(9e5, 40)], held_until=8e5)})):
        before = sum(map(total, there.pools.values()))
        join(there, kept)
        assert (there.boot, total(there.pools["p"])) == ("b", before + 7)
        assert max(at for at, _ in there.pools["p"].spent) == 100.0


def test_what_may_not_have_been_told_is_told_again() -> None:
    news = News(answered=[(2.0, 5)], used=(2.0, 40))
    news.put_back(News(answered=[(1.0, 20)], used=(1.0, 30), hold=Hold(429, 9.0)))
    assert news.answered == [(1.0, 20), (2.0, 5)]
    assert (news.used, news.hold) == ((2.0, 40), Hold(429, 9.0))
