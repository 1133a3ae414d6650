"""Every recorded session through real processes and sockets: simulator → gateway → ring reader.

The reader is this process: it maps the segment read-only, copies the EVENTS ring while it grows
and builds the books from its records alone. The replay runs as fast as the sockets take it, so the
ring is configured at 64 MiB: the reader could only be lapped if it slept for most of a session;
that it was not is checked. What must come out is computed from the capture's file by the oracle,
and is what PROVENANCE.md found.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.layout import SectionKind, Status
from tests.integration.running import Service, Simulator
from tests.model import captures, replay
from tests.model.book import Level
from tests.model.captures import Event, Session
from tests.model.follower import Followed, Follower
from tests.model.replay import Truth
from tests.model.ring import Record, Ring, Segment, levels_of_slot
from tests.waiting import wait_for

DATA = Path(os.environ.get("GATEWAY_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
PROVENANCE = DATA / "PROVENANCE.md"
SESSIONS = captures.sessions(PROVENANCE.read_text()) if PROVENANCE.is_file() else []
KINDS = ("bookTicker", "depth", "trade", "aggTrade")
CONFIG = """
[memory]
events_ring_bytes = 67108864
raw_ring_bytes = 1048576
"""
HEAD = (
    f"{'capture':<33}{'frames':>8}{'LIVE':>9}{'applied':>9}{'bookTicker agrees':>20}"
    f"{'in snapshot':>13}{'lapped':>8}{'gaps':>6}{'s':>7}"
)


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Rows that are printed when all sessions are through."""
    rows: list[str] = []
    yield rows
    plugins = request.config.pluginmanager
    reporter, capture = plugins.getplugin("terminalreporter"), plugins.getplugin("capturemanager")
    if rows and reporter is not None and capture is not None:
        with capture.global_and_fixture_disabled():
            reporter.write_line("")
            for row in (HEAD, *rows):
                reporter.write_line(row)


@dataclass
class Outcome:
    """What is left of a session when its gateway is stopped."""

    symbols: dict[str, Any]  # name -> SYMBOLS row
    followed: dict[str, Followed]
    slots: dict[str, Any]  # name -> (fields, bids, asks) of the BOOK slot
    streams: dict[str, Any]  # name -> STREAMS row
    sequences: dict[str, int]  # name -> frame number of the last ring record
    counters: Any
    holes: list[str]
    lapped: int
    sent: dict[str, int]  # stream -> frames that the simulator sent


def frame_counts(session: Session, events: list[Event]) -> dict[str, int]:
    """Streams to subscribe -> how many frames of each the capture holds."""
    counts: dict[str, int] = {}
    market = session.market.name.lower()
    for event in events:
        symbol, _, kind = event.stream.partition("@")
        if kind.partition("@")[0] in KINDS:
            # What was recorded as depth@0ms is served to whoever subscribes a documented speed.
            name = f"{market}:{symbol}@{'depth@100ms' if kind.startswith('depth') else kind}"
            counts[name] = counts.get(name, 0) + 1
    return counts


def read_to_the_end(
    ring: Ring, segment: Segment, simulator: Simulator, frames: int
) -> list[Iterable[Record]]:
    """Copy the ring's bytes while they come; parsing can wait, the writer does not."""
    batches: list[Iterable[Record]] = []

    def is_through() -> bool:
        batches.append(ring.read())
        counted: int = segment.counters().frames_data
        return counted >= frames and simulator.get("/sim/status")["finished"]

    wait_for(is_through, f"reading {frames} frames")
    time.sleep(0.05)  # the last batch may be under way
    batches.append(ring.read())
    return batches


def replayed(
    session: Session, shared_data: Path, run_dir: Path, config: Path
) -> tuple[Outcome, dict[str, Truth], dict[str, int]]:
    """Run a session through simulator and gateway; what came out, and what had to."""
    files = [word for name in session.files for word in ("--replay", str(shared_data / name))]
    events = list(captures.events(shared_data, session))
    counts, truths = frame_counts(session, events), replay.truths(session.market, events)
    config.write_text(CONFIG)
    with Simulator("--speed", "max", *files) as simulator:
        with Service(run_dir, simulator, sorted(counts), ("--config", str(config))) as service:
            manifest = json.loads((run_dir / "manifest.json").read_text())
            (shard,) = manifest["shards"]
            segment = Segment.open(run_dir / shard["segment"])
            ring = segment.ring(SectionKind.EVENTS, 0)
            batches = read_to_the_end(ring, segment, simulator, sum(counts.values()))
            outcome = collect(segment, ring, batches, simulator.get("/sim/status"))
            segment.close()
        assert service.process.returncode == 0
        assert not list(run_dir.iterdir()), "files left in the run directory"
    return outcome, truths, counts


def collect(segment: Segment, ring: Ring, batches: list[Iterable[Record]], status: Any) -> Outcome:
    follower = Follower()
    symbols = {row.symbol.rstrip(b"\0").decode(): row for row in segment.symbols()}
    slots = {
        name: levels_of_slot(segment.slot(SectionKind.BOOK, number) or b"")
        for number, name in enumerate(symbols)
    }
    streams = {row.name.rstrip(b"\0").decode(): row for row in segment.streams()}
    for batch in batches:
        follower.follow(batch)
    return Outcome(
        symbols=symbols,
        followed={name: follower.symbols[number] for number, name in enumerate(symbols)},
        slots=slots,
        streams=streams,
        sequences={name: follower.sequences.get(n, 0) for n, name in enumerate(streams)},
        counters=segment.counters(),
        holes=follower.holes,
        lapped=ring.lapped_count,
        sent={name: counts["sent"] for name, counts in status["streams"].items()},
    )


