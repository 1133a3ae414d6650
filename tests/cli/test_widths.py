"""Lines that fit a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.widths import wrapped
from tests import golden
from tests.cli.live.emulator import Program
from tests.clients.test_golden_segment import Golden


@pytest.mark.parametrize(
    ("line", "width", "wanted"),
    [
        ("  streams     a, b; c", None, ["  streams     a, b; c"]),
        ("  streams     a, b; c", 21, ["  streams     a, b; c"]),
        ("  streams     aa, bb; cc", 20, ["  streams     aa,", "     bb; cc"]),
        ("word without a comma", 5, ["word without a comma"]),
        ("", 5, [""]),
    ],
)  # fmt: skip
def test_lines_are_broken_behind_their_parts(
    line: str, width: int | None, wanted: list[str]
) -> None:
    assert wrapped(line, width) == wanted


def test_nothing_is_lost() -> None:
    line = "  counted     " + ", ".join(f"counter_{n} {n * 1000:,}" for n in range(40))
    found = wrapped(line, 80)
    assert all(len(part) <= 80 for part in found)
    assert " ".join(part.strip() for part in found).split() == line.split()


def test_status_fits_a_terminal_of_80_columns(run_dir: Path) -> None:
    made = Golden(run_dir, golden.MINOR_2)
    command = ["-m", "gateway", "status", "--run-dir", str(made.run_dir)]
    with Program(command, width=200, height=100, environment={"COLUMNS": "80"}) as program:
        assert program.wait_end() == 0
        lines = program.screen.lines
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("  counted     frames_received") for line in lines)
