"""The supervisor's life, as a process of its own with fake shards and a fake venue."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.supervisor.conftest import Running, Shard, Start
from tests.supervisor.venue import Venue
from tests.waiting import is_gone, wait_for


def test_start_says_where_it_is_and_what_to_try(start: Start) -> None:
    running = start("GOOD")
    assert running.wait_for_line("gateway ").rstrip().endswith(f"pid {running.process.pid}")
    assert running.wait_for_line("  memory").endswith(" MiB (of it rings: 8 MiB + 16 MiB)\n")
    assert f"gateway top --run-dir {running.run_dir}" in running.wait_for_line("  try")
    assert running.shard()["symbols"] == ["spot:GOOD"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_leaves_no_file_and_no_process(start: Start, number: int) -> None:
    running = start("GOOD")
    running.started()
    shard = int(str(running.shard()["pid"]))
    running.process.send_signal(number)
    assert running.end() == 0
    assert list(running.run_dir.iterdir()) == []
    assert is_gone(shard)


def test_shard_that_does_not_stop_is_killed(start: Start) -> None:
    running = start("STUBBORN")
    running.started()
    shard = int(str(running.shard()["pid"]))
    running.process.terminate()
    assert running.end() == 0
    assert is_gone(shard)
    assert list(running.run_dir.iterdir()) == []
    assert "did not close within 1.4 s; killed" in running.log.read_text()


def test_readers_find_no_manifest_once_the_stop_has_begun(start: Start) -> None:
    running = start("STUBBORN")
    running.started()
    running.process.terminate()
    wait_for(lambda: not (running.run_dir / "manifest.json").exists())
    assert (running.run_dir / "shard-0.seg").exists()
    assert running.end() == 0


def is_replaced(running: Running, before: Shard) -> bool:
    return bool(running.shard()["pid"] != before["pid"])


def test_killed_shard_is_started_again_and_the_manifest_says_so(
    start: Start,
) -> None:
    running = start("GOOD")
    running.started()
    for _ in range(3):
        before = running.shard()
        os.kill(int(str(before["pid"])), signal.SIGKILL)
        wait_for(partial(is_replaced, running, before))
        assert int(str(running.shard()["generation"])) > int(str(before["generation"]))
    said = running.log.read_text()
    assert "ended with -9 after " in said
    assert "starting it again\n" in said
    assert "starting it again in 0.5 s\n" in said
    running.process.terminate()
    assert running.end() == 0
    assert list(running.run_dir.iterdir()) == []


def test_shard_ends_with_a_killed_supervisor_and_the_next_start_cleans_up(
    start: Start,
) -> None:
    running = start("GOOD")
    running.started()
    shard = int(str(running.shard()["pid"]))
    running.process.kill()
    running.process.wait()
    wait_for(lambda: is_gone(shard))
    again = start("GOOD")
    again.started()
    assert again.shard()["pid"] != shard
    again.process.terminate()
    assert again.end() == 0
    assert list(again.run_dir.iterdir()) == []


def test_hung_shard_is_killed_and_replaced(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("[liveness]\nhung_seconds = 0.5\n")
    running = start("HANG", "--config", str(config))
    running.started()
    before = running.shard()
    wait_for(lambda: (running.run_dir / "manifest.json").exists() and running.shard() != before)
    assert "no heartbeat for " in running.log.read_text()
    running.process.terminate()
    assert running.end() == 0


def test_shard_that_never_gets_ready_ends_the_start(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("[liveness]\nready_seconds = 0.5\n")
    running = start("NEVERREADY", "--config", str(config))
    assert running.end() == 70
    said = running.log.read_text()
    assert "shard 0 is not ready after 0.5 s; killed" in said
    assert "shard 0 ended with signal 9 before it was ready; see its lines above" in said
    assert list(running.run_dir.iterdir()) == []


def test_code_of_a_shard_that_cannot_start_is_ours(start: Start) -> None:
    running = start("NOROOM")
    assert running.end() == 73
    assert running.log.read_text() == f"{running.run_dir}: is full; enlarge it\n"
    assert list(running.run_dir.iterdir()) == []


def test_shard_that_crashes_at_once_is_reported(start: Start) -> None:
    running = start("CRASH")
    assert running.end() == 70
    assert "gateway: shard 0 ended with signal 11 before it was ready" in running.log.read_text()


def test_unknown_symbol_is_a_configuration_error(start: Start, venue: Venue) -> None:
    running = start("NOPE")
    assert running.end() == 78
    assert running.log.read_text() == (
        f"gateway: --subscribe: spot:NOPE: exchangeInfo of {venue.base} has no such symbol; "
        "check the spelling and the market (spot, usdm, coinm)\n"
    )
    assert list(running.run_dir.iterdir()) == []


def test_unreachable_venue_ends_the_start_only_if_asked(start: Start) -> None:
    running = start("GOOD", "--no-wait", rest="http://127.0.0.1:1")
    assert running.end() == 69
    assert running.log.read_text() == (
        "gateway: http://127.0.0.1:1/spot/api/v3/exchangeInfo: connection refused; "
        "check the network and the address of the upstream, or wait\n"
    )


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_unreachable_proxy_is_one_clear_line(start: Start, tmp_path: Path, scheme: str) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f'[upstream]\nproxy = "{scheme}://me:secret@127.0.0.1:1"\n')
    running = start("GOOD", "--no-wait", "--config", str(config), rest="http://127.0.0.1:2")
    assert running.end() == 69
    assert running.log.read_text() == (
        "gateway: http://127.0.0.1:2/spot/api/v3/exchangeInfo: proxy 127.0.0.1:1: connection "
        "refused; check the network and the address of the upstream, or wait\n"
    )


def test_start_waits_for_the_venue_and_says_so_once(start: Start) -> None:
    running = start("GOOD", rest="http://127.0.0.1:1")
    wait_for(lambda: "trying again until it answers" in running.log.read_text())
    wait_for(lambda: "asking http://127.0.0.1:1 for its instruments" in running.log.read_text())
    running.process.terminate()
    assert running.end() == 0
    assert running.log.read_text().count("trying again") == 1
    assert list(running.run_dir.iterdir()) == []


def test_too_little_room_is_seen_before_a_shard_starts(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f"[memory]\nraw_ring_bytes = {1 << 40}\n")
    running = start("GOOD", "--config", str(config))
    assert running.end() == 73
    assert "MiB are free; enlarge the tmpfs" in running.log.read_text()


def test_shard_that_hangs_at_once_was_never_live_however_late_it_is_seen(
    start: Start, run_dir: Path, tmp_path: Path
) -> None:
    """Killed once, then ready and without a beat for 5.5 s: that was no recovery."""
    config = tmp_path / "gateway.toml"
    config.write_text("[liveness]\nhung_seconds = 5.5\n")
    mark = run_dir / "hung"
    mark.touch()  # the first one does not
    running = start("HANG", "--config", str(config))
    running.started()
    mark.unlink()
    os.kill(int(running.shard()["pid"]), signal.SIGKILL)
    running.until_logged("starting it again\n")
    running.until_logged("starting it again in 0.5 s\n")
    assert "no heartbeat for " in running.log.read_text()
    mark.unlink()
    running.stop()