def scaled(level: Level | None, row: Any) -> Level | None:
    """A level at the oracle's exponent."""
    if level is None:
        return None
    px, qty = row.px_exponent - replay.EXPONENT, row.qty_exponent - replay.EXPONENT
    return level[0] * 10**px, level[1] * 10**qty


@pytest.mark.parametrize(
    "session", SESSIONS or [None], ids=lambda session: session and session.name
)
def test_a_session_through_the_gateway_leaves_the_oracles_books(
    session: Session, shared_data: Path, run_dir: Path, tmp_path: Path, table: list[str]
) -> None:
    began = time.monotonic()
    outcome, truths, counts = replayed(session, shared_data, run_dir, tmp_path / "gateway.toml")
    assert outcome.holes == []
    assert outcome.lapped == 0
    assert_every_frame_is_accounted_for(outcome, counts)
    matched = compared = applied = hidden = 0
    for symbol, truth in truths.items():
        if session.books[symbol].snapshot_id is None:
            assert_never_live(outcome, symbol)
            continue
        assert_book(outcome, symbol, truth)
        agreed, unseen = agreement(outcome, symbol, truth)
        found = session.books[symbol]
        assert truth_agreement(truth, truth.bests.keys()) == (found.matched, found.compared)
        matched, compared = matched + agreed[0], compared + agreed[1]
        applied, hidden = applied + outcome.followed[symbol].applied, hidden + len(unseen)
    live = sum(cell.status == Status.LIVE for cell, _, _ in outcome.slots.values())
    table.append(
        f"{session.name:<33}{sum(counts.values()):>8}{f'{live} of {len(truths)}':>9}{applied:>9}"
        f"{f'{matched} of {compared}':>20}{hidden:>13}{outcome.lapped:>8}"
        f"{outcome.counters.gaps:>6}{time.monotonic() - began:>7.1f}"
    )


def assert_every_frame_is_accounted_for(outcome: Outcome, counts: dict[str, int]) -> None:
    counters = outcome.counters
    assert outcome.sent == counts
    assert {name: row.sequence for name, row in outcome.streams.items()} == counts
    assert counters.frames_data == sum(counts.values())
    assert counters.frames_received == counters.frames_data + counters.frames_control
    for name in ("frames_unreadable", "values_inexact", "books_crossed", "gaps", "stalls"):
        assert getattr(counters, name) == 0, name
    for name, row in outcome.streams.items():
        # Diffs that wait for a snapshot have no record yet.
        waiting = outcome.slots[stream_symbol(name)][0].status != Status.LIVE and "@depth" in name
        assert waiting or outcome.sequences[name] == row.sequence, name


def stream_symbol(name: str) -> str:
    return name.partition(":")[2].partition("@")[0].upper()


def assert_never_live(outcome: Outcome, symbol: str) -> None:
    cell, _, _ = outcome.slots[symbol]
    assert cell.status == Status.SYNCING
    assert Status.LIVE not in outcome.followed[symbol].statuses
    assert outcome.counters.snapshots_applied == 0


def assert_book(outcome: Outcome, symbol: str, truth: Truth) -> None:
    row, followed = outcome.symbols[symbol], outcome.followed[symbol]
    cell, bids, asks = outcome.slots[symbol]
    assert cell.status == followed.status == Status.LIVE, symbol
    # At this speed the price may run through all that is known before more of it can be fetched
    # (THIN). No other break is left: gaps are counted 0.
    lives, breaks = (followed.statuses.count(s) for s in (Status.LIVE, Status.GAPPED))
    assert lives == 1 + breaks, f"{symbol} left LIVE on the way"
    assert cell.update_id == followed.update_id == truth.life.update_id
    for shown, expected in zip((bids, asks), truth.life.book.top(20), strict=True):
        assert [scaled(level, row) for level in shown] == expected, symbol
    assert followed.book.top(20) == (bids, asks)


def agreement(outcome: Outcome, symbol: str, truth: Truth) -> tuple[tuple[int, int], set[int]]:
    """(matched, compared) of the ring's books against its quotes, and the ids it did not see.

    Events that the REST answer already contains are not seen one by one: the simulator answers the
    true book at the place of the replay, the recorder's answer was up to 25 events older.
    """
    row, followed = outcome.symbols[symbol], outcome.followed[symbol]
    known_by = max(followed.snapshot_ids)
    bests = {number: (scaled(bid, row), scaled(ask, row)) for number, (bid, ask) in followed.bests}
    unseen = truth.bests.keys() - bests.keys()
    assert all(number < known_by for number in unseen), symbol
    seen = {number: bests[number] for number in truth.bests if number in bests}
    assert seen == {number: truth.bests[number] for number in seen}, symbol
    quotes = [(scaled(bid, row), scaled(ask, row)) for bid, ask in followed.quotes]
    assert (followed.quote_ids, quotes) == (truth.quote_ids, truth.quotes), symbol
    agreed = replay.agreement(seen.items(), followed.quote_ids, quotes)
    assert agreed == truth_agreement(truth, seen.keys()), symbol
    return agreed, unseen


def truth_agreement(truth: Truth, numbers: Iterable[int]) -> tuple[int, int]:
    bests = [(number, truth.bests[number]) for number in numbers]
    return replay.agreement(bests, truth.quote_ids, truth.quotes)
