"""A machine that boots the host's own systemd: systemd-nspawn with this host's /usr, read only.

It has a network of its own with nothing but loopback, an empty /etc and /var, and the gateway's
unit as ``systemd/README.md`` installs it. What runs in it is asked for from outside, by nsenter.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

PREFIX = "/opt/binance-gateway"  # as in the unit
GATEWAY = f"{PREFIX}/bin/gateway"
BOOT_S = 60.0
PLACES = (
    "usr", "etc/systemd/system", "etc/systemd/system-preset", "etc/sysusers.d",
    "etc/binance-gateway", "var", "run", "tmp", "proc", "sys", "dev", "root", "opt/python",
    "opt/site", "opt/source",
)  # fmt: skip


def missing() -> str:
    """Why no machine can be booted here; empty: it can."""
    if os.geteuid() != 0:
        return "booting a systemd takes root"
    if shutil.which("systemd-nspawn") is None or not Path("/usr/lib/systemd/systemd").exists():
        return "systemd-nspawn is not installed (apt-get install systemd systemd-container)"
    if not Path("/bin").is_symlink():
        return "this host's /bin is not in /usr"
    return ""


class CannotBoot(Exception):
    """This host lets nobody start a machine, as in most containers."""


class Machine:
    """A booted machine. Raises CannotBoot, or RuntimeError where it began and did not come up."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._console = root.with_suffix(".console")
        _furnish(root)
        packages = Path(next(path for path in sys.path if path.endswith("site-packages")))
        binds = {"/usr": "/usr", sys.base_prefix: "/opt/python", str(packages): "/opt/site",
                 str(ROOT): "/opt/source"}  # fmt: skip
        command = ["systemd-nspawn", "--quiet", f"--directory={root}", "--boot", "--register=no",
                   "--keep-unit", "--private-network", "--console=pipe", "--tmpfs=/var",
                   f"--machine={root.name}",
                   *(f"--bind-ro={host}:{here}" for host, here in binds.items()),
                   "systemd.unit=multi-user.target"]  # fmt: skip
        with self._console.open("wb") as console:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT
            )
        self._leader = 0
        try:
            self._leader = self._wait_for_leader()
            self._wait_until_up()
        except BaseException:
            self.close()
            raise

    def run(self, *command: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, as root or another user."""
        paths = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH=/opt/python/lib")
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        into = ["nsenter", f"--target={self._leader}", "--all", "--", "env", "-i", *paths]
        return subprocess.run(
            [*into, *become, *command], capture_output=True, text=True, timeout=60, check=False
        )

    def asked(self, *command: str) -> str:
        """Run a command that must succeed, and return what it said."""
        done = self.run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def shown(self, name: str, unit: str = "binance-gateway") -> str:
        """A property of a unit."""
        return self.asked("systemctl", "show", "-P", name, unit)

    def close(self) -> None:
        """Switch it off: with its first process everything in it ends."""
        if self._leader:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._leader, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait(30)

    def _wait_for_leader(self) -> int:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for _ in self._trying():
            with contextlib.suppress(OSError):
                for pid in children.read_text().split():
                    if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                        return int(pid)
        raise CannotBoot(f"systemd-nspawn starts nothing here: {self._said()}")

    def _wait_until_up(self) -> None:
        said = ""
        for _ in self._trying():
            said = self.run("systemctl", "is-system-running").stdout.strip()
            if said in ("running", "degraded"):
                return
        jobs = self.run("systemctl", "list-jobs", "--no-pager").stdout
        raise self._failed(f"systemd says {said or 'nothing'}, and waits for {jobs}")

    def _trying(self) -> Iterator[None]:
        until = time.monotonic() + BOOT_S
        while time.monotonic() < until and self._process.poll() is None:
            yield
            time.sleep(0.1)

    def _failed(self, why: str) -> RuntimeError:
        return RuntimeError(f"the machine did not boot: {why}\n{self._said()}")

    def _said(self) -> str:
        return self._console.read_text(errors="replace").strip()[-2000:]


def _furnish(root: Path) -> None:
    """The files that README.md beside the unit has installed, and an interpreter in PREFIX."""
    for place in PLACES:
        (root / place).mkdir(parents=True, exist_ok=True)
    for link in ("bin", "sbin", "lib", "lib64"):
        (root / link).symlink_to(f"usr/{link}")
    shutil.copy("/usr/lib/os-release", root / "etc/os-release")
    # An empty /etc is a first boot, at which systemd enables what it finds.
    (root / "etc/systemd/system-preset/00-none.preset").write_text("disable *\n")
    shutil.copy(ROOT / "systemd/binance-gateway.service", root / "etc/systemd/system")
    shutil.copy(ROOT / "systemd/sysusers.conf", root / "etc/sysusers.d/binance-gateway.conf")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = root / PREFIX[1:] / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    paths = ("/opt/site", "/opt/source", "/opt/source/clients/python")
    (packages / "gateway.pth").write_text("".join(f"{path}\n" for path in paths))
    (root / PREFIX[1:] / "pyvenv.cfg").write_text("home = /opt/python/bin\n")
    binaries = root / PREFIX[1:] / "bin"
    binaries.mkdir()
    (binaries / "python").symlink_to(f"/opt/python/bin/{version}")
    script = binaries / "gateway"
    main = "import sys\nfrom gateway.__main__ import main\nsys.exit(main())\n"
    script.write_text(f"#!{PREFIX}/bin/python\n{main}")
    script.chmod(0o755)
