"""The golden segment of minor version 0: two instruments, and a ring that has been round once."""

from __future__ import annotations

from typing import Any

from golden_bytes import (
    CONNECTION,
    DIFF,
    HEADER,
    LADDER,
    META,
    MONO,
    NO_ROW,
    NULL,
    QUOTE,
    RAW,
    REAL,
    STATE,
    STREAM,
    SYMBOL,
    TICKER,
    TRADE,
    field_rows,
    fields,
    files,
    levels,
    parts,
    put,
    put_header,
    section_table,
    text,
    times,
)


def header() -> dict[str, Any]:
    """Page 0. boot_id and the heartbeat are placeholders, see the README."""
    return put_header(HEADER, {"abi_minor": 0, "file_size": 0x19000, "section_count": 13, "symbol_count": 2,
                               "directory_epoch": 9, "stream_count": 6, "connection_count": 2})  # fmt: skip


def sections() -> dict[str, Any]:
    """13 rows. FIELDS describes the cells of QUOTE only, to stay readable."""
    return section_table([
        ("fields", [1, 1, 0x2000, 1472, 64, 23, 0, 64, 1, 0, 0, 0, 0]),
        ("counters", [2, 1, 0x3000, 512, 512, 1, 0, 512, 1, 0, 0, 0, 0]),
        ("histograms", [3, 1, 0x4000, 32896, 16448, 2, 0, 16448, 1, 0, 0, 0, 0]),
        ("symbols", [4, 1, 0xD000, 512, 128, 4, 0, 128, 1, 0, 0, 0, 0]),
        ("connections", [5, 1, 0xE000, 256, 128, 2, 0, 128, 1, 0, 0, 0, 0]),
        ("streams", [6, 1, 0xF000, 1024, 128, 8, 0, 128, 1, 0, 0, 0, 0]),
        ("quote", [7, 1, 0x10000, 1280, 320, 4, 64, 128, 2, 0, 23, 0, 0]),
        ("ticker", [8, 1, 0x11000, 2304, 576, 4, 64, 256, 2, 0, 0, 0, 0]),
        ("last_trade", [9, 1, 0x12000, 1280, 320, 4, 64, 128, 2, 0, 0, 0, 0]),
        ("book", [10, 1, 0x13000, 2560, 640, 4, 64, 288, 2, 0, 0, 5, 0]),
        ("partial", [11, 1, 0x14000, 2560, 640, 4, 64, 288, 2, 0, 0, 5, 0]),
        ("events", [12, 1, 0x15000, 8192, 0, 0, 4096, 0, 0, 0, 0, 0, 4096]),
        ("raw", [13, 1, 0x17000, 8192, 0, 0, 4096, 0, 0, 0, 0, 0, 4096]),
    ])


def described() -> list[dict[str, Any]]:
    """META and QUOTE."""
    return field_rows(QUOTE, {"bid_px": "px", "bid_qty": "qty", "ask_px": "px", "ask_qty": "qty"})


def counters() -> dict[str, Any]:
    """A few counters and both histograms."""
    found = {
        "frames_received": put(0x3000, "u64", 40, "counters.frames_received"),
        "bytes_received": put(0x3008, "u64", 9876, "counters.bytes_received"),
        "frames_data": put(0x3010, "u64", 38, "counters.frames_data"),
        "frames_control": put(0x3018, "u64", 2, "counters.frames_control"),
        "records_published": put(0x3048, "u64", 31, "counters.records_published"),
        "gaps": put(0x3070, "u64", 1, "counters.gaps"),
        "ids_backwards": put(0x30D8, "u64", 3, "counters.ids_backwards"),
    }
    text(0x4000, 32, "event_to_recv", "histogram 0")
    text(0x8040, 32, "recv_to_publish", "histogram 1")
    histogram = {
        "name": "recv_to_publish",
        "count": put(0x8060, "u64", 3, "histogram 1 count"),
        "sum": put(0x8068, "u64", 2017, "histogram 1 sum"),
        "max": put(0x8070, "u64", 1000, "histogram 1 max"),
        # 17 -> 17; 1000: e = 9, ((9 - 4) << 5) | ((1000 >> 4) & 31) = 190, so 8 * 190 behind 0x8080
        "buckets": {
            "17": put(0x8108, "u64", 1, "histogram 1 bucket 17"),
            "190": put(0x8670, "u64", 2, "histogram 1 bucket 190"),
        },
    }
    return {"counters": found, "histogram": histogram}


