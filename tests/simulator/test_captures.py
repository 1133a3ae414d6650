"""Readers of the capture formats, and what they say about files that are not whole."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gateway.errors import DataFileError, DataFileMissing
from gateway.simulator.captures import SNAPSHOT, parse_lines, read_capture
from gateway.simulator.names import Market

FRAME = b'{"stream":"btcusdt@trade","data":{"e":"trade","p":"1.0"}}'
DEPTH = b'{"lastUpdateId": 7, "bids": [], "asks": []}'


@pytest.mark.parametrize(
    ("line", "time_ns"),
    [
        (b"1723161253937085768 " + FRAME, 1723161253937085768),
        (b"1680652800004107 " + FRAME, 1680652800004107000),
        (b"1680652800004 " + FRAME, 1680652800004000000),
        (b"1617647603.5: " + FRAME, 1617647603500000000),
    ],
    ids=["stamped ns", "stamped us", "stamped ms", "playback"],
)
def test_frame_lines_of_every_format_are_read(line: bytes, time_ns: int) -> None:
    capture = parse_lines("x", [line + b"\r\n"])
    assert (list(capture.times), list(capture.lines), list(capture.streams)) == (
        [time_ns],
        [1],
        [0],
    )
    assert capture.bodies == [FRAME]
    assert capture.names[0].name == "btcusdt@trade"
    assert capture.names[0].prefix == b'{"stream":"btcusdt@trade","data":'


def test_playback_file_is_read_with_its_snapshots_and_market() -> None:
    capture = parse_lines(
        "x",
        [
            b'configuration: {"l2_book": []}',
            b"wss://fstream.binance.com/stream?streams=btcusdt@trade <-> 1617647602.6",
            b"",
            b"https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=10 -> 1617647602.7: "
            + DEPTH,
            b"https://fapi.binance.com/fapi/v1/exchangeInfo -> 1617647602.8: {}",
            b'1617647602.9: {"result":null,"id":1}',
            b"1617647603.5: " + FRAME,
        ],
    )
    assert capture.market is Market.USDM
    assert list(capture.streams) == [SNAPSHOT, 0]
    assert capture.snapshot_symbols == {0: "BTCUSDT"}
    assert list(capture.lines) == [4, 7]


@pytest.mark.parametrize(
    ("url", "market"),
    [
        ("wss://stream.binance.com:9443/stream?streams=a@trade", Market.SPOT),
        ("wss://stream.binance.us:9443/stream?streams=a@trade", Market.SPOT),
        ("wss://fstream.binance.com/stream?streams=a@trade", Market.USDM),
        ("wss://dstream.binance.com/stream?streams=a@trade", Market.COINM),
    ],
)
def test_market_is_read_off_the_address(url: str, market: Market) -> None:
    assert parse_lines("x", [f"{url} <-> 1617647602.6".encode()]).market is market


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"1723161253937085768",
        b'1723161253937085768 {"stream":"btcusdt@trade","data":{"e":"tra',
        b"17231612 " + FRAME,
        b"172316125393 " + FRAME,
        b'1723161253937085768 {"data":{}}',
        b"1617647603.5: [1,2]",
    ],
    ids=["text", "time only", "cut off", "short time", "odd time", "no envelope", "not a frame"],
)
def test_malformed_line_is_named(line: bytes) -> None:
    with pytest.raises(DataFileError) as caught:
        parse_lines("some.gz", [b"1723161253937085768 " + FRAME, line])
    assert caught.value.path == "some.gz:2"
    assert caught.value.exit_code == 65


@pytest.mark.parametrize("cut", [10, 40, -20], ids=["in the head", "in the middle", "at the end"])
def test_truncated_gzip_is_named_with_its_line(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(b"1723161253937085768 " + FRAME + b"\n")[:cut])
    with pytest.raises(DataFileError) as caught:
        read_capture(path)
    assert caught.value.path.startswith(f"{path}:")
    assert caught.value.exit_code == 65
    assert "truncated" in str(caught.value)


def test_damaged_gzip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.gz"
    body = bytearray(gzip.compress(b"1723161253937085768 " + FRAME + b"\n"))
    body[20] ^= 0xFF
    path.write_bytes(body)
    with pytest.raises(DataFileError) as caught:
        read_capture(path)
    assert caught.value.exit_code == 65


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_file_that_cannot_be_opened_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path if kind == "folder" else tmp_path / "none.gz"
    with pytest.raises(DataFileMissing) as caught:
        read_capture(path)
    assert caught.value.path == str(path)
    assert caught.value.exit_code == 66


@pytest.mark.parametrize("zipped", [True, False], ids=["gzip", "plain"])
def test_file_is_read_zipped_or_plain(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "capture"
    text = b"1723161253937085768 " + FRAME + b"\n1723161253937085769 " + DEPTH
    path.write_bytes(gzip.compress(text) if zipped else text)
    capture = read_capture(path)
    assert list(capture.streams) == [0, SNAPSHOT]
    assert capture.bodies == [FRAME, DEPTH]
