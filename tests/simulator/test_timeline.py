"""Captures joined into a timeline, made-up ones and all those of the reference data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from gateway.errors import DataFileError, UsageError
from gateway.simulator.frames import payload_offset
from gateway.simulator.names import Market
from gateway.simulator.timeline import Timeline, load_timeline

from .tiny import SNAPSHOT_ID, START_NS, Tiny


def payloads(timeline: Timeline) -> list[bytes]:
    return [frame[payload_offset(frame) :] for frame in timeline.frames]


def test_frames_keep_their_bytes_and_order(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    timeline = load_timeline([tiny.write(tmp_path / "a.gz")])
    recorded = [line.split(b" ", 1)[1] for line in tiny.lines]
    assert payloads(timeline) == [frame for frame in recorded if b"lastUpdateId" not in frame]
    assert timeline.start_ns == START_NS
    assert list(timeline.offsets[:3]) == [0, tiny.period_ns, 2 * tiny.period_ns]


@pytest.mark.parametrize(
    ("market", "symbol"), [("spot", "AAAUSDT"), ("usdm", "AAAUSDT"), ("coinm", "AAAUSD_PERP")]
)
def test_market_is_told_by_the_shape_of_the_frames(
    tmp_path: Path, market: str, symbol: str
) -> None:
    timeline = load_timeline([Tiny(market, symbol).write(tmp_path / "a.gz")])
    assert list(timeline.tapes) == [(Market(market), symbol)]


def test_market_that_frames_do_not_show_is_told_by_the_folder(tmp_path: Path) -> None:
    line = b'1723161253937085768 {"stream":"a@aggTrade","data":{"s":"A","e":"x","p":"1","q":"1"}}'
    for folder, market in (("usdm", Market.USDM), ("spot", Market.SPOT)):
        path = tmp_path / folder / "a.txt"
        path.parent.mkdir()
        path.write_bytes(line)
        assert next(iter(load_timeline([path]).tapes))[0] is market
    path = tmp_path / "a.txt"
    path.write_bytes(line)
    with pytest.raises(DataFileError, match="does not show its market"):
        load_timeline([path])


def test_truth_is_known_at_each_final_id_from_the_snapshot_on(tmp_path: Path) -> None:
    tiny = Tiny("usdm", "AAAUSDT")
    tape = load_timeline([tiny.write(tmp_path / "a.gz")]).tapes[Market.USDM, "AAAUSDT"]
    assert tape.truth.count == len([final for final in tiny.finals if final > SNAPSHOT_ID])
    for final in tiny.finals[2:]:
        bids, asks = tiny.books[final]
        book = tape.book_at(final)
        assert (dict(book.bids), dict(book.asks)) == (bids, asks)
        assert [price for price, _ in book.bids] == sorted(bids, key=float, reverse=True)
        assert [price for price, _ in book.asks] == sorted(asks, key=float)


def test_update_id_at_a_position_is_that_of_the_last_diff_sent(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    tape = load_timeline([tiny.write(tmp_path / "a.gz")]).tapes[Market.SPOT, "AAAUSDT"]
    assert tape.snapshot_position == 12
    assert [tape.update_id_at(position) for position in (0, 7, 9)] == [SNAPSHOT_ID] * 3
    # the fourth diff is frame 9: known as soon as it is sent, snapshot or not
    assert tape.update_id_at(10) == tiny.finals[3]
    assert tape.update_id_at(12) == tape.update_id_at(12) == tiny.finals[3]
    assert tape.update_id_at(13) == tiny.finals[4]
    assert tape.update_id_at(60) == tiny.finals[-1]


def test_capture_without_snapshot_has_no_truth(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT", has_snapshot=False)
    tape = load_timeline([tiny.write(tmp_path / "a.gz")]).tapes[Market.SPOT, "AAAUSDT"]
    assert tape.update_id_at(60) is None


@pytest.mark.parametrize("market", ["spot", "usdm"])
def test_truth_ends_at_a_gap_of_the_capture_itself(tmp_path: Path, market: str) -> None:
    tiny = Tiny(market, "AAAUSDT")
    lost = [line for line in tiny.lines if b"@depth" in line][10]
    tiny.lines.remove(lost)
    tape = load_timeline([tiny.write(tmp_path / "a.gz")]).tapes[Market(market), "AAAUSDT"]
    assert tape.update_id_at(30) == tiny.finals[9]
    assert tape.broken_at == 32
    assert tape.update_id_at(33) is None


def test_decimals_are_the_finest_seen_anywhere(tmp_path: Path) -> None:
    tiny = Tiny("usdm", "AAAUSDT")
    tape = load_timeline([tiny.write(tmp_path / "a.gz")]).tapes[Market.USDM, "AAAUSDT"]
    # 99.50 is one decimal written with two; a trade of 0.0010 shows three of four
    assert (tape.price.finest, tape.price.shown) == (1, 2)
    assert (tape.qty.finest, tape.qty.shown) == (3, 4)


def test_files_of_one_session_are_one_whatever_their_order(tmp_path: Path) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    whole = load_timeline([tiny.write(tmp_path / "whole.gz")])
    lines = tiny.lines
    tiny.lines = lines[:30]
    first = tiny.write(tmp_path / "first.gz")
    tiny.lines = lines[30:]
    second = tiny.write(tmp_path / "second.gz")
    timeline = load_timeline([second, first])
    assert timeline.frames == whole.frames
    assert list(timeline.offsets) == list(whole.offsets)
    assert timeline.tapes[Market.SPOT, "AAAUSDT"].broken_at is None


def test_sessions_of_other_instruments_are_laid_over_each_other(tmp_path: Path) -> None:
    spot, usdm = Tiny("spot", "AAAUSDT"), Tiny("usdm", "AAAUSDT", start_ns=START_NS + 10**18)
    timeline = load_timeline([spot.write(tmp_path / "s.gz"), usdm.write(tmp_path / "u.gz")])
    assert set(timeline.tapes) == {(Market.SPOT, "AAAUSDT"), (Market.USDM, "AAAUSDT")}
    assert list(timeline.offsets) == sorted(timeline.offsets)
    assert timeline.offsets[-1] == 59 * spot.period_ns
    markets = [timeline.tracks[track].name.market for track in timeline.tracks_of[:4]]
    assert markets == [Market.SPOT, Market.USDM] * 2


def test_recordings_of_one_instrument_that_do_not_join_are_refused(tmp_path: Path) -> None:
    early = Tiny("spot", "AAAUSDT").write(tmp_path / "early.gz")
    late = Tiny("spot", "AAAUSDT", start_ns=START_NS + 10**15).write(tmp_path / "late.gz")
    with pytest.raises(UsageError) as caught:
        load_timeline([early, late])
    assert caught.value.given == late
    assert early in str(caught.value)


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (5, b'1723161254000000000 {"stream":"aaausdt@depth@100ms","data":{"U":1,"u":2,"b":[]}}'),
        (2, b'1723161254000000000 {"stream":"aaausdt@trade","data":{"p":1.5,"q":"1"}}'),
        (3, b'1723161254000000000 {"stream":"aaausdt@trade","data":{"p":"1,"q":"1"}}'),
        (4, b'1723161254000000000 {"stream":"aaausdt@trade","data":[]}'),
        (1, b'1723161254000000000 {"lastUpdateId":7,"bids":[]}'),
        (2, b'1723161254000000000 {"lastUpdateId":7,"bids":[[1,2]],"asks":[["1"]]}'),
    ],
    ids=[
        "no asks",
        "price is a number",
        "not JSON",
        "data is a list",
        "snapshot without asks",
        "snapshot with odd levels",
    ],
)
def test_frame_that_cannot_be_read_is_named_with_file_and_line(
    tmp_path: Path, number: int, line: bytes
) -> None:
    tiny = Tiny("spot", "AAAUSDT")
    tiny.lines.insert(number - 1, line)
    path = tiny.write(tmp_path / "a.gz")
    with pytest.raises(DataFileError) as caught:
        load_timeline([path])
    assert caught.value.path == f"{path}:{number}"


def test_files_without_frames_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "only.http"
    path.write_bytes(b"https://api.binance.com/api/v3/exchangeInfo -> 1618677371.3: {}")
    with pytest.raises(DataFileError, match="holds no stream frames"):
        load_timeline([path])


@dataclass
class Recording:
    """A row of PROVENANCE: files, frames by stream, instruments with their snapshot and diffs."""

    files: tuple[str, ...]
    counts: dict[str, int]
    books: dict[str, tuple[int, int]]  # snapshot id, diffs applied


RECORDINGS = {
    "spot 2024": Recording(
        ("spot/btcusdt_20240808.gz", "spot/btcusdt_20240809.gz"),
        {"depth@100ms": 6495, "bookTicker": 73174, "trade": 19904},
        {"spot:BTCUSDT": (50093239218, 6493)},
    ),
    "spot 2023": Recording(
        ("spot/btcusdt_20230405.dat.gz",),
        {"depth@100ms": 3929, "bookTicker": 8015, "trade": 3144},
        {},
    ),
    "usdm 2023": Recording(
        ("usdm/btcusdt_20230404.dat.gz", "usdm/btcusdt_20230405.dat.gz"),
        {"depth@0ms": 16110, "bookTicker": 44205, "trade": 12935, "markPrice@1s": 514},
        {"usdm:BTCUSDT": (2710246765483, 16110)},
    ),
    "coinm 2024": Recording(
        ("coinm/btcusd_perp_20240808.gz", "coinm/btcusd_perp_20240809.gz"),
        {"depth@0ms": 44795, "bookTicker": 48355, "trade": 5235},
        {"coinm:BTCUSD_PERP": (1007198635033, 44772)},
    ),
    "spot playback, one file": Recording(
        ("playback/BINANCE_20210405.all.gz",),
        {"depth@100ms": 4709, "bookTicker": 5408, "aggTrade": 1240},
        {"spot:ZILUSDT": (499822895, 978), "spot:RENBTCETH": (18687639, 207)},
    ),
    "spot playback, three files": Recording(
        tuple(f"playback/BINANCE_20210417.{part}.gz" for part in ("http", "sync", "ws")),
        {"depth@100ms": 614, "bookTicker": 570, "aggTrade": 24, "kline_1m": 20},
        {"spot:BUSDTRY": (10166139, 9), "spot:VETETH": (327912870, 169)},
    ),
    "usdm playback": Recording(
        tuple(f"playback/BINANCE_FUTURES_20210722.{part}.gz" for part in ("ws", "http", "sync")),
        {"depth@100ms": 764, "bookTicker": 613, "aggTrade": 91, "kline_1m": 67},
        {"usdm:SUSHIUSDT": (600859605926, 252)},
    ),
    "coinm playback": Recording(
        tuple(f"playback/BINANCE_DELIVERY_20210722.{part}.gz" for part in ("ws", "http")),
        {"depth@100ms": 2047, "bookTicker": 2240, "aggTrade": 51, "kline_1m": 33},
        {"coinm:EOSUSD_PERP": (167006138081, 180)},
    ),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_recordings_have_the_counts_their_origin_states(shared_data: Path, name: str) -> None:
    recording = RECORDINGS[name]
    timeline = load_timeline([shared_data / "captures" / file for file in recording.files])
    counts = Counter(timeline.tracks[track].name.suffix for track in timeline.tracks_of)
    assert counts == recording.counts
    snapshots = {f"{m}:{s}": tape for (m, s), tape in timeline.tapes.items() if tape.snapshot_id}
    assert set(recording.books) <= set(snapshots)
    assert all(tape.broken_at is None for tape in timeline.tapes.values())
    for key, (snapshot_id, applied) in recording.books.items():
        tape = snapshots[key]
        assert (tape.snapshot_id, tape.truth.count) == (snapshot_id, applied)
    assert bool(snapshots) is bool(recording.books)
    _check_best_prices(timeline)


def _check_best_prices(timeline: Timeline) -> None:
    """Compare true books with bookTicker frames of the very same update id: an outside witness."""
    finals = {id(tape): set(tape._final_ids) for tape in timeline.tapes.values()}
    agreed = Counter[bool]()
    for track, frame in zip(timeline.tracks_of, timeline.frames, strict=True):
        tape = timeline.tracks[track].tape
        if timeline.tracks[track].name.suffix != "bookTicker" or agreed.total() == 100:
            continue
        ticker = orjson.loads(frame[payload_offset(frame) :])["data"]
        if ticker["u"] in finals[id(tape)]:
            book = tape.book_at(ticker["u"])
            best = (ticker["b"], ticker["B"]), (ticker["a"], ticker["A"])
            agreed[(book.bids[0], book.asks[0]) == best] += 1
    assert agreed[True] >= agreed.total() * 0.99
