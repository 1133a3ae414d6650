"""Screens at the sizes that people have, looked at as text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cli.live import styles
from gateway.cli.live.state import PAGES, State
from gateway.cli.live.text import plain, width_of
from gateway.cli.live.whole import whole
from gateway.layout import Kind
from gateway.watch.changes import View, compare
from gateway.watch.readings import DEAD
from gateway.watch.rows import arrange
from gateway.watch.watcher import Watcher
from gateway_client import Book, Gap, GapState, Status
from gateway_client.records import EventKind
from tests.clients.support import Shard
from tests.watch.made import SECOND, STARTED, connection, histogram, instrument, reading, shard

SIZES = [(80, 24), (200, 60), (120, 40), (149, 30), (150, 24), (40, 12), (60, 16), (20, 5), (9, 2)]
TIMES = {"event_to_recv": 700, "recv_to_publish": 310, "publish_to_visible": 200,
         "publish_to_zmq": 400}  # fmt: skip


def gap(number: int, state: GapState) -> Gap:
    closed = None if state is GapState.OPEN else STARTED + number * SECOND
    return Gap(
        number, 0, f"spot:s{number:02}usdt@trade", EventKind.TRADE, state, 5, 9, 5, 0,
        STARTED, closed, None, None,
    )  # fmt: skip


@pytest.fixture
def view() -> View:
    """Two shards with trouble: a gap, a dead shard's neighbour, a connection that is down."""
    links = [connection(f"spot/public/{n}/a") for n in range(30)]
    links += [connection("usdm/public/0/a", "DOWN"), connection("usdm/public/0/b", "IDLE")]
    times = {name: histogram({bucket: 50}) for name, bucket in TIMES.items()}
    first = shard(0, 1, connections=links, histograms=times, counters={"gaps": 12})
    dead = shard(1, 2, state=DEAD, is_alive=False, histograms={}, deliveries={"DEAD": 3})
    instruments = [instrument(f"spot:S{n:02}USDT", frames=((1, 100 + n),)) for n in range(60)]
    instruments[7] = instruments[7]._replace(state=Status.GAPPED, gaps=3)
    gaps = [gap(n, GapState.FILLED) for n in range(20)] + [gap(20, GapState.OPEN)]
    weight = {"spot": {"limit": 4800, "spent": 4700, "held_s": 3.0}}
    report = {"weight": weight, "hosts": {}, "shards": [{"id": 0, "restarts": 2}]}
    before = reading([replace(first, counters={}, histograms={})], instruments, at=0.0)
    after = reading(
        [first, dead], [each._replace(frames=((1, 200),)) for each in instruments], at=10.0,
        gaps=gaps, report=report, troubled=[("spot:s07usdt@depth", "SILENT")],
    )  # fmt: skip
    return compare(before, after)


@pytest.fixture
def book(run_dir: Path) -> Book:
    levels = [(61_000_00 - n, 1000 + n) for n in range(20)], [(61_000_50 + n, 5) for n in range(20)]
    made = Shard(run_dir, symbols=("S00USDT",)).start()
    made.add_stream("spot:s00usdt@depth", Kind.DIFF, 0)
    made.write_book(0, *levels, sequence=3, bid_total=500, ask_total=20, update_id=42, ts_recv=9)
    with Watcher(run_dir) as watcher:
        found = watcher.book("spot:S00USDT", 1000)
    assert found is not None
    return found


def shown(view: View, size: tuple[int, int], state: State, book: Book | None = None) -> list[str]:
    """The screen as text, checked to be one of that size."""
    rows = arrange(view.rows, state.order, state.reverse, state.filter)
    screen = whole(view, state, rows, book, *size)
    assert len(screen.lines) == size[1]
    assert [line for line in screen.lines if width_of(line) > size[0]] == []
    assert width_of(screen.lines[-1]) == size[0]
    return [plain(line) for line in screen.lines]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_is_wider_or_higher_than_the_terminal(
    view: View, book: Book, size: tuple[int, int]
) -> None:
    for page in PAGES:
        shown(view, size, State(page=page))
        shown(view, size, State(page=page, is_bare=True, is_paused=True, text="s0"))
    shown(view, size, State(typed="abc"))
    shown(view, size, State(text="nothing at all"))
    shown(view, size, State(chosen="spot:S03USDT", order="rate", reverse=True))
    shown(view, size, State(ladder="spot:S00USDT"), book)
    shown(view, size, State(ladder="spot:GONE"))
    shown(view, size, State(is_help=True))
    shown(compare(None, reading([], [])), size, State())


def test_small_terminal_has_all_that_matters(view: View) -> None:
    lines = shown(view, (80, 24), State(order="state"))
    text = "\n".join(lines)
    assert lines[0].startswith("gateway /dev/shm/binance-gateway-1000  pid 2753  up 60 min")
    assert lines[0].endswith(" UTC")
    assert "60 instruments: 1 GAPPED, 59 LIVE" in text
    assert "12 gaps, 1 OPEN" in text
    assert "REST spot 4,700/4,800 HELD 3 s" in text
    assert "3 DEAD" in text
    assert re.search(r"exchange to here +\d", text)
    assert re.search(r"decoded to ZeroMQ +\d", text)
    assert re.search(r"0 +LIVE .* 30 of 31 up", text)
    assert re.search(r"1 +DEAD ", text)
    assert re.search(r"symbol +state▼ +bid +ask +last +rate/s +age +gaps", text)
    rows = [line for line in lines if "spot:S" in line]
    assert re.fullmatch(
        r" spot:S07USDT +GAPPED +61000.00 +61000.50 +61000.25 +9.3 +25 ms +3", rows[0]
    )
    assert len(rows) >= 5
    assert lines[-1].startswith(" instruments 1-")
    assert "of 60 by state" in lines[-1]
    assert lines[-1].endswith("q end")


