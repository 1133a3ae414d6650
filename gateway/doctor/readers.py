"""Whether who asks can read the gateway that runs: directory, segments, quotes, sockets."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import socket
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.doctor.findings import Finding, bad, ok, skipped, warn
from gateway.doctor.place import Life, life_of
from gateway.errors import NotRunning, RunDirError
from gateway_client import ClientError, Gateway
from gateway_client.rundir import Manifest, read

ACCESS = "reading it"
SOCKETS = "its sockets"
_CONNECT_S = 2.0


@dataclass(frozen=True, slots=True)
class Door:
    """Whose a directory is, and who may enter."""

    path: str
    owner: str
    group: str
    mode: int

    def __str__(self) -> str:
        return f"{self.path} is {self.owner}:{self.group} {self.mode:04o}"


def examine_access(places: Sequence[Path]) -> list[Finding]:
    """Read as a consumer would: the first directory with a gateway."""
    lives = {path: life_of(path) for path in places}
    for path in (path for path, life in lives.items() if life is Life.GATEWAY):
        return _examine(path)
    for path in (path for path, life in lives.items() if life is Life.CLOSED):
        return [_closed(path), skipped(SOCKETS, "cannot be reached either")]
    why = "no gateway runs here"
    return [skipped(ACCESS, why, "gateway start"), skipped(SOCKETS, why)]


def _examine(path: Path) -> list[Finding]:
    try:
        manifest = read(path)
        seen = _read(path)
    except PermissionError:
        return [_closed(path), skipped(SOCKETS, "cannot be reached either")]
    except FileNotFoundError:
        why = f"{path} has no manifest yet: its gateway starts or stops"
        return [warn(ACCESS, why, "gateway doctor again, in a moment"), skipped(SOCKETS, why)]
    except (OSError, ClientError) as exc:
        code = getattr(exc, "exit_code", RunDirError.exit_code)
        return [bad(ACCESS, str(exc), "see the log of the gateway", code), skipped(SOCKETS, "")]
    return [ok(ACCESS, f"{seen}; {_door(path)}"), _sockets(manifest)]


def _read(path: Path) -> str:
    """Open every segment and read a value; return what was read."""
    with Gateway(path) as gateway:
        symbols = gateway.symbols()
        state = gateway.quote(symbols[0]).state.name if symbols else ""
        shards = len(gateway.status().shards)
    value = f", {symbols[0]} is {state}" if symbols else ""
    return f"{_number(shards, 'shard')}, {_number(len(symbols), 'instrument')}{value}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _sockets(manifest: Manifest) -> Finding:
    """Connect to each, and hang up: who may not enter is told by the kernel."""
    ends = [manifest.control, *(end for s in manifest.shards for end in (s.publisher, s.arrays))]
    paths = [end.removeprefix("ipc://") for end in ends if end.startswith("ipc://")]
    refused = []
    for path in paths:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
            end.settimeout(_CONNECT_S)
            try:
                end.connect(path)
            except OSError as exc:
                refused.append(f"{path}: {exc.strerror or exc}")
    if refused:
        mend = _join(_door(Path(manifest.run_dir)))
        return bad(SOCKETS, "; ".join(refused), mend, NotRunning.exit_code)
    return ok(SOCKETS, f"{len(paths)} accept connections (ZeroMQ, {_place(paths)})")


def _place(paths: Sequence[str]) -> str:
    return os.path.dirname(paths[0]) if paths else "nowhere"


def _closed(path: Path) -> Finding:
    door = _door(path)
    return bad(ACCESS, f"{_user()} may not: {door}", _join(door), RunDirError.exit_code)


def _door(path: Path) -> Door:
    try:
        found = path.stat()
    except OSError:
        return Door(str(path), "?", "?", 0)
    mode = stat.S_IMODE(found.st_mode)
    return Door(str(path), _user_name(found.st_uid), _group_name(found.st_gid), mode)


def _join(door: Door) -> str:
    """Say what opens a door: the group where it may read, else the owner has to let it in."""
    if door.group == "?":
        return f"ls -ld {door.path}; its parents have to be open too"
    wanted = stat.S_IRGRP | stat.S_IXGRP
    join = f"sudo usermod -aG {door.group} {_user()}, then log in anew"
    if door.mode & wanted == wanted and door.group != "root":
        return join
    return f"sudo chgrp GROUP {door.path}; sudo chmod 2750 {door.path} (systemd/README.md)"


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return getpass.getuser() if os.environ.get("USER") else f"uid {os.geteuid()}"


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
