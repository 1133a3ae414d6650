"""The golden segment of minor version 1: one stream, record and slot of every kind."""

from __future__ import annotations

from typing import Any

import golden_bytes as v0
from golden_bytes import (
    DIFF,
    LADDER,
    META,
    MONO,
    NO_ROW,
    NULL,
    QUOTE,
    RAW,
    REAL,
    STATE,
    TICKER,
    Fields,
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

HEADER: Fields = [*v0.HEADER, (0xBC, "u32", "value_count")]
SYMBOL: Fields = [*v0.SYMBOL, (0x43, "u8", "halted")]
CONNECTION: Fields = [
    *v0.CONNECTION, (0x68, "u64", "duplicate_count"), (0x70, "i64", "lag_ns"), (0x78, "u32", "peer"),
    (0x7C, "u32", "stream_total"),
]  # fmt: skip
STREAM: Fields = [
    *v0.STREAM, (0x78, "u32", "parent"), (0x7C, "u32", "value"), (0x80, "u8", "shape"),
    (0x84, "u32", "expected_ms"), (0x88, "i64", "limit_ns"), (0x90, "i64", "mono_acked"),
    (0x98, "u64", "duplicate_count"), (0xA0, "u64", "silent_count"),
]  # fmt: skip
TRADE: Fields = [*v0.TRADE, (0x80, "i64", "normal_qty")]
KLINE: Fields = [
    (0x60, "i64", "open_px"), (0x68, "i64", "high_px"), (0x70, "i64", "low_px"),
    (0x78, "i64", "close_px"), (0x80, "f64", "volume"), (0x88, "f64", "quote_volume"),
    (0x90, "f64", "taker_volume"), (0x98, "f64", "taker_quote_volume"), (0xA0, "i64", "open_time"),
    (0xA8, "i64", "close_time"), (0xB0, "u64", "first_trade_id"), (0xB8, "u64", "last_trade_id"),
    (0xC0, "u64", "trade_count"), (0xC8, "t8", "interval"), (0xD0, "i32", "px_exponent"),
]  # fmt: skip
MARK: Fields = [
    (0x60, "i64", "mark_px"), (0x68, "i64", "mark_average_px"), (0x70, "i64", "index_px"),
    (0x78, "i64", "settle_px"), (0x80, "i64", "funding_rate"), (0x88, "i64", "next_funding_time"),
]  # fmt: skip
PRICE: Fields = [(0x60, "i64", "px"), (0x68, "u32", "component_count"), (0x70, "t8", "interval")]
LIQUIDATION: Fields = [
    (0x60, "i64", "px"), (0x68, "i64", "average_px"), (0x70, "i64", "qty"),
    (0x78, "i64", "last_filled_qty"), (0x80, "i64", "filled_qty"), (0x88, "u32", "side"),
    (0x90, "t16", "order_type"), (0xA0, "t8", "time_in_force"), (0xA8, "t16", "order_status"),
]  # fmt: skip
CONTRACT: Fields = [
    (0x60, "t32", "pair"), (0x80, "t32", "contract_type"), (0xA0, "t32", "contract_status"),
    (0xC0, "i64", "delivery_time"), (0xC8, "i64", "onboard_time"), (0xD0, "u32", "has_brackets"),
]  # fmt: skip
ASSET: Fields = [
    (0x60, "i64", "index_px"), (0x68, "i64", "bid_buffer"), (0x70, "i64", "ask_buffer"),
    (0x78, "i64", "bid_rate"), (0x80, "i64", "ask_rate"), (0x88, "i64", "auto_bid_buffer"),
    (0x90, "i64", "auto_ask_buffer"), (0x98, "i64", "auto_bid_rate"), (0xA0, "i64", "auto_ask_rate"),
]  # fmt: skip
SESSION: Fields = [
    (0x60, "i64", "start_time"), (0x68, "i64", "end_time"), (0x70, "t24", "underlying"),
    (0x88, "t24", "session"),
]  # fmt: skip

# name, kind, market, symbol, connection, value, parent, shape, status
Plan = tuple[str, int, int, int, int, int, int, int, int]
STREAMS: list[Plan] = [
    ("spot:btcusdt@bookTicker", 1, 1, 0, 0, NO_ROW, NO_ROW, 1, 1),
    ("usdm:btcusdt@aggTrade", 3, 2, 1, 2, NO_ROW, NO_ROW, 1, 1),
    ("spot:btcusdt@trade", 2, 1, 0, 0, NO_ROW, NO_ROW, 1, 1),
    ("spot:btcusdt@blockTrade", 13, 1, 0, 0, 0, NO_ROW, 1, 1),
    ("spot:btcusdt@ticker", 4, 1, 0, 0, NO_ROW, NO_ROW, 1, 1),
    ("usdm:!miniTicker@arr", 14, 2, NO_ROW, 2, NO_ROW, NO_ROW, 2, 1),
    ("usdm:btcusdt@miniTicker", 14, 2, 1, 2, NO_ROW, 5, 4, 1),
    ("spot:btcusdt@ticker_1h", 15, 1, 0, 0, 1, NO_ROW, 1, 1),
    ("spot:btcusdt@kline_1m", 16, 1, 0, 0, 2, NO_ROW, 1, 1),
    ("usdm:btcusdt_perpetual@continuousKline_1m", 17, 2, 4, 2, 3, NO_ROW, 1, 1),
    ("coinm:btcusd@indexPriceKline_1m", 18, 3, 3, 4, 4, NO_ROW, 1, 1),
    ("coinm:btcusd_perp@markPriceKline_1m", 19, 3, 7, 4, 5, NO_ROW, 1, 1),
    ("usdm:btcusdt@markPrice@1s", 20, 2, 1, 2, NO_ROW, NO_ROW, 1, 1),
    ("coinm:btcusd@indexPrice", 21, 3, 3, 4, NO_ROW, NO_ROW, 1, 1),
    ("spot:btcusdt@avgPrice", 22, 1, 0, 0, 6, NO_ROW, 1, 1),
    ("spot:btcusdt@referencePrice", 23, 1, 0, 0, 7, NO_ROW, 1, 1),
    ("usdm:defiusdt@compositeIndex", 24, 2, 8, 2, 8, NO_ROW, 1, 1),
    ("usdm:!forceOrder@arr", 25, 2, NO_ROW, 2, NO_ROW, NO_ROW, 3, 1),
    ("usdm:btcusdt@forceOrder", 25, 2, 1, 2, 9, 17, 4, 1),
    ("usdm:!contractInfo", 26, 2, NO_ROW, 2, NO_ROW, NO_ROW, 3, 1),
    ("usdm:btcusdt@contractInfo", 26, 2, 1, 2, 10, 19, 4, 1),
    ("usdm:adausd@assetIndex", 27, 2, 5, 2, 11, NO_ROW, 1, 1),
    ("usdm:tradingSession", 28, 2, NO_ROW, 2, NO_ROW, NO_ROW, 1, 1),
    ("usdm:btcusdt@rpiDepth@500ms", 5, 2, 2, 2, NO_ROW, NO_ROW, 1, 1),
    ("usdm:btcusdt@depth5@100ms", 6, 2, 1, 2, NO_ROW, NO_ROW, 1, 1),
    ("spot:!ticker@arr", 4, 1, NO_ROW, NO_ROW, NO_ROW, NO_ROW, 5, 1),
    ("usdm:ethusdt@kline_5m", 16, 2, 6, 2, 12, NO_ROW, 1, 4),
]


def header() -> dict[str, Any]:
    """Page 0. boot_id and the heartbeat are placeholders, see the README."""
    return put_header(HEADER, {"abi_minor": 1, "file_size": 0x24000, "section_count": 15, "symbol_count": 9,
                               "directory_epoch": 40, "stream_count": 27, "connection_count": 5,
                               "value_count": 13})  # fmt: skip


def sections() -> dict[str, Any]:
    """15 rows. FIELDS describes the cells of MARK_PRICE only."""
    return section_table([
        ("fields", [1, 1, 0x2000, 1600, 64, 25, 0, 64, 1, 0, 0, 0, 0]),
        ("counters", [2, 1, 0x3000, 512, 512, 1, 0, 512, 1, 0, 0, 0, 0]),
        ("histograms", [3, 1, 0x4000, 32896, 16448, 2, 0, 16448, 1, 0, 0, 0, 0]),
        ("symbols", [4, 1, 0xD000, 1280, 128, 10, 0, 128, 1, 0, 0, 0, 0]),
        ("connections", [5, 1, 0xE000, 768, 128, 6, 0, 128, 1, 0, 0, 0, 0]),
        ("streams", [6, 1, 0xF000, 6144, 192, 32, 0, 192, 1, 0, 0, 0, 0]),
        ("quote", [7, 1, 0x11000, 3200, 320, 10, 64, 128, 2, 0, 0, 0, 0]),
        ("ticker", [8, 1, 0x12000, 5760, 576, 10, 64, 256, 2, 0, 0, 0, 0]),
        ("last_trade", [9, 1, 0x14000, 4480, 448, 10, 64, 192, 2, 0, 0, 0, 0]),
        ("book", [10, 1, 0x16000, 6400, 640, 10, 64, 288, 2, 0, 0, 5, 0]),
        ("partial", [11, 1, 0x18000, 6400, 640, 10, 64, 288, 2, 0, 0, 5, 0]),
        ("events", [12, 1, 0x1A000, 12288, 0, 0, 4096, 0, 0, 0, 0, 0, 8192]),
        ("raw", [13, 1, 0x1D000, 8192, 0, 0, 4096, 0, 0, 0, 0, 0, 4096]),
        ("mark_price", [14, 1, 0x1F000, 4480, 448, 10, 64, 192, 2, 0, 25, 0, 0]),
        ("values", [15, 1, 0x21000, 10368, 576, 18, 64, 256, 2, 0, 0, 0, 0]),
    ])


def described() -> list[dict[str, Any]]:
    """META and MARK_PRICE."""
    units = dict.fromkeys(["mark_px", "mark_average_px", "index_px", "settle_px", "funding_rate"], "1e-8")
    return field_rows(MARK, units | {"next_funding_time": "ns"})


def counters() -> dict[str, Any]:
    """The counters of this minor version."""
    found = {
        "frames_received": put(0x3000, "u64", 104, "counters.frames_received"),
        "frames_duplicate": put(0x30E0, "u64", 1, "counters.frames_duplicate"),
        "frames_early": put(0x30E8, "u64", 2, "counters.frames_early"),
        "frames_foreign": put(0x30F0, "u64", 3, "counters.frames_foreign"),
        "rows_split": put(0x30F8, "u64", 4, "counters.rows_split"),
        "rows_foreign": put(0x3100, "u64", 5, "counters.rows_foreign"),
        "rows_unknown": put(0x3108, "u64", 6, "counters.rows_unknown"),
        "rows_covered": put(0x3110, "u64", 7, "counters.rows_covered"),
        "rows_duplicate": put(0x3118, "u64", 8, "counters.rows_duplicate"),
        "rows_unreadable": put(0x3120, "u64", 9, "counters.rows_unreadable"),
        "streams_silent": put(0x3128, "u64", 10, "counters.streams_silent"),
        "streams_lagging": put(0x3130, "u64", 11, "counters.streams_lagging"),
        "rotations": put(0x3138, "u64", 12, "counters.rotations"),
        "subscriptions_refused": put(0x3140, "u64", 13, "counters.subscriptions_refused"),
    }
    return {"counters": found}


def histograms() -> dict[str, Any]:
    """Two, which are empty."""
    text(0x4000, 32, "event_to_recv", "histogram 0")
    text(0x8040, 32, "recv_to_publish", "histogram 1")
    histogram = {"name": "recv_to_publish", "count": 0, "sum": 0, "max": 0, "buckets": {}}
    return {"histogram": histogram}


def symbols() -> list[dict[str, Any]]:
    """An instrument, its RPI book, a pair, a continuous contract, two indices, one that is halted."""
    found = []
    for row, (symbol, market_name, market, px, qty, halted) in enumerate([
        ("BTCUSDT", "spot", 1, -2, -5, 0),
        ("BTCUSDT", "usdm", 2, -1, -3, 0),
        ("BTCUSDT.RPI", "usdm", 2, -1, -3, 0),
        ("BTCUSD", "coinm", 3, -8, -8, 0),
        ("BTCUSDT_PERPETUAL", "usdm", 2, -1, -3, 0),
        ("ADAUSD", "usdm", 2, -8, -8, 0),
        ("ETHUSDT", "usdm", 2, -2, -3, 1),
        ("BTCUSD_PERP", "coinm", 3, -1, 0, 0),
        ("DEFIUSDT", "usdm", 2, -8, -8, 0),
    ]):  # fmt: skip
        base = 0xD000 + 128 * row
        text(base, 32, symbol, "symbol")
        text(base + 0x20, 16, "binance", "symbol.venue")
        text(base + 0x30, 16, market_name, "symbol.market_name")
        values = {"px_exponent": px, "qty_exponent": qty, "market": market, "halted": halted, "state": 1,
                  "tick": 1, "step": 1, "added_real": REAL, "successor": NO_ROW}  # fmt: skip
        own = fields(base, SYMBOL, values, f"symbol {row}")
        found.append({"symbol": symbol, "venue": "binance", "market_name": market_name, **own})
    return found


def connections() -> list[dict[str, Any]]:
    """A pair with one on standby, a pair that are both up, and one alone."""
    found = []
    for row, (name, market, state, frames, duplicates, lag, peer, streams) in enumerate([
        ("spot/ws/0/a", 1, 1, 60, 0, 0, 1, 8),
        ("spot/ws/0/b", 1, 4, 20, 0, 0, 0, 0),
        ("usdm/market/0/a", 2, 1, 30, 0, 1500000, 3, 15),
        ("usdm/market/0/b", 2, 1, 29, 28, 2500000, 2, 15),
        ("coinm/market/0/a", 3, 3, 3, 0, 0, NO_ROW, 3),
    ]):  # fmt: skip
        base = 0xE000 + 128 * row
        text(base, 48, name, "connection")
        values = {"market": market, "state": state, "session": 1, "mono_recv": MONO + 40000000,
                  "mono_connected": MONO, "frame_count": frames, "byte_count": 100 * frames,
                  "duplicate_count": duplicates, "lag_ns": lag, "peer": peer,
                  "stream_total": streams}  # fmt: skip
        found.append({"name": name, **fields(base, CONNECTION, values, f"connection {row}")})
    return found


def streams() -> list[dict[str, Any]]:
    """27 streams; the last has never delivered and is silent."""
    found = []
    for row, (name, kind, market, symbol, connection, value, parent, shape, status) in enumerate(STREAMS):
        base = 0xF000 + 192 * row
        text(base, 64, name, "stream")
        silent = status == 4
        values = {"kind": kind, "market": market, "status": status, "levels": 5 * (kind == 6), "state": 1,
                  "symbol": symbol, "connection": connection, "sequence": 0 if silent else row + 1,
                  "mono_recv": 0 if silent else MONO + 40000000, "parent": parent, "value": value,
                  "shape": shape, "expected_ms": 250 * silent, "limit_ns": 3000000000 * silent,
                  "mono_acked": MONO + 1000000, "duplicate_count": 2 * (connection == 2),
                  "silent_count": int(silent)}  # fmt: skip
        found.append({"name": name, **fields(base, STREAM, values, f"stream {row}")})
    return found


def kline(px: list[int], exponent: int, volume: float, ids: tuple[int, int]) -> dict[str, Any]:
    """Fields of a candle of one minute."""
    return {
        "open_px": px[0], "high_px": px[1], "low_px": px[2], "close_px": px[3], "volume": volume,
        "quote_volume": volume * 2, "taker_volume": volume / 2, "taker_quote_volume": volume,
        "open_time": REAL, "close_time": REAL + 59999000000, "first_trade_id": ids[0],
        "last_trade_id": ids[1], "trade_count": 90, "interval": "1m", "px_exponent": exponent,
    }  # fmt: skip


NO_TICKER = {name: NULL for _, kind, name in TICKER if kind == "i64"}
MINI = NO_TICKER | {"last_px": 912301, "open_px": 900000, "high_px": 920000, "low_px": 895000,
                    "volume": 200000.0, "quote_volume": 18200000000.0}  # fmt: skip
DAY = NO_TICKER | {
    "last_px": 9123456, "last_qty": 500, "bid_px": 9123455, "bid_qty": 120000, "ask_px": 9123456,
    "ask_qty": 98000, "open_px": 9000000, "high_px": 9200000, "low_px": 8950000,
    "prev_close_px": 9000001, "change_px": 123456, "change_percent": 137200000,
    "average_px": 9100012000000, "volume": 20000.0, "quote_volume": 1820000000.0,
    "open_time": REAL - 86400000000000, "close_time": REAL, "first_trade_id": 5390000001,
    "last_trade_id": 5400000090, "trade_count": 10000090,
}  # fmt: skip
HOUR = DAY | {name: NULL for name in ("last_qty", "bid_px", "bid_qty", "ask_px", "ask_qty", "prev_close_px")}
HOUR |= {"open_time": REAL - 3600000000000, "trade_count": 100090}

# What each stream's last event says: row of STREAMS -> update id, flags, table, length, values.
Said = tuple[int, int, Fields, int, dict[str, Any]]
SAID: dict[int, Said] = {
    0: (70000000001, 6, QUOTE, 128, {"bid_px": 9123455, "bid_qty": 120000, "ask_px": 9123456, "ask_qty": 98000}),
    1: (309917647, 7, TRADE, 192, {"px": 912301, "qty": 10, "first_trade_id": 680000001,
                                   "last_trade_id": 680000003, "normal_qty": 8}),
    2: (5400000001, 6, TRADE, 192, {"px": 9123456, "qty": 200, "first_trade_id": 5400000001,
                                    "last_trade_id": 5400000001, "normal_qty": NULL}),
    3: (582, 7, TRADE, 192, {"px": 9120000, "qty": 5800000, "first_trade_id": 582, "last_trade_id": 582,
                             "normal_qty": NULL}),
    4: (5400000090, 6, TICKER, 256, DAY),
    6: (0, 6, TICKER, 256, MINI),
    7: (5400000090, 6, TICKER, 256, HOUR),
    8: (5400000090, 6, KLINE, 256, kline([9123000, 9124000, 9122900, 9123456], -2, 12.345, (5400000001, 5400000090))),
    9: (0, 0x206, KLINE, 256, kline([912300, 912310, 912290, 912301], -1, 12.5, (9100000000001, 9100000000100))),
    10: (0, 6, KLINE, 256, kline([9124221900000, 9124271640000, 9124221040000, 9124250440000], -8, 0.0, (1795345200000, 1795345202000))),
    11: (0, 6, KLINE, 256, kline([9123967161333, 9124082761333, 9123966961333, 9124082761333], -8, 0.0, (1795345200000, 1795345202000))),
    12: (0, 6, MARK, 192, {"mark_px": 9123155000000, "mark_average_px": 9123090000000,
                           "index_px": 9124012345678, "settle_px": 9123800000000, "funding_rate": 10000,
                           "next_funding_time": REAL + 18000000000000}),
    13: (0, 6, MARK, 192, {"mark_px": NULL, "mark_average_px": NULL, "index_px": 9123657860000,
                           "settle_px": NULL, "funding_rate": NULL, "next_funding_time": NULL}),
    14: (0, 6, PRICE, 128, {"px": 9122233000000, "interval": "5m"}),
    15: (0, 6, PRICE, 128, {"px": NULL}),
    16: (0, 6, PRICE, 128, {"px": 55441604065, "component_count": 1}),
    18: (0, 6, LIQUIDATION, 192, {"px": 911000, "average_px": 9112010000000, "qty": 14, "last_filled_qty": 14,
                                  "filled_qty": 14, "side": 2, "order_type": "LIMIT", "time_in_force": "IOC",
                                  "order_status": "FILLED"}),
    20: (0, 6, CONTRACT, 256, {"pair": "BTCUSDT", "contract_type": "PERPETUAL", "contract_status": "TRADING",
                               "delivery_time": NULL, "onboard_time": 1569398400000000000, "has_brackets": 1}),
    21: (0, 6, ASSET, 192, {"index_px": 27462452, "bid_buffer": 10000000, "ask_buffer": 10000000,
                            "bid_rate": 24716207, "ask_rate": 30208698, "auto_bid_buffer": 5000000,
                            "auto_ask_buffer": 5000000, "auto_bid_rate": 26089330, "auto_ask_rate": 28835575}),
    22: (0, 6, SESSION, 192, {"start_time": REAL, "end_time": REAL + 28800000000000, "underlying": "Equity",
                              "session": "OVERNIGHT"}),
}  # fmt: skip


def meta(row: int, version: int, position: int, length: int, **more: int) -> dict[str, Any]:
    """META of the last event of a stream."""
    _, kind, _, symbol, connection, _, _, _, _ = STREAMS[row]
    return times(row, version=version, ring_position=position, length=length, stream=row, symbol=symbol,
                 connection=connection, sequence=row + 1, kind=kind, status=1, **more)  # fmt: skip


def said(base: int, row: int, version: int, position: int, note: str) -> dict[str, Any]:
    """The last event of a stream as a cell or record at ``base``."""
    update_id, flags, table, length, values = SAID[row]
    head = meta(row, version, position, length, update_id=update_id, flags=flags, source=int(row == 0))
    return fields(base, META + table, head | values, note)


def latched(section: int, stride: int, cell: int, where: dict[int, tuple[int, int]], name: str) -> dict[str, Any]:
    """Slots: number -> (row of STREAMS, version). Spare cells hold the rest of a cut-off write."""
    found = {}
    for number, (row, version) in where.items():
        slot = section + stride * number
        put(slot, "u64", version, f"{name} slot {number} version")
        spare = slot + 0x40 + cell * ((version + 1) & 1)
        parts.append((spare, b"\xee" * 64, f"{name} slot {number}: a write that was cut off"))
        current = slot + 0x40 + cell * (version & 1)
        found[str(number)] = said(current, row, version, 8192, f"{name} slot {number}")
    return found


def ladder(
    slot: int, cell: int, version: int, row: int, more: dict[str, Any], note: str, length: int = 288
) -> dict[str, Any]:
    """A cell with room for 5 levels a side: bids at 0x80, asks at 0x80 + 16 * 5 = 0xD0."""
    put(slot, "u64", version, f"{note} version")
    bids, asks = [(912300, 5210), (912290, 1)], [(912301, 4966)]
    values = meta(row, version, 8192, length, update_id=9100000000078, flags=6)
    values |= {"bid_count": 2, "ask_count": 1, "depth": 5} | more
    found = fields(cell, META + LADDER, values, note)
    return found | {"bids": levels(cell + 0x80, bids, f"{note} bids"), "asks": levels(cell + 0xD0, asks, f"{note} asks")}


BOOK = {"kind": 7, "first_update_id": 9100000000001, "snapshot_id": 9100000000000, "bid_total": 2, "ask_total": 1}


def ladders() -> dict[str, Any]:
    """A book and a partial depth."""
    return {
        # slot 2: 0x16000 + 2 * 640; version 6 lies in cell 0
        "book": {"2": ladder(0x16500, 0x16540, 6, 23, BOOK, "book slot 2")},
        # slot 1: 0x18000 + 640; version 3 lies in cell 1
        "partial": {"1": ladder(0x18280, 0x183E0, 3, 24, {"bid_total": 2, "ask_total": 1}, "partial slot 1")},
    }


def slots(of_levels: dict[str, Any]) -> dict[str, Any]:
    """Each slot of an instrument, and 12 of 13 values; the last was never written."""
    return {
        "quote": latched(0x11000, 320, 128, {0: (0, 2)}, "quote"),
        "ticker": latched(0x12000, 576, 256, {0: (4, 1), 1: (6, 4)}, "ticker"),
        "last_trade": latched(0x14000, 448, 192, {0: (2, 3), 1: (1, 2)}, "last_trade"),
        **of_levels,
        "mark_price": latched(0x1F000, 448, 192, {1: (12, 5), 3: (13, 2)}, "mark_price"),
        "values": latched(0x21000, 576, 256, {
            0: (3, 1), 1: (7, 2), 2: (8, 3), 3: (9, 4), 4: (10, 5), 5: (11, 6), 6: (14, 7), 7: (15, 8),
            8: (16, 9), 9: (18, 10), 10: (20, 11), 11: (21, 12),
        }, "values"),
    }  # fmt: skip


# What the last events say that are of no stream's own kind: kind, row of STREAMS, values.
States = list[tuple[int, int, dict[str, int]]]
STATES: States = [
    (9, 26, {"status": 4, "reason": 14, "previous_status": 2, "subject": 16}),
    (10, 1, {"expected_id": 309917646, "received_id": 309917647, "subject": 3}),
    (11, 8, {"status": 4, "subject": 16, "error": 3}),
]


def events(states: States, table: Fields = STATE, length_of_state: int = 128) -> dict[str, Any]:
    """One record of every kind, from the ring's first byte on; nothing was overwritten yet."""
    records, position = [], 0
    for number, row in enumerate(SAID, 1):
        records.append(said(0x1B000 + position, row, number, position, f"event {number}"))
        position += SAID[row][3]
    for kind, row, length, more in [
        (5, 23, 256, {"flags": 0x46, "first_update_id": 9100000000001, "prev_update_id": 9099999999994}),
        (8, 23, 256, {"flags": 6, "first_update_id": 9100000000000}),
        (6, 24, 256, {"flags": 6, "first_update_id": 9100000000001, "prev_update_id": 9099999999994}),
    ]:
        number, base = len(records) + 1, 0x1B000 + position
        head = meta(row, number, position, length, update_id=9100000000078) | {"kind": kind, **more}
        head |= {"best_bid_px": 912300, "best_bid_qty": 5210, "best_ask_px": 912301, "best_ask_qty": 4966,
                 "bid_count": 2, "ask_count": 1}  # fmt: skip
        record = fields(base, META + DIFF, head, f"event {number}")
        record["bids"] = levels(base + 0xA0, [(912300, 5210), (912290, 1)], f"event {number} bids")
        record["asks"] = levels(base + 0xC0, [(912301, 4966)], f"event {number} asks")
        records.append(record)
        position += length
    for kind, row, more in states:
        number = len(records) + 1
        head = meta(row, number, position, length_of_state, flags=6) | {"kind": kind, **more}
        records.append(fields(0x1B000 + position, META + table, head, f"event {number}"))
        position += length_of_state
    for offset, name, value in [(0, "tail_intent", position), (8, "tail", position), (16, "capacity", 8192),
                                (24, "record_count", len(records))]:  # fmt: skip
        put(0x1A000 + offset, "u64", value, f"events.{name}")
    return {"start": 0, "tail": position, "capacity": 8192, "record_count": len(records), "records": records}


def raw() -> dict[str, Any]:
    """A whole array, then three frames that were not published: DUPLICATE, EARLY, FOREIGN."""
    for offset, name, value in [(0, "tail_intent", 1088), (8, "tail", 1088), (16, "capacity", 4096),
                                (24, "record_count", 4)]:  # fmt: skip
        put(0x1D000 + offset, "u64", value, f"raw.{name}")
    array = b'{"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker","E":1790000000005,"s":"BTCUSDT","st":1}]}'
    trade = b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1790000000001,"s":"BTCUSDT","a":309917647}}'
    other = b'{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1790000000017,"st":2,"o":{"s":"BTCUSD_PERP"}}}'
    records = []
    for number, (row, frame, data_at, position, length, connection, flags) in enumerate([
        (5, array, 35, 0, 256, 2, 0x006),
        (1, trade, 36, 256, 256, 3, 0x026),
        (1, trade, 36, 512, 256, 3, 0x406),
        (17, other, 35, 768, 320, 2, 0x106),
    ], 1):  # fmt: skip
        base = 0x1E000 + position
        values = meta(row, number, position, length, flags=flags) | {
            "kind": 12, "status": 0, "connection": connection, "sequence": 6 * (row == 5),
            "payload_length": len(frame), "frame_length": len(frame), "data_offset": data_at,
            "data_length": len(frame) - data_at - 1,
        }  # fmt: skip
        record = fields(base, META + RAW, values, f"raw {number}")
        parts.append((base + 0x80, frame, f"raw {number} frame"))
        record |= {"frame": frame.decode(), "data": frame[data_at:-1].decode()}
        records.append(record)
    return {"start": 0, "tail": 1088, "capacity": 4096, "record_count": 4, "records": records}


def build() -> tuple[str, str]:
    """Text of the hex file and of the JSON file."""
    parts.clear()
    expected = {"header": header(), "sections": sections(), "fields": described()}
    expected |= counters() | histograms()
    expected |= {"symbols": symbols(), "connections": connections(), "streams": streams()}
    expected |= {"slots": slots(ladders()), "events": events(STATES), "raw": raw()}
    return files(0x24000, expected)