def directories() -> dict[str, Any]:
    """Two symbols, two connections, six streams."""
    symbols = []
    for base, symbol, market, values in [
        (0xD000, "BTCUSDT", "spot", {"px_exponent": -2, "qty_exponent": -5, "market": 1, "tick": 1, "step": 1}),
        (0xD080, "ETHUSDT", "usdm", {"px_exponent": -2, "qty_exponent": -3, "market": 2, "tick": 1, "step": 1}),
    ]:
        text(base, 32, symbol, "symbol")
        text(base + 0x20, 16, "binance", "symbol.venue")
        text(base + 0x30, 16, market, "symbol.market_name")
        values |= {"state": 1, "added_real": REAL, "successor": NO_ROW}
        found = fields(base, SYMBOL, values, symbol)
        symbols.append({"symbol": symbol, "venue": "binance", "market_name": market, **found})
    return {"symbols": symbols, "connections": connections(), "streams": streams()}


def connections() -> list[dict[str, Any]]:
    """One connection a market."""
    found = []
    for base, name, market, frames in [(0xE000, "spot/0", 1, 25), (0xE080, "usdm/public/0", 2, 13)]:
        text(base, 48, name, "connection")
        values = {"market": market, "state": 1, "session": 1, "mono_recv": MONO + 40000000,
                  "mono_connected": MONO, "frame_count": frames, "byte_count": 4000}  # fmt: skip
        found.append({"name": name, **fields(base, CONNECTION, values, name)})
    return found


def streams() -> list[dict[str, Any]]:
    """Name, kind, market, status, levels, symbol, connection, sequence."""
    found = []
    for row, (name, kind, market, status, depth, symbol, sequence) in enumerate([
        ("spot:btcusdt@bookTicker", 1, 1, 1, 0, 0, 9),
        ("spot:btcusdt@trade", 2, 1, 1, 0, 0, 5),
        ("spot:btcusdt@depth@100ms", 5, 1, 1, 0, 0, 6),
        ("spot:btcusdt@ticker", 4, 1, 1, 0, 0, 1),
        ("usdm:ethusdt@depth@100ms", 5, 2, 3, 0, 1, 7),
        ("usdm:ethusdt@depth5@100ms", 6, 2, 1, 5, 1, 3),
    ]):  # fmt: skip
        base = 0xF000 + 128 * row
        text(base, 64, name, "stream")
        values = {"kind": kind, "market": market, "status": status, "levels": depth, "state": 1,
                  "symbol": symbol, "connection": market - 1, "sequence": sequence,
                  "mono_recv": MONO + 40000000, "gap_count": 1 if status == 3 else 0}  # fmt: skip
        found.append({"name": name, **fields(base, STREAM, values, f"stream {row}")})
    return found


def garbage(offset: int, length: int, note: str) -> None:
    """What a writer killed in mid-write leaves in the spare cell."""
    parts.append((offset, b"\xee" * length, note))


def slot(base: int, version: int, note: str) -> int:
    return int(put(base, "u64", version, f"{note} version"))


def quotes() -> dict[str, Any]:
    """BTCUSDT: LIVE, even version. ETHUSDT: from the book and GAPPED, odd version."""
    btc, eth = "quote slot 0", "quote slot 1"
    slot(0x10000, 4, btc)
    values = times(31, version=4, update_id=1000031, sequence=9, ring_position=4544, length=128,
                   flags=6, kind=1, status=1, source=1, ts_event=NULL)  # fmt: skip
    values |= {"bid_px": 6712345, "bid_qty": 123456, "ask_px": 6712346, "ask_qty": 50000}
    live = fields(0x10040, META + QUOTE, values, f"{btc} cell 0")
    older = times(30, version=3, update_id=1000030, length=128, kind=1, status=1, source=1)
    fields(0x100C0, META + QUOTE, older | {"bid_px": 1, "bid_qty": 1, "ask_px": 2, "ask_qty": 1}, f"{btc} cell 1 (older)")
    slot(0x10140, 7, eth)
    garbage(0x10180, 128, f"{eth} cell 0: the writer was killed while it wrote version 8")
    values = times(29, version=7, update_id=77007, sequence=7, ring_position=3840, symbol=1,
                   stream=4, length=128, connection=1, flags=6, kind=1, status=3, source=2,
                   reason=4, ts_trade=REAL + 28000000)  # fmt: skip
    values |= {"bid_px": 345001, "bid_qty": 1500, "ask_px": 345002, "ask_qty": NULL}
    return {"0": live, "1": fields(0x10200, META + QUOTE, values, f"{eth} cell 1")}


