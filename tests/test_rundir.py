"""The run directory and its locks, with real processes: a POSIX lock excludes only others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway import rundir
from gateway.errors import AlreadyRunning, RunDirError
from gateway.rundir import FileLock, RunDir, candidates, lock_owner

TAKE = """
import sys
from pathlib import Path
from gateway.errors import GatewayError
from gateway.rundir import {what}
try:
    held = {call}
except GatewayError as exc:
    print(exc.exit_code, exc, flush=True)
else:
    print("taken", flush=True)
    sys.stdin.readline()
    {after}
"""
TAKE_DIRECTORY = TAKE.format(
    what="RunDir", call="RunDir.take([Path(sys.argv[1])])", after="held.release()"
)
TAKE_LOCK = TAKE.format(what="FileLock", call="FileLock.acquire(Path(sys.argv[1]))", after="pass")


@contextmanager
def process(script: str, path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``script`` on ``path`` and yield it with its first line; it is killed at the end."""
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        yield child, child.stdout.readline().strip()
    finally:
        child.kill()
        child.communicate()


def test_second_start_names_the_pid_of_the_first(run_dir: Path) -> None:
    with process(TAKE_DIRECTORY, run_dir) as (first, said):
        assert said == "taken"
        with pytest.raises(AlreadyRunning) as caught:
            RunDir.take([run_dir])
        assert caught.value.pid == first.pid
        assert caught.value.exit_code == 75
        # A refused start must not have disturbed the first.
        with process(TAKE_DIRECTORY, run_dir) as (_, said):
            assert said.startswith(
                f"75 {run_dir}: a gateway is already running here, pid {first.pid};"
            )


def test_lock_of_a_killed_gateway_is_free(run_dir: Path) -> None:
    with process(TAKE_DIRECTORY, run_dir) as (first, said):
        assert said == "taken"
        first.kill()
        first.wait()
    assert (run_dir / "gateway.lock").exists()
    taken = RunDir.take([run_dir])
    assert (run_dir / "gateway.lock").read_text() == f"{os.getpid()}\n"
    taken.release()


def test_release_leaves_no_file(run_dir: Path) -> None:
    taken = RunDir.take([run_dir])
    for name in ("manifest.json", "shard-0.seg", "shard-0.pub", "shard-0.lock"):
        (run_dir / name).touch()
    taken.release()
    taken.release()
    assert list(run_dir.iterdir()) == []


def test_directory_made_here_is_removed_and_another_is_kept(run_dir: Path) -> None:
    made = run_dir / "gateway"
    taken = RunDir.take([made])
    assert made.stat().st_mode & 0o777 == 0o750
    taken.release()
    assert not made.exists()
    RunDir.take([run_dir]).release()
    assert run_dir.exists()


def test_foreign_files_are_kept(run_dir: Path) -> None:
    made = run_dir / "gateway"
    taken = RunDir.take([made])
    (made / "notes.txt").touch()
    taken.release()
    assert [path.name for path in made.iterdir()] == ["notes.txt"]


