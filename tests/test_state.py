"""State files with real files and real processes: shared, whole, and never in the way."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from gateway import state
from gateway.state import StateFile, state_directory

ADD = """
import sys
from pathlib import Path
from tests.test_state import Counts, add
from gateway.state import StateFile
file = StateFile(Path(sys.argv[1]), "counts.json", Counts)
for _ in range(int(sys.argv[2])):
    file.update(add)
"""
HOLD = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""


class Counts(msgspec.Struct):
    total: int = 0


def add(content: Counts) -> int:
    content.total += 1
    return content.total


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"STATE_DIRECTORY": "/var/lib/gw", "HOME": "/h"}, "/var/lib/gw"),
        ({"STATE_DIRECTORY": "/var/lib/gw:/var/lib/more"}, "/var/lib/gw"),
        ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/binance-gateway"),
        ({"XDG_STATE_HOME": "s", "HOME": "/h"}, "/h/.local/state/binance-gateway"),
        ({"HOME": "/h"}, "/h/.local/state/binance-gateway"),
        ({}, None),
    ],
)
def test_folder_is_the_one_the_environment_names(
    environment: dict[str, str], folder: str | None
) -> None:
    assert state_directory(environment) == (Path(folder) if folder else None)


def test_content_survives_the_one_who_wrote_it(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    assert StateFile(folder, "counts.json", Counts).update(add) == 1
    assert StateFile(folder, "counts.json", Counts).update(add, is_durable=True) == 2
    assert json.loads((folder / "counts.json").read_text()) == {"total": 2}
    assert (folder / "counts.json").stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in folder.iterdir()) == ["counts.json", "counts.lock"]


def test_two_processes_at_once_lose_no_update(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ADD, str(tmp_path), "40"]
    children = [subprocess.Popen(command) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert StateFile(tmp_path, "counts.json", Counts).update(add) == 121


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"total": "x"}', b"[" * 100_000, b"\xff\xfe", b'{"total": 1e400}'],
    ids=["empty", "cut", "another type", "deep", "no UTF-8", "too large a number"],
)
def test_damaged_file_counts_as_empty_and_is_complained_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    (tmp_path / "counts.json").write_bytes(body)
    file = StateFile(tmp_path, "counts.json", Counts)
    assert file.update(add) == 1
    (tmp_path / "counts.json").write_bytes(body)
    assert file.update(add) == 1
    (said,) = warnings(caplog)
    assert said.startswith(f"{tmp_path}/counts.json: cannot be read (")
    assert said.endswith("); counted as empty")


def test_overlong_file_is_not_read_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "FILE_BYTES_MAX", 20)
    (tmp_path / "counts.json").write_text('{"total": 7}' + 20 * " ")
    assert StateFile(tmp_path, "counts.json", Counts).update(add) == 1
    assert "is longer than 20 bytes" in warnings(caplog)[0]


def test_folder_that_cannot_be_made_keeps_the_content_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    file = StateFile(tmp_path / "file" / "folder", "counts.json", Counts)
    assert [file.update(add) for _ in range(3)] == [1, 2, 3]
    (said,) = warnings(caplog)
    assert "cannot be used (Not a directory); kept in memory" in said


def test_disk_that_fills_up_applies_a_change_once_and_goes_on_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, body: bytes, is_durable: bool) -> None:
        raise OSError(28, "No space left on device")

    file = StateFile(tmp_path, "counts.json", Counts)
    file.update(add)
    monkeypatch.setattr(state, "_replace", full)
    assert [file.update(add) for _ in range(2)] == [2, 3]
    assert json.loads((tmp_path / "counts.json").read_text()) == {"total": 1}
    (said,) = warnings(caplog)
    assert "cannot be used (No space left on device)" in said


def test_file_that_works_again_is_used_again_with_what_was_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def together(content: Counts, kept: Counts) -> None:
        content.total += kept.total

    def full(path: Path, body: bytes, is_durable: bool) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "_AGAIN_SECONDS", 0.0)
    file = StateFile(tmp_path, "counts.json", Counts, together)
    with monkeypatch.context() as broken:
        broken.setattr(state, "_replace", full)
        assert file.update(add) == 1
        assert file.update(add) == 2  # tried again, in vain
    (tmp_path / "counts.json").write_text('{"total": 10}')
    assert file.update(add) == 13
    assert file.update(add) == 14
    assert json.loads((tmp_path / "counts.json").read_text()) == {"total": 14}
    assert len(warnings(caplog)) == 1


def test_process_that_never_lets_go_of_the_lock_does_not_stop_us(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_LOCK_SECONDS", 0.1)
    command = [sys.executable, "-c", HOLD, str(tmp_path / "counts.lock")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert StateFile(tmp_path, "counts.json", Counts).update(add) == 1
        child.kill()
    assert "another process locks it for over 0.1 s" in warnings(caplog)[0]


def test_symbolic_link_in_place_of_the_lock_is_not_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "counts.lock").symlink_to(tmp_path / "elsewhere")
    assert StateFile(tmp_path, "counts.json", Counts).update(add) == 1
    assert not os.path.lexists(tmp_path / "elsewhere")
    assert len(warnings(caplog)) == 1


def test_without_a_folder_all_stays_in_memory_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = StateFile(None, "counts.json", Counts)
    assert [file.update(add), file.update(add)] == [1, 2]
    assert warnings(caplog) == []