def others() -> dict[str, Any]:
    """Ticker and last trade of BTCUSDT; the slots of ETHUSDT were never written."""
    slot(0x11000, 1, "ticker slot 0")
    values: dict[str, Any] = times(20, version=1, sequence=1, ring_position=1280, stream=3,
                                   length=256, flags=6, kind=4, status=1)  # fmt: skip
    values |= {
        "last_px": 6712300, "last_qty": 1000, "bid_px": 6712299, "bid_qty": 7, "ask_px": 6712301,
        "ask_qty": 8, "open_px": 6600000, "high_px": 6800000, "low_px": 6550000,
        "prev_close_px": 6600001, "change_px": 112300, "change_percent": 170151515,
        "average_px": 6698765432100, "volume": 12345.67891, "quote_volume": 827000000.25,
        "open_time": REAL - 86400000000000, "close_time": REAL, "first_trade_id": 900,
        "last_trade_id": 5004, "trade_count": 4105,
    }  # fmt: skip
    ticker = fields(0x11140, META + TICKER, values, "ticker slot 0 cell 1")
    slot(0x12000, 2, "last_trade slot 0")
    values = times(27, version=2, update_id=5005, sequence=5, ring_position=3456, stream=1,
                   length=128, flags=7, kind=2, status=1, ts_trade=REAL + 26500000)  # fmt: skip
    values |= {"px": 6712344, "qty": 2500, "first_trade_id": 5005, "last_trade_id": 5005}
    trade = fields(0x12040, META + TRADE, values, "last_trade slot 0 cell 0")
    return {"ticker": {"0": ticker}, "last_trade": {"0": trade}}


def ladder(base: int, values: dict[str, Any], bids: list[tuple[int, int]], asks: list[tuple[int, int]],
           note: str) -> dict[str, Any]:  # fmt: skip
    """A cell with room for 5 levels a side: bids at 0x80, asks at 0x80 + 16 * 5 = 0xD0."""
    values |= {"bid_count": len(bids), "ask_count": len(asks), "depth": 5, "length": 288, "flags": 6}
    found = fields(base, META + LADDER, values, note)
    found["bids"] = levels(base + 0x80, bids, f"{note} bids")
    found["asks"] = levels(base + 0xD0, asks, f"{note} asks")
    return found


def books() -> dict[str, Any]:
    """Books of both symbols, and the venue's own partial depth of ETHUSDT."""
    slot(0x13000, 5, "book slot 0")
    values = times(30, version=5, update_id=2006, sequence=6, ring_position=4416, stream=2, kind=7,
                   status=1, first_update_id=2005, snapshot_id=2000, bid_total=1000,
                   ask_total=998)  # fmt: skip
    bids = [(6712345, 123456), (6712344, 200000), (6712300, 1)]
    asks = [(6712346, 50000), (6712350, 75000)]
    btc = ladder(0x13160, values, bids, asks, "book slot 0 cell 1")
    slot(0x13280, 2, "book slot 1")
    values = times(29, version=2, update_id=77007, sequence=7, ring_position=3840, symbol=1,
                   stream=4, connection=1, kind=7, status=3, reason=4, first_update_id=77001,
                   snapshot_id=76000, bid_total=1, ask_total=0)  # fmt: skip
    eth = ladder(0x132C0, values, [(345001, 1500)], [], "book slot 1 cell 0")
    slot(0x14280, 3, "partial slot 1")
    values = times(28, version=3, update_id=77010, sequence=3, ring_position=3456, symbol=1,
                   stream=5, connection=1, kind=6, status=1, bid_total=5, ask_total=5)  # fmt: skip
    bids = [(345010 - row, 100 + row) for row in range(5)]
    asks = [(345011 + row, 200 + row) for row in range(5)]
    partial = ladder(0x143E0, values, bids, asks, "partial slot 1 cell 1")
    return {"book": {"0": btc, "1": eth}, "partial": {"1": partial}}