def test_lock_on_a_removed_file_is_not_taken_for_the_directory(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner before us unlinks the file after we opened it: we must lock the new one."""
    path = run_dir / "gateway.lock"
    opened: list[int] = []
    really_open = rundir._open_lock

    def open_then_lose_it(at: Path) -> int:
        descriptor = really_open(at)
        opened.append(os.fstat(descriptor).st_ino)
        if len(opened) == 1:
            at.unlink()
        return descriptor

    monkeypatch.setattr(rundir, "_open_lock", open_then_lose_it)
    lock = FileLock.acquire(path)
    assert len(opened) == 2
    assert path.stat().st_ino == os.fstat(lock.descriptor).st_ino
    monkeypatch.undo()
    with process(TAKE_LOCK, path) as (_, said):
        assert said.startswith("75 ")
    lock.release()


def test_lock_of_a_successor_is_not_removed_at_release(run_dir: Path) -> None:
    path = run_dir / "gateway.lock"
    lock = FileLock.acquire(path)
    path.unlink()
    path.write_text("of another\n")
    lock.release()
    assert path.read_text() == "of another\n"


def test_directory_that_vanishes_under_us_is_made_again(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway before us removes its directory between our look and our lock."""
    made = run_dir / "gateway"
    made.mkdir()
    really_open = rundir._open_lock

    def lose_the_directory(at: Path) -> int:
        monkeypatch.setattr(rundir, "_open_lock", really_open)
        made.rmdir()
        return really_open(at)

    monkeypatch.setattr(rundir, "_open_lock", lose_the_directory)
    RunDir.take([made]).release()
    assert not made.exists()


def test_leftovers_of_a_dead_gateway_are_removed(run_dir: Path) -> None:
    names = (
        "manifest.json", "manifest.json.77.tmp", "shard-0.seg", "shard-0.seg.123.tmp",
        "shard-0.pub", "shard-0.arrays.pub", "shard-0.lock", "shard-1.seg", "control.sock",
    )  # fmt: skip
    for name in names:
        (run_dir / name).write_text("x")
    taken = RunDir.take([run_dir])
    assert [path.name for path in run_dir.iterdir()] == ["gateway.lock"]
    taken.release()


def test_names_that_are_not_ours_are_kept(run_dir: Path) -> None:
    names = {
        "shard-notes.seg", "shard-0.seg.old", "shard-0.seg.tmp", "manifest.json.bak", "my.sock",
        "shard-.lock", "shard-0.pub.x", "notes.txt",
    }  # fmt: skip
    for name in names:
        (run_dir / name).touch()
    RunDir.take([run_dir]).release()
    assert {path.name for path in run_dir.iterdir()} == names
    for name in names:
        (run_dir / name).unlink()


def test_link_is_removed_and_what_it_leads_to_is_kept(run_dir: Path, tmp_path: Path) -> None:
    kept = tmp_path / "precious"
    kept.write_text("x")
    (run_dir / "shard-0.seg").symlink_to(kept)
    RunDir.take([run_dir]).release()
    assert list(run_dir.iterdir()) == []
    assert kept.read_text() == "x"


def test_directory_in_the_place_of_a_file_is_named(run_dir: Path) -> None:
    (run_dir / "shard-0.seg").mkdir()
    with pytest.raises(RunDirError, match=r"shard-0\.seg: is in the way .*; see what it is"):
        RunDir.take([run_dir])
    (run_dir / "shard-0.seg").rmdir()


HANGING = TAKE_LOCK.replace("sys.stdin.readline()", "__import__('time').sleep(600)")


def test_hung_shard_of_a_dead_gateway_is_killed(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is told by its lock and its command line; another program with the lock is not."""
    monkeypatch.setattr(rundir, "_ORPHAN_SECONDS", 0.1)
    child = subprocess.Popen(
        [sys.executable, "-c", HANGING, str(run_dir / "shard-0.lock"), "gateway.shard"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "taken\n"
    os.kill(child.pid, signal.SIGSTOP)
    RunDir.take([run_dir]).release()
    assert child.wait(30) == -signal.SIGKILL
    child.communicate()
    assert list(run_dir.iterdir()) == []


def test_shard_that_still_lives_keeps_its_files(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rundir, "_ORPHAN_SECONDS", 0.1)
    (run_dir / "shard-0.seg").touch()
    with process(TAKE_LOCK, run_dir / "shard-0.lock") as (orphan, said):
        assert said == "taken"
        assert lock_owner(run_dir / "shard-0.lock") == orphan.pid
        with pytest.raises(AlreadyRunning) as caught:
            RunDir.take([run_dir])
        assert caught.value.pid == orphan.pid
    assert (run_dir / "shard-0.seg").exists()
    assert lock_owner(run_dir / "shard-0.lock") is None
    RunDir.take([run_dir]).release()


def test_orphan_that_ends_is_waited_for(run_dir: Path) -> None:
    with process(TAKE_LOCK, run_dir / "shard-0.lock") as (orphan, said):
        assert said == "taken"
        script = f"import os, time; time.sleep(0.3); os.kill({orphan.pid}, 9)"
        killer = subprocess.Popen([sys.executable, "-c", script])
        RunDir.take([run_dir]).release()
        killer.wait()


def test_segments_in_the_making_are_removed_before_a_restart(run_dir: Path) -> None:
    taken = RunDir.take([run_dir])
    for name in ("shard-0.seg.5.tmp", "shard-0.seg", "shard-1.seg.5.tmp"):
        (run_dir / name).touch()
    taken.remove_unfinished(0)
    left = {path.name for path in run_dir.glob("shard-*")}
    assert left == {"shard-0.seg", "shard-1.seg.5.tmp"}
    taken.release()


def test_place_that_is_not_tmpfs_is_refused(tmp_path: Path) -> None:
    if rundir.filesystem_type(tmp_path) == rundir.TMPFS_MAGIC:
        pytest.skip("the temporary directory is on tmpfs here")
    with pytest.raises(RunDirError, match="is not on tmpfs; choose a directory below /dev/shm"):
        RunDir.take([tmp_path / "gateway"])
    assert not (tmp_path / "gateway").exists()


def test_path_too_long_for_a_socket_is_refused(run_dir: Path) -> None:
    with pytest.raises(RunDirError, match=r"is longer than 86 bytes, too long for a socket"):
        RunDir.take([run_dir / ("x" * 80)])


def test_directory_without_parent_is_refused(run_dir: Path) -> None:
    with pytest.raises(RunDirError, match="its parent directory does not exist; create that"):
        RunDir.take([run_dir / "a" / "b"])


def test_file_in_its_place_is_refused(run_dir: Path) -> None:
    (run_dir / "gateway").touch()
    with pytest.raises(RunDirError, match="is not a directory"):
        RunDir.take([run_dir / "gateway"])


def test_directory_that_others_may_write_is_refused(run_dir: Path) -> None:
    run_dir.chmod(0o777)
    with pytest.raises(RunDirError, match=r"belongs to uid .* with mode 777; use a"):
        RunDir.take([run_dir])


def test_directory_of_another_user_is_refused(run_dir: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    os.chown(run_dir, 65534, -1)
    with pytest.raises(RunDirError, match="belongs to uid 65534"):
        RunDir.take([run_dir])
    os.chown(run_dir, 0, -1)


def test_directory_that_is_not_writable_is_refused(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, so the kernel's answer is put in its mouth.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunDirError, match="is not writable; change its owner, or choose"):
        RunDir.take([run_dir])


def test_symbolic_link_for_a_lock_is_refused(run_dir: Path) -> None:
    with tempfile.NamedTemporaryFile() as target:
        (run_dir / "gateway.lock").symlink_to(target.name)
        with pytest.raises(RunDirError, match="cannot be used"):
            RunDir.take([run_dir])
        assert target.read() == b""
    (run_dir / "gateway.lock").unlink()


def test_too_little_room_names_both_figures(run_dir: Path) -> None:
    taken = RunDir.take([run_dir])
    taken.check_room(1 << 20)
    with pytest.raises(RunDirError, match=r"need 1099511627776\.0 MiB, [0-9.]+ MiB are free; enl"):
        taken.check_room(1 << 60)
    taken.release()


def test_search_takes_the_first_that_will_do(run_dir: Path, tmp_path: Path) -> None:
    taken = RunDir.take([run_dir / "no" / "where", run_dir / "gateway"])
    assert taken.path == run_dir / "gateway"
    taken.release()


def test_search_that_finds_nothing_lists_all_it_tried(run_dir: Path) -> None:
    with pytest.raises(RunDirError) as caught:
        RunDir.take([run_dir / "a" / "b", run_dir / ("x" * 80)])
    assert f"{run_dir}/a/b (its parent directory does not exist); " in str(caught.value)
    assert "xxx (is longer than" in str(caught.value)
    assert "none of these will do; name one on tmpfs with --run-dir" in str(caught.value)


def test_search_that_meets_a_running_gateway_does_not_go_on(run_dir: Path) -> None:
    """A default start must not quietly become a second gateway in the next place."""
    with process(TAKE_DIRECTORY, run_dir / "one") as (first, said):
        assert said == "taken"
        with pytest.raises(AlreadyRunning) as caught:
            RunDir.take([run_dir / "one", run_dir / "two"])
    assert caught.value.pid == first.pid
    assert not (run_dir / "two").exists()


@pytest.mark.parametrize(
    ("option", "environment", "places"),
    [
        ("/x/y", {"GATEWAY_RUN_DIR": "/z"}, ["/x/y"]),
        ("", {"GATEWAY_RUN_DIR": "/z", "XDG_RUNTIME_DIR": "/r"}, ["/z"]),
        (
            "",
            {"XDG_RUNTIME_DIR": "/r"},
            ["/run/binance-gateway", "/r/binance-gateway", "/dev/shm/binance-gateway-{uid}"],
        ),
        ("", {}, ["/run/binance-gateway", "/dev/shm/binance-gateway-{uid}"]),
    ],
)
def test_search_order(option: str, environment: dict[str, str], places: list[str]) -> None:
    expected = [Path(place.format(uid=os.geteuid())) for place in places]
    assert candidates(option, environment) == expected


def test_relative_directory_is_made_absolute() -> None:
    assert candidates("gw", {}) == [Path.cwd() / "gw"]
