"""The C header: it compiles where it says it does, and its example runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.clients.support import C_CLIENT, Shard, compile_c, running

EXAMPLE = C_CLIENT / "examples" / "tail_bbo.c"
NOTHING = """
#include "gateway.h"
int main(void) { gw_segment seg; return gw_open(&seg, "/nowhere") == GW_ERROR_OPEN ? 0 : 1; }
"""


@pytest.mark.parametrize(
    ("compiler", "standard", "suffix"),
    [("cc", "c11", ".c"), ("cc", "gnu17", ".c"), ("c++", "c++17", ".cc")],
)
def test_header_compiles_without_a_warning(
    tmp_path: Path, compiler: str, standard: str, suffix: str
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed: the header is not tried with it")
    source = tmp_path / f"nothing{suffix}"
    source.write_text(NOTHING)
    flags = [f"-std={standard}", "-Wconversion"] if suffix == ".c" else [f"-std={standard}"]
    program = compile_c(source, tmp_path / "nothing", *flags, compiler=compiler)
    assert subprocess.run([program], check=False).returncode == 0


@pytest.fixture(scope="session")
def tail_bbo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, compiled as its README says."""
    return compile_c(EXAMPLE, tmp_path_factory.mktemp("example") / "tail_bbo", "-std=gnu11")


def test_tail_bbo_prints_changes_and_finds_the_restarted_writer(
    tail_bbo: Path, shard: Shard, programs: SimpleNamespace
) -> None:
    command = [str(tail_bbo), "--run-dir", str(shard.run_dir), "spot:BTCUSDT"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as example:
        try:
            assert example.stdout is not None
            assert "EMPTY" in example.stdout.readline()
            with running(programs.writer, shard.segment, "slots", 0, 1000):
                line = next(line for line in example.stdout if " LIVE " in line)
            first = line.split()
            assert first[0] == "spot:BTCUSDT"
            assert float(first[2]) > 0
            shard.start()
            with running(programs.writer, shard.segment, "slots", 0, 1000):
                seen = [next(example.stdout)]
                while " LIVE " not in seen[-1] or "epoch" not in " ".join(seen):
                    seen.append(next(example.stdout))
            assert any(str(shard.current.generation) in line for line in seen)
        finally:
            example.kill()


def test_tail_bbo_names_the_symbol_it_does_not_find(tail_bbo: Path, shard: Shard) -> None:
    done = run(tail_bbo, "--run-dir", shard.run_dir, "spot:NOSUCH")
    assert done.returncode == 67
    assert done.stderr.count("\n") == 1
    assert "spot:NOSUCH" in done.stderr


def test_tail_bbo_says_when_nothing_runs(tail_bbo: Path, run_dir: Path) -> None:
    done = run(tail_bbo, "--run-dir", run_dir, "spot:BTCUSDT")
    assert done.returncode == 69
    assert str(run_dir) in done.stderr


def test_tail_bbo_refuses_a_segment_of_another_version(tail_bbo: Path, shard: Shard) -> None:
    shard.store("abi_major", 9)
    done = run(tail_bbo, "--run-dir", shard.run_dir, "spot:BTCUSDT")
    assert done.returncode == 76
    assert "layout version is 9, expected 1" in done.stderr
    assert "restart the gateway" in done.stderr


def test_tail_bbo_refuses_a_bad_command_line(tail_bbo: Path) -> None:
    assert run(tail_bbo).returncode == 2
    for count in ("x", "0", "-3", "5x", ""):
        assert run(tail_bbo, "--count", count, "spot:BTCUSDT").returncode == 2


def run(program: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *map(str, words)], capture_output=True, text=True, timeout=30, check=False
    )