def test_large_terminal_has_everything_beside_the_instruments(view: View) -> None:
    lines = shown(view, (200, 60), State(chosen="spot:S03USDT"))
    text = "\n".join(lines)
    assert sum("spot:S" in line[:20] for line in lines) >= 50
    assert "bid qty" in text
    assert "▶spot:S03USDT" in text
    assert re.search(r"usdm/public/0/a +DOWN", text)
    assert re.search(r"and \d+ more connections: 2", text)
    assert re.search(r"OPEN +spot:s20usdt@trade", text)
    assert re.search(r"SILENT +spot:s07usdt@depth", text)
    assert re.search(r"here to decoded +\d", text)
    assert "s sort  r reverse  / filter" in lines[-1]


def test_stage_of_which_nothing_was_ever_timed_is_left_out(view: View) -> None:
    (first, *_) = view.reading.shards
    times = dict(first.histograms) | {"publish_to_zmq": histogram({})}
    nobody = replace(view.reading, shards=[replace(first, histograms=times)])
    text = "\n".join(shown(compare(None, nobody), (80, 24), State()))
    assert "decoded to memory" in text
    assert "ZeroMQ" not in text


def test_pages_list_what_is_not_well_first(view: View) -> None:
    assert "usdm/public/0/a" in shown(view, (80, 24), State(page="connections", is_bare=True))[6]
    gaps = [line for line in shown(view, (80, 24), State(page="gaps")) if "@trade" in line]
    assert gaps[0].startswith("OPEN")
    assert "spot:s07usdt@depth" in "\n".join(shown(view, (80, 24), State(page="streams")))
    scrolled = shown(view, (80, 24), State(page="gaps", first=18))
    assert " gaps 19-21 of 21" in scrolled[-1]


def test_page_without_anything_says_so() -> None:
    nothing = compare(None, reading([], []))
    for page, word in zip(PAGES[1:], ("no connection", "no gap", "no stream"), strict=True):
        assert word in "\n".join(shown(nothing, (80, 24), State(page=page)))
    assert "NO SHARD IS ALIVE" in "\n".join(shown(nothing, (80, 24), State()))


def test_book_is_a_ladder_with_what_is_cumulated(view: View, book: Book) -> None:
    lines = shown(view, (80, 24), State(ladder="spot:S00USDT"), book)
    text = "\n".join(lines)
    assert lines[0].startswith("spot:S00USDT  LIVE")
    assert "update 42" in lines[0]
    assert "spread 0.50 (0.082 bps)" in text
    assert "middle 61000.250" in text
    assert "imbalance +0.99 bids ███████████ asks" in text
    assert "every level is known" in text
    assert re.search(r"0\.01000 +0\.01000 +61000\.00 │ 61000\.50 +0\.00005 +0\.00005", text)
    assert re.search(r"0\.03003 +0\.01002 +60999\.98 │ 61000\.52 +0\.00005 +0\.00015", text)
    wide = shown(view, (200, 60), State(ladder="spot:S00USDT"), book)
    assert sum("│" in line for line in wide) == 21
    assert any("█" * 50 in line for line in wide)


def test_book_that_may_not_be_traded_on_says_so(view: View, book: Book) -> None:
    book.status = Status.GAPPED
    assert (
        "GAPPED: not to be traded on" in shown(view, (80, 24), State(ladder=book.symbol), book)[0]
    )
    gone = shown(view, (80, 24), State(ladder="spot:GONE"))
    assert gone[0] == "spot:GONE   is not carried (any more)"


def test_filter_that_is_typed_stands_below(view: View) -> None:
    lines = shown(view, (80, 24), State(typed="s1"))
    assert lines[-1].startswith(" filter: s1█  Enter keeps it, Esc drops it")
    assert not any("spot:S00" in line for line in lines)
    assert "of 10 by symbol with 's1'" in shown(view, (80, 24), State(text="s1"))[-1]


def test_help_is_whole_at_80_by_24(view: View) -> None:
    lines = shown(view, (80, 24), State(is_help=True))
    assert not any("…" in line for line in lines)
    assert "beat, lag" in "\n".join(lines)


def test_states_are_words_whatever_their_colour() -> None:
    for status in Status:
        word, style = styles.state(status)
        assert word == status.name
        assert style
    assert styles.state("SOMETHING NEW") == ("SOMETHING NEW", styles.BAD)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("event_to_recv", "exchange to here"), ("recv_to_publish", "here to decoded"),
        ("publish_to_visible", "decoded to memory"), ("publish_to_zmq", "decoded to ZeroMQ"),
        ("something_else", "something else"), ("a_to_b_c", "a to b c"),
    ],
)  # fmt: skip
def test_stages_have_names_that_people_read(name: str, said: str) -> None:
    assert styles.stage(name) == said
