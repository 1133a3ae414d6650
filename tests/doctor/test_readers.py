"""Who may read a gateway, as the kernel sees it; what dead and second ones look like."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.doctor import place, readers, secrets
from gateway.doctor.findings import Finding, Verdict
from tests.integration.running import Service, Simulator

STREAM = "spot:btcusdt@bookTicker"
NOBODY = 65_534
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask as another user")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as made:
        yield made


def as_nobody(look: Callable[[], list[Finding]]) -> list[Finding]:
    """Return what ``look`` finds as another user, without groups."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writing, pickle.dumps(look()))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found: list[Finding] = pickle.loads(pipe.read())
    os.waitpid(child, 0)
    return found


@contextmanager
def owner_of(path: Path) -> Iterator[None]:
    """Another process that owns a run directory."""
    code = (
        "import sys,pathlib; from gateway.rundir import FileLock; "
        "FileLock.acquire(pathlib.Path(sys.argv[1])/'gateway.lock'); print(flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


@is_root
def test_who_may_not_read_is_told_whom_to_ask(run_dir: Path, simulator: Simulator) -> None:
    with Service(run_dir, simulator, [STREAM]) as service:
        service.gateway.quote("spot:BTCUSDT")
        mine = readers.examine_access([run_dir])
        assert [each.verdict for each in mine] == [Verdict.OK, Verdict.OK], mine
        assert "1 shard, 1 instrument, spot:BTCUSDT is" in mine[0].seen

        run_dir.chmod(0o750)
        stranger = as_nobody(lambda: readers.examine_access([run_dir]))
        assert (stranger[0].verdict, stranger[0].code) == (Verdict.BAD, 73)
        assert "root:root 0750" in stranger[0].seen
        assert "chgrp" in stranger[0].mend, "nobody is to join root's group"

        os.chown(run_dir, -1, 4)
        stranger = as_nobody(lambda: readers.examine_access([run_dir]))
        assert stranger[0].mend.startswith("sudo usermod -aG adm nobody")

        for path in (run_dir, *run_dir.iterdir()):
            os.chown(path, -1, NOBODY)
        member = as_nobody(lambda: readers.examine_access([run_dir]))
        assert member[0].verdict is Verdict.OK, member
        assert place.examine_gateways([run_dir]).seen == f"one, in {run_dir}"

        (run_dir / "shard-0.pub").chmod(0o600)
        half = as_nobody(lambda: readers.examine_access([run_dir]))
        assert half[0].verdict is Verdict.OK, half
        assert (half[1].verdict, half[1].code) == (Verdict.BAD, 69)
        assert "shard-0.pub: Permission denied" in half[1].seen

        (run_dir / "shard-0.seg").chmod(0o600)
        half = as_nobody(lambda: readers.examine_access([run_dir]))
        assert half[0].verdict is Verdict.BAD, half


def test_dead_gateway_is_told_from_none(run_dir: Path) -> None:
    assert place.examine_gateways([run_dir]).verdict is Verdict.SKIPPED
    (run_dir / "manifest.json").write_text("{}")
    (run_dir / "shard-0.seg").write_bytes(bytes(1 << 20))
    found = place.examine_gateways([run_dir])
    assert found.verdict is Verdict.WARN
    assert "left 2 files, 1.0 MiB" in found.seen
    assert [each.verdict for each in readers.examine_access([run_dir])] == [Verdict.SKIPPED] * 2
    assert sorted(path.name for path in run_dir.iterdir()) == ["manifest.json", "shard-0.seg"]


def test_second_gateway_is_named(run_dir: Path) -> None:
    places = [run_dir / "a", run_dir / "b"]
    for path in places:
        path.mkdir()
    with owner_of(places[0]):
        assert place.examine_gateways(places).verdict is Verdict.OK
        with owner_of(places[1]):
            found = place.examine_gateways(places)
    assert found.verdict is Verdict.WARN
    assert f"readers take {places[0]}, not {places[1]}" in found.seen


def test_damaged_manifest_is_bad(run_dir: Path) -> None:
    (run_dir / "manifest.json").write_text("{")
    with owner_of(run_dir):
        found = readers.examine_access([run_dir])
    assert (found[0].verdict, found[0].code) == (Verdict.BAD, 76)


def test_open_credentials_are_named(tmp_path: Path) -> None:
    assert secrets.examine({}) == []
    assert secrets.examine({"CREDENTIALS_DIRECTORY": str(tmp_path / "none")}) == []
    key = tmp_path / "key"
    key.write_text("x")
    key.chmod(0o600)
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert [each.verdict for each in secrets.examine(environment)] == [Verdict.OK]
    key.chmod(0o640)
    (found,) = secrets.examine(environment)
    assert (found.verdict, found.mend) == (Verdict.BAD, f"chmod 0600 {key}")
