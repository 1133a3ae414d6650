"""The unit on a booted systemd: it starts, is read by its group alone, reloads, and never hangs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.systemd.machine import GATEWAY, PREFIX, CannotBoot, Machine, missing
from tests.waiting import wait_for

SIMULATOR = f"""
[Service]
ExecStart={GATEWAY} simulate --port 18480 --symbols spot:BTCUSDT
Environment=LD_LIBRARY_PATH=/opt/python/lib
"""
# The unit's own watchdog waits for 10 s, and its stop for another 10.
IMPATIENT = """
[Service]
Environment=LD_LIBRARY_PATH=/opt/python/lib
WatchdogSec=3s
TimeoutAbortSec=1s
"""
CONFIG = """
subscribe = ["spot:btcusdt@bookTicker", "spot:btcusdt@depth@100ms"]
[upstream]
ws = "ws://127.0.0.1:18480"
rest = "http://127.0.0.1:18481"
"""
READERS = """
u alice - "one of the readers"
u mallory - "a stranger"
m alice gwreaders
"""
BOOK = (GATEWAY, "book", "spot:BTCUSDT", "--json")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if why_not := missing():
        pytest.skip(f"THE UNIT WAS NOT BOOTED: {why_not}")
    root = tmp_path_factory.mktemp("systemd") / f"gw{os.getpid()}"
    drop_ins = root / "etc/systemd/system/binance-gateway.service.d"
    drop_ins.mkdir(parents=True)
    (drop_ins / "impatient.conf").write_text(IMPATIENT)
    files = {"etc/systemd/system/simulator.service": SIMULATOR,
             "etc/binance-gateway/gateway.toml": CONFIG,
             "etc/sysusers.d/readers.conf": READERS}  # fmt: skip
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    try:
        made = Machine(root)
    except CannotBoot as exc:
        pytest.skip(f"THE UNIT WAS NOT BOOTED: {exc}")
    # nspawn gives a machine another boot id than the kernel's, which a real boot never does: the
    # unit's own /proc would show one, its readers' the other.
    made.asked("umount", "/proc/sys/kernel/random/boot_id")
    made.asked("systemd-sysusers")
    made.asked("systemctl", "start", "simulator")
    yield made
    print(made.run("journalctl", "--no-pager", "-u", "binance-gateway", "-u", "simulator").stdout)
    made.close()


def users_of_processes(machine: Machine) -> set[str]:
    return set(machine.run("sh", "-c", "stat -c %U /proc/[0-9]*").stdout.split())


def wait_until_live(machine: Machine) -> None:
    wait_for(lambda: '"LIVE"' in machine.run(*BOOK, user="alice").stdout, "a LIVE book")


@pytest.mark.timeout(240)
def test_the_unit_from_its_start_to_its_end(machine: Machine) -> None:
    machine.asked("systemctl", "start", "binance-gateway")
    assert machine.shown("ActiveState") == "active"
    assert "1 of 1 shards" in machine.shown("StatusText")
    wait_until_live(machine)

    refused = machine.run(*BOOK, user="mallory")
    assert (refused.returncode, refused.stdout) == (69, ""), refused
    assert "Permission denied" in refused.stderr or "gwreaders" in refused.stderr
    assert "Traceback" not in refused.stderr

    assert "binance-gw" in users_of_processes(machine)
    before = machine.shown("MainPID")
    machine.asked("systemctl", "reload", "binance-gateway")
    assert (machine.shown("ActiveState"), machine.shown("MainPID")) == ("active", before)

    machine.asked("kill", "-STOP", before)
    wait_for(lambda: machine.shown("NRestarts") == "1", "a restart by the watchdog")
    wait_for(lambda: machine.shown("ActiveState") == "active", "the gateway to be back")
    assert machine.shown("MainPID") not in (before, "0")
    wait_until_live(machine)

    machine.asked("systemctl", "stop", "binance-gateway")
    assert machine.shown("Result") == "success"  # and not "timeout"
    assert "binance-gw" not in users_of_processes(machine)
    assert machine.run("ls", "/run/binance-gateway").returncode != 0


def test_the_unit_is_not_exposed(machine: Machine) -> None:
    line = machine.run("systemd-analyze", "security", "--threshold=20", "binance-gateway")
    assert line.returncode == 0, line.stdout[-200:]


def test_the_units_files_are_right(machine: Machine) -> None:
    path = "/etc/systemd/system/binance-gateway.service"
    said = machine.run("systemd-analyze", "verify", path)
    assert (said.returncode, said.stderr) == (0, ""), said.stderr
    assert machine.asked("stat", "-c", "%U:%G", f"{PREFIX}/bin/gateway") == "root:root"