def events() -> dict[str, Any]:
    """Records 27 to 31; positions 3328 to 4544 of a ring of 4096 bytes, so its end lies between.

    26 records of 128 bytes went before them; their bytes are left out (zero).
    """
    for offset, name, value in [(0, "tail_intent", 4544), (8, "tail", 4544), (16, "capacity", 4096),
                                (24, "record_count", 31)]:  # fmt: skip
        put(0x15000 + offset, "u64", value, f"events.{name}")
    trade = times(27, version=27, update_id=5005, sequence=5, ring_position=3328, stream=1,
                  length=128, flags=7, kind=2, status=1, ts_trade=REAL + 26500000)  # fmt: skip
    trade |= {"px": 6712344, "qty": 2500, "first_trade_id": 5005, "last_trade_id": 5005}
    records = [fields(0x16D00, META + TRADE, trade, "event 27")]

    diff = times(29, version=28, update_id=77007, sequence=7, ring_position=3456, symbol=1,
                 stream=4, length=256, connection=1, flags=6, kind=5, status=3, reason=4)  # fmt: skip
    diff |= {"first_update_id": 77005, "prev_update_id": 77004, "best_bid_px": 345001,
             "best_bid_qty": 1500, "best_ask_px": NULL, "best_ask_qty": NULL, "bid_count": 2,
             "ask_count": 1}  # fmt: skip
    records.append(fields(0x16D80, META + DIFF, diff, "event 28"))
    records[-1]["bids"] = levels(0x16E20, [(345000, 0), (344990, 12)], "event 28 bids")
    records[-1]["asks"] = levels(0x16E40, [(345002, 3)], "event 28 asks")

    state = times(29, version=29, update_id=77007, sequence=4, ring_position=3712, symbol=1,
                  stream=4, length=128, connection=1, flags=6, kind=9, status=3, reason=4,
                  ts_event=NULL)  # fmt: skip
    state |= {"previous_status": 1, "subject": 7}
    records.append(fields(0x16E80, META + STATE, state, "event 29"))

    # The next record needs 320 bytes and 256 are left: a pad, of which length and kind count.
    put(0x16F50, "u32", 256, "pad at 3840, length")
    put(0x16F58, "u8", 255, "pad at 3840, kind")

    diff = times(30, version=30, update_id=2006, sequence=6, ring_position=4096, stream=2,
                 length=320, flags=0x46, kind=5, status=1)  # fmt: skip
    diff |= {"first_update_id": 2005, "prev_update_id": 2004, "best_bid_px": 6712345,
             "best_bid_qty": 123456, "best_ask_px": 6712346, "best_ask_qty": 50000, "bid_count": 4,
             "ask_count": 6}  # fmt: skip
    records.append(fields(0x16000, META + DIFF, diff, "event 30"))
    bids = [(6712345, 123456), (6712344, 200000), (6712340, 0), (6712300, 1)]
    asks = [(6712346, 50000), (6712347, 0), (6712348, 0), (6712349, 0), (6712350, 75000), (6712400, 9)]
    records[-1]["bids"] = levels(0x160A0, bids, "event 30 bids")
    records[-1]["asks"] = levels(0x160E0, asks, "event 30 asks")

    quote = times(31, version=31, update_id=1000031, sequence=9, ring_position=4416, length=128,
                  flags=6, kind=1, status=1, source=1, ts_event=NULL)  # fmt: skip
    quote |= {"bid_px": 6712345, "bid_qty": 123456, "ask_px": 6712346, "ask_qty": 50000}
    records.append(fields(0x16140, META + QUOTE, quote, "event 31"))
    return {"start": 3328, "tail": 4544, "capacity": 4096, "record_count": 31, "records": records}


def raw() -> dict[str, Any]:
    """Two frames. 64 bytes would remain behind the first: it is 64 bytes longer instead of a pad."""
    for offset, name, value in [(0, "tail_intent", 4352), (8, "tail", 4352), (16, "capacity", 4096),
                                (24, "record_count", 31)]:  # fmt: skip
        put(0x17000 + offset, "u64", value, f"raw.{name}")
    first = b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1790000000027,"s":"BTCUSDT","t":5005}}'
    second = b'{"stream":"btcusdt@bookTicker","data":{"u":1000031,"s":"BTCUSDT","b":"67123.45"}}'
    records = []
    for base, frame, offset, values in [
        (0x18EC0, first, 33, times(27, version=30, sequence=5, ring_position=3776, stream=1, length=320)),
        (0x18000, second, 38, times(31, version=31, sequence=9, ring_position=4096, stream=0, length=256)),
    ]:
        values |= {"ts_event": NULL, "kind": 12, "flags": 6, "payload_length": len(frame)}
        values |= {"frame_length": len(frame), "data_offset": offset}
        values |= {"data_length": len(frame) - offset - 1}
        note = f"raw {values['version']}"
        record = fields(base, META + RAW, values, note)
        parts.append((base + 0x80, frame, f"{note} frame"))
        record["frame"] = frame.decode()
        record["data"] = frame[offset:-1].decode()
        records.append(record)
    return {"start": 3776, "tail": 4352, "capacity": 4096, "record_count": 31, "records": records}


def build() -> tuple[str, str]:
    """Text of the hex file and of the JSON file."""
    parts.clear()
    expected = {"header": header(), "sections": sections(), "fields": described()}
    expected |= counters() | directories()
    expected["slots"] = {"quote": quotes(), **others(), **books()}
    expected |= {"events": events(), "raw": raw()}
    return files(0x19000, expected)
