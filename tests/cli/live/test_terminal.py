"""``gateway top`` on a real terminal: keys, sizes, signals, and the terminal as it was before."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.layout import Kind
from tests.cli.live.emulator import Program
from tests.clients.support import Shard
from tests.integration.running import GATEWAY

TOP = ("-m", "gateway", "top", "--interval", "0.25")
SYMBOLS = tuple(f"S{n:02}USDT" for n in range(5))


@pytest.fixture
def shard(run_dir: Path) -> Shard:
    """Five instruments with quotes, the first with a book too."""
    made = Shard(run_dir, symbols=SYMBOLS).start()
    for row, symbol in enumerate(SYMBOLS):
        made.add_stream(
            f"spot:{symbol.lower()}@bookTicker", Kind.QUOTE, row, sequence=1, mono_recv=1
        )
        made.write_cell("quote", row, bid_px=100 + row, ask_px=200, sequence=1)
    made.add_stream("spot:s00usdt@depth", Kind.DIFF, 0, sequence=1, mono_recv=1)
    made.write_book(0, [(100, 7)], [(200, 8)], sequence=1, bid_total=1, ask_total=1)
    return made


@pytest.fixture
def top(shard: Shard) -> Iterator[Program]:
    with Program([*TOP, "--run-dir", str(shard.run_dir)]) as program:
        program.wait_for("instruments 1-5 of 5 by symbol")
        yield program


def check_restored(program: Program) -> None:
    assert not program.screen.is_alternate
    assert program.screen.has_cursor
    assert program.modes() == program.mode


def test_keys_sort_filter_and_open_a_book(top: Program) -> None:
    assert top.screen.is_alternate
    assert not top.screen.has_cursor
    top.press(b"s")
    top.wait_for("by rate")
    top.press(b"/S0")
    top.wait_for("filter: S0")
    top.press(b"\x7f00\r")
    top.wait_for("1-1 of 1 by rate with 'S00'")
    top.press(b"\x1b[B\r")
    assert "0.00007" in top.wait_for(r"spot:S00USDT  LIVE(.|\n)*1\.00 │ 2\.00")
    top.press(b"\x1b")
    top.wait_for("▶spot:S00USDT")
    top.press(b"?")
    top.wait_for("Keys")
    top.press(b"x2")
    top.wait_for("no connection")
    top.press(b"q")
    assert top.wait_end() == 0
    check_restored(top)


def test_new_values_and_a_new_size_are_shown(top: Program, shard: Shard) -> None:
    shard.write_cell("quote", 4, bid_px=123_45, ask_px=200_00, sequence=2)
    top.wait_for("spot:S04USDT +LIVE +123.45")
    top.resize(200, 40)
    text = top.wait_for("bid qty")
    assert max(map(len, text.splitlines())) > 80
    top.resize(200, 41)
    top.wait_for("bid qty(.|\n)*spot:S04USDT +LIVE +(.|\n)*of 5 by symbol")
    top.resize(60, 16)
    top.wait_for(r"of 5 by symbol +\? help  q end")


def test_writer_that_hangs_is_shown_and_its_successor_too(top: Program, shard: Shard) -> None:
    shard.store("heartbeat_mono", 1)
    top.wait_for("NO SHARD IS ALIVE(.|\n)*spot:S04USDT +DEAD")
    shard.start()
    shard.add_stream("spot:s00usdt@bookTicker", Kind.QUOTE, 0, sequence=1, mono_recv=1)
    shard.write_cell("quote", 0, bid_px=777, ask_px=888, sequence=1)
    top.wait_for("spot:S00USDT +LIVE +7.77")
    assert "NO SHARD" not in "\n".join(top.screen.lines)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 0), (signal.SIGQUIT, 131)]
)
def test_signals_end_it_and_leave_the_terminal_as_it_was(
    top: Program, number: signal.Signals, code: int
) -> None:
    top.signal(number)
    assert top.wait_end() == code
    check_restored(top)


def test_ctrl_c_ends_it(top: Program) -> None:
    top.press(b"\x03")
    assert top.wait_end() == 0
    check_restored(top)


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(top: Program) -> None:
    top.press(b"\x1a")
    _, status = os.waitpid(top.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    top.signal(signal.SIGCONT)
    top.press(b"s")
    top.wait_for("by rate")
    assert top.screen.is_alternate
    top.press(b"q")
    assert top.wait_end() == 0
    check_restored(top)


def test_error_of_ours_leaves_the_terminal_as_it_was(shard: Shard) -> None:
    script = (
        "import sys\n"
        "from gateway.__main__ import main\n"
        "from gateway.cli.live import show\n"
        "def broken(*_): raise RuntimeError('of ours')\n"
        "show.Live._draw = broken\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    with Program(["-c", script, "top", "--run-dir", str(shard.run_dir)]) as program:
        assert program.wait_end() == 70
        check_restored(program)
        assert "internal error" in "\n".join(program.screen.lines)


def test_colours_can_be_turned_off(shard: Shard) -> None:
    arguments = [*TOP, "--run-dir", str(shard.run_dir)]
    with Program(arguments, environment={"NO_COLOR": "1"}) as program:
        program.wait_for("spot:S04USDT +LIVE")
        assert program.screen.styles <= {"0", "1", "2", "7", "1;7", "2;7"}


def test_plain_lines_where_no_lines_can_be_placed(shard: Shard) -> None:
    arguments = [*TOP, "--run-dir", str(shard.run_dir)]
    with Program(arguments, environment={"TERM": "dumb"}) as program:
        program.wait_for("spot:S04USDT +LIVE")
        assert not program.screen.is_alternate
        program.press(b"\x03")
        assert program.wait_end() == 0


def test_no_gateway_is_one_line_and_no_screen(run_dir: Path) -> None:
    with Program([*TOP, "--run-dir", str(run_dir)], width=300) as program:
        assert program.wait_end() == 69
        assert "no gateway is running" in program.screen.lines[0]


def test_top_of_a_real_gateway(run_dir: Path) -> None:
    """All at once: gateway, simulated market, a killed shard, and a person at the keys."""
    command = [*GATEWAY, "start", "--simulate", "--run-dir", str(run_dir / "gateway")]
    with (run_dir / "log").open("wb") as log:
        started = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while not (run_dir / "gateway" / "manifest.json").exists():
            assert started.poll() is None, (run_dir / "log").read_text()
            with pytest.raises(subprocess.TimeoutExpired):
                started.wait(0.05)
        with Program([*TOP, "--run-dir", str(run_dir / "gateway")], 120, 40) as program:
            program.wait_for(r"spot:BTCUSDT +LIVE +\d(.|\n)*usdm:ETHUSDT +LIVE +\d")
            program.wait_for(r"exchange to here +\d")
            program.wait_for(r"REST spot")
            program.press(b"\x1b[B\r")
            program.wait_for(r"spot:BTCUSDT  LIVE(.|\n)*│ (.|\n)*│")
            program.press(b"\x1b2")
            pid = int(_shard_pid(program.wait_for(r"spot/public/0/a +ACTIVE")))
            os.kill(pid, signal.SIGKILL)
            program.wait_for(rf"0 +LIVE +(?!{pid})\d+ ")
            program.press(b"q")
            assert program.wait_end() == 0
    finally:
        started.terminate()
        started.wait(15)


def _shard_pid(text: str) -> str:
    line = next(line for line in text.splitlines() if line.startswith("0 "))
    return line.split()[2]
