"""What the client tests share: C programs, segments to read, a writer in a process of its own."""

from __future__ import annotations

import json
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.layout import HEADER, NO_ROW, STREAM, SYMBOL, Kind, RowState, Shape, Status, Struct
from gateway.plan import ShardPlan
from gateway.segment_file import SegmentFile, create
from gateway_client import plain
from gateway_client.gateway import Calls
from gateway_client.layout import FIELDS, FORMATS
from gateway_client.tables import empty_cell

Levels = list[tuple[int, int]]
ROOT = Path(__file__).resolve().parents[2]
C_CLIENT = ROOT / "clients" / "c"
HERE = Path(__file__).resolve().parent
WATCHDOG_SECONDS = 100.0
_CELLS = {"last_trade": "trade", "mark_price": "mark"}  # section -> struct, where they differ
_MARKETS = {"spot": 1, "usdm": 2, "coinm": 3}


class PlainGateway(Calls, plain.Reader):
    """``Gateway`` on the plain reader, whatever this machine has compiled."""


def compile_c(source: Path, program: Path, *flags: str, compiler: str = "cc") -> Path:
    """Compile one file against the C client's header, all warnings errors."""
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]
    command = [
        compiler, *warnings, "-O2", *flags, f"-I{C_CLIENT}", f"-I{HERE}", str(source),
        "-o", str(program), "-lm",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program


def plan(
    run_dir: Path, *, number: int = 0, ring: int = 65536, timeout_ms: int = 1000, levels: int = 20
) -> ShardPlan:
    """A small shard."""
    return ShardPlan(
        shard_id=number, shard_count=1, instance_id=7, run_dir=str(run_dir), symbols=[],
        connections=[], streams=[], symbol_capacity=8, stream_capacity=8, connection_capacity=2,
        value_capacity=4, events_ring_bytes=ring, raw_ring_bytes=4096, book_levels=levels,
        heartbeat_timeout_ms=timeout_ms,
    )  # fmt: skip


@dataclass
class Shard:
    """A run directory with one shard, whose segment is made anew with every ``start``."""

    run_dir: Path
    ring: int = 65536
    timeout_ms: int = 60_000  # long, so that tests without a writer process need not hurry
    levels: int = 20
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")
    streams: tuple[str, ...] = ()
    market: str = "spot"
    number: int = 0
    current: SegmentFile = field(init=False)

    @property
    def segment(self) -> Path:
        return self.run_dir / f"shard-{self.number}.seg"

    def start(self) -> Shard:
        """Make and publish a segment, as a starting shard does; the old one is superseded."""
        plan_ = plan(
            self.run_dir, number=self.number, ring=self.ring, timeout_ms=self.timeout_ms,
            levels=self.levels,
        )  # fmt: skip
        self.current = create(self.segment, plan=plan_)
        for symbol in self.symbols:
            self.add_symbol(symbol)
        self.current.publish()
        if self.number == 0:
            self.write_manifest()
        return self

    def add_symbol(self, name: str, *, px_exponent: int = -2, qty_exponent: int = -5) -> int:
        """Append a row of SYMBOLS: the row first, then the count."""
        row = self.load("symbol_count")
        self.put_row("symbols", SYMBOL, row, {
            "symbol": name, "venue": "binance", "market_name": self.market,
            "px_exponent": px_exponent, "qty_exponent": qty_exponent,
            "market": _MARKETS[self.market], "state": RowState.ACTIVE, "successor": NO_ROW,
        })  # fmt: skip
        self._count("symbol_count", row)
        return row

    def add_stream(
        self, name: str, kind: Kind, symbol: int = 0, *, has_value: bool = False,
        shape: Shape = Shape.OBJECT, **values: int,
    ) -> int:  # fmt: skip
        """Append a row of STREAMS, with a row of VALUES where it ``has_value``."""
        row, value = self.load("stream_count"), self.load("value_count")
        self.put_row("streams", STREAM, row, {
            "name": name, "kind": kind, "market": _MARKETS[self.market], "symbol": symbol,
            "state": RowState.ACTIVE, "parent": NO_ROW, "value": value if has_value else NO_ROW,
            "shape": shape, "status": Status.LIVE, **values,
        })  # fmt: skip
        self.store("value_count", value + has_value)
        self._count("stream_count", row)
        return row

    def put_row(self, section: str, layout: Struct, row: int, values: dict[str, int | str]) -> None:
        """Store fields of a directory row."""
        place = self.current.sections[section]
        for name, value in values.items():
            offset, kind, _ = FIELDS[layout.name][name]
            raw = (
                value.encode()
                if isinstance(value, str)
                else struct.pack(f"<{FORMATS[kind]}", value)
            )
            at = place.offset + row * place.stride + offset
            self.current.memory[at : at + len(raw)] = raw

    def _count(self, counter: str, row: int) -> None:
        self.store(counter, row + 1)
        self.store("directory_epoch", self.load("directory_epoch") + 1)

    def retire(self, row: int) -> None:
        """Take a row of SYMBOLS out of use."""
        self.put_row("symbols", SYMBOL, row, {"state": RowState.RETIRED})
        self.store("directory_epoch", self.load("directory_epoch") + 1)

    def remove_stream(self, row: int) -> None:
        """Take a row of STREAMS out of use."""
        self.put_row("streams", STREAM, row, {"state": RowState.RETIRED})
        self.store("directory_epoch", self.load("directory_epoch") + 1)

    def load(self, name: str) -> int:
        return int.from_bytes(self._field(name), "little")

    def store(self, name: str, value: int) -> None:
        """Store a word of the header."""
        at, size = HEADER.offsets()[name], len(self._field(name))
        self.current.memory[at : at + size] = value.to_bytes(size, "little")

    def beat(self) -> None:
        self.store("heartbeat_mono", time.clock_gettime_ns(time.CLOCK_MONOTONIC))

    def _field(self, name: str) -> bytes:
        at = HEADER.offsets()[name]
        size = next(field.size for field in HEADER.fields if field.name == name)
        return self.current.memory[at : at + size]

    def listed(self) -> dict[str, object]:
        """This shard as the manifest names it."""
        return {
            "id": self.number, "pid": 1, "generation": self.current.generation,
            "segment": self.segment.name, "publisher": f"ipc://{self.run_dir}/shard-{self.number}.pub",
            "arrays": f"ipc://{self.run_dir}/shard-{self.number}.arrays.pub",
            "symbols": [f"{self.market}:{symbol}" for symbol in self.symbols],
            "streams": list(self.streams),
        }  # fmt: skip

    def write_manifest(self, *others: Shard, **changes: object) -> None:
        """Put a manifest in place, of this shard and ``others``, as the supervisor does."""
        content = {
            "version": 1, "instance": "7", "pid": 1, "started_ns": 5, "upstream": "binance",
            "control": f"ipc://{self.run_dir}/control.sock",
            "shards": [self.listed(), *(other.listed() for other in others)],
        }  # fmt: skip
        temporary = self.run_dir / "manifest.json.tmp"
        temporary.write_text(json.dumps(content | changes))
        temporary.rename(self.run_dir / "manifest.json")

    def write_cell(self, section_name: str, row: int, *, layout: str = "", **values: float) -> int:
        """Store a cell with these fields, the others missing, while nobody reads; its version.

        In VALUES ``layout`` is the struct of the value.
        """
        section, memory = self.current.sections[section_name], self.current.memory
        slot = section.offset + row * section.stride
        version = int.from_bytes(memory[slot : slot + 8], "little") + 1
        layout = layout or _CELLS.get(section_name, section_name)
        cell = bytearray(empty_cell(layout, section.cell_size))
        defaults = {
            "version": version, "status": Status.LIVE, "length": section.cell_size, "kind": 1,
        }  # fmt: skip
        for name, value in (defaults | values).items():
            offset, kind, _ = FIELDS[layout][name]
            struct.pack_into(FORMATS[kind], cell, offset, value)
        at = slot + section.cell_offset + (version & 1) * section.cell_size
        memory[at : at + len(cell)] = bytes(cell)
        memory[slot : slot + 8] = version.to_bytes(8, "little")
        self.beat()
        return version

    def write_book(self, row: int, bids: Levels, asks: Levels, **values: int) -> None:
        """Store a BOOK cell with these (px, qty) mantissas."""
        section, memory = self.current.sections["book"], self.current.memory
        counts = {"bid_count": len(bids), "ask_count": len(asks), "depth": section.param}
        version = self.write_cell("book", row, **counts, **values)
        cell = section.offset + row * section.stride + section.cell_offset
        cell += (version & 1) * section.cell_size
        for side, levels in (("bids", bids), ("asks", asks)):
            at = cell + section.struct.offsets()[side]
            flat = [number for level in levels for number in level]
            memory[at : at + 8 * len(flat)] = struct.pack(f"<{len(flat)}q", *flat)

    def spare_cell(self, kind: str) -> tuple[bytes, int]:
        """The cell of row 0 that readers are not pointed to, and the version in the other."""
        section, memory = self.current.sections[kind], self.current.memory
        version = int.from_bytes(memory[section.offset : section.offset + 8], "little")
        odd = (version + 1) & 1
        at = section.offset + section.cell_offset + odd * section.cell_size
        return memory[at : at + section.cell_size], version


@contextmanager
def running(program: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A C test program that has said "ready"; killed at the end if it still runs."""
    process = subprocess.Popen(
        [str(program), *map(str, words)], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def tally(
    process: subprocess.Popen[str], *, stop: bool = False, seconds: float = WATCHDOG_SECONDS
) -> dict[str, int]:
    """The counts that a test reader prints when it ends, after SIGTERM if told to ``stop`` it."""
    if stop:
        process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=seconds)
    return dict(json.loads(said))
