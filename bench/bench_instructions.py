"""How many instructions does a frame cost, from its bytes to shared memory?

Topology: none; the C core alone, compiled as the package is, under valgrind's callgrind. It takes a
recorded spot session, the frames of one stream after the other. Instructions of this process alone,
C library included, kernel not: the same to a thousandth on a busy machine and on a quiet one, so
two versions of the core can be compared anywhere. They are no times: a cache miss counts nothing.

    python -m bench.bench_instructions [--smoke] [--data DIR]

Every run checks that all frames were taken as data, that no id was missing and that the book is
LIVE. ``--smoke`` takes a short generated session, and only checks where there is no valgrind.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import machine
from bench.bench_end_to_end import DATA, SESSION
from gateway import segment_file
from gateway.plan import ShardPlan

CORE = Path(__file__).resolve().parents[1] / "gateway" / "core"
PROGRAM = Path(__file__).with_name("instructions.c")
CFLAGS = ("-O3", "-std=c11", "-g1", "-fno-strict-aliasing", "-fPIC", "-D_GNU_SOURCE")


def recorded(data: Path) -> list[bytes]:
    """The session's frames behind its REST answer; lines are a time and a frame."""
    frames: list[bytes] = []
    for name in SESSION:
        with gzip.open(data / name) as lines:
            frames += [line.split(b" ", 1)[1].rstrip() for line in lines]
    answers = [frame for frame in frames if frame.startswith(b'{"lastUpdateId"')]
    return answers + [frame for frame in frames if not frame.startswith(b'{"lastUpdateId"')]


def generated(count: int) -> Iterator[bytes]:
    """A short session: a book of five levels a side, then diffs, quotes and trades in turn."""
    sides = [[[f"{1000 + sign * n}.00", "1.0"] for n in range(1, 6)] for sign in (-1, 1)]
    answer = {"lastUpdateId": 50, "bids": sides[0], "asks": sides[1]}
    yield json.dumps(answer).encode()
    for n in range(1, count + 1):
        level, event = [["990.00", f"{n}.0"]], {"E": 1795345200000 + n, "s": "BTCUSDT"}
        diff = {"e": "depthUpdate", **event, "U": n, "u": n, "b": level, "a": []}
        quote = {"u": n, "s": "BTCUSDT", "b": "999.00", "B": "1.0", "a": "1001.00", "A": "1.0"}
        trade = {
            "e": "trade",
            **event,
            "t": n,
            "p": "1000.00",
            "q": "0.1",
            "T": event["E"],
            "m": True,
        }
        for stream, data in (("depth@100ms", diff), ("bookTicker", quote), ("trade", trade)):
            envelope = {"stream": f"btcusdt@{stream}", "data": data}
            yield json.dumps(envelope, separators=(",", ":")).encode()


def build(folder: Path, frames: list[bytes]) -> list[str]:
    """Compile the program and write what it reads; its command line."""
    program, corpus = folder / "instructions", folder / "corpus"
    sources = [str(path) for path in sorted(CORE.glob("*.c"))]
    command = ["cc", *CFLAGS, f"-I{CORE}", str(PROGRAM), *sources, "-o", str(program)]
    subprocess.run(command, check=True)
    corpus.write_bytes(b"".join(len(frame).to_bytes(4, "little") + frame for frame in frames))
    plan = ShardPlan(
        shard_id=0, shard_count=1, instance_id=1, run_dir=str(folder),
        symbols=[], connections=[], streams=[],
    )  # fmt: skip
    segment = segment_file.create(folder / "shard-0.seg", plan=plan)
    return [str(program), str(segment.built_at), str(corpus)]


def counted(valgrind: str, command: list[str], folder: Path) -> list[tuple[str, int, int, int]]:
    """Stream, frames, bytes and instructions of each pass."""
    out = folder / "callgrind"
    switches = ["--toggle-collect=measured", "--dump-after=measured", f"--callgrind-out-file={out}"]
    done = subprocess.run(
        [valgrind, "--tool=callgrind", "-q", *switches, *command],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = []
    for number, line in enumerate(done.stdout.splitlines(), start=1):
        stream, frames, length = line.split()
        totals = Path(f"{out}.{number}").read_text(encoding="utf-8").rpartition("totals: ")[2]
        found.append((stream, int(frames), int(length), int(totals.split()[0])))
    return found


def report(passes: list[tuple[str, int, int, int]]) -> None:
    """Print instructions a frame, and of the whole session."""
    print(f"{'stream':<16}{'frames':>9}{'bytes a frame':>15}{'instructions a frame':>22}")
    whole = ("session", *(sum(row[column] for row in passes) for column in (1, 2, 3)))
    for stream, frames, length, instructions in (*passes, whole):
        print(f"{stream:<16}{frames:>9}{length / frames:>15.0f}{instructions / frames:>22.0f}")


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a toy size, for the tests")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of recorded data")
    given = parser.parse_args()
    valgrind = shutil.which("valgrind")
    if not valgrind and not given.smoke:
        print("bench_instructions: no valgrind: apt-get install valgrind", file=sys.stderr)
        return 69
    if not given.smoke and not all((given.data / name).is_file() for name in SESSION):
        where = f"no recorded session in {given.data}; name it with --data"
        print(f"bench_instructions: {where}", file=sys.stderr)
        return 66
    print(machine.line())
    with tempfile.TemporaryDirectory(prefix="gw-bench-", dir="/dev/shm") as name:
        folder = Path(name)
        command = build(folder, list(generated(200)) if given.smoke else recorded(given.data))
        if valgrind:
            report(counted(valgrind, command, folder))
        else:
            subprocess.run(command, check=True)
            print("frames were taken; not counted, for there is no valgrind")
    return 0


if __name__ == "__main__":
    sys.exit(main())
