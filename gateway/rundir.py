"""The run directory: where it is, whether it will do, who owns it.

    gateway.lock       the supervisor's POSIX lock: one gateway a directory
    shard-<k>.lock     the shard's: one writer a segment
    manifest.json      what runs here; readers start with it
    shard-<k>.seg      segment          shard-<k>.seg.<generation>.tmp   segment being built
    shard-<k>.pub      ZeroMQ publisher (ipc)             shard-<k>.arrays.pub   of whole arrays
    control.sock       ZeroMQ ROUTER (ipc): subscriptions at run time

The directory is on tmpfs, ours, not writable by others, created 0750 where missing and removed at
the end if we made it. A POSIX lock dies with its process, so what is left over is told from what
runs by asking the kernel, never by age or pid. Never open a lock file twice in one process: closing
the second descriptor would drop the lock of the first.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import logging
import os
import re
import signal
import stat
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.errors import AlreadyRunning, RunDirError

log = logging.getLogger("gateway")

LOCK_NAME: Final = "gateway.lock"
MANIFEST_NAME: Final = "manifest.json"
TMPFS_MAGIC: Final = 0x01021994  # statfs(2), f_type
IPC_PATH_BYTES_MAX: Final = 107  # sockaddr_un
CONTROL_NAME: Final = "control.sock"
_LONGEST_NAME = "shard-999.arrays.pub"
_LEFTOVERS: Final = re.compile(
    r"manifest\.json(\.\d+\.tmp)?|control\.sock|shard-\d+\.(seg(\.\d+\.tmp)?|(arrays\.)?pub)"
)
_LOCKS: Final = re.compile(r"shard-\d+\.lock")
_SHARD_MODULE: Final = b"gateway.shard"  # in the command line of every shard
_LOCK_TRIES = 100
_ORPHAN_SECONDS = 3.0  # shards end within 2 s of their supervisor
_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux: type, whence, start, len, pid

_libc = ctypes.CDLL(None, use_errno=True)


def candidates(option: str = "", environment: Mapping[str, str] | None = None) -> list[Path]:
    """Return the directories to look in, first one first. A named one is the only one."""
    environment = os.environ if environment is None else environment
    named = option or environment.get("GATEWAY_RUN_DIR", "")
    if named:
        return [Path(named).absolute()]
    places = [Path("/run/binance-gateway")]
    if environment.get("XDG_RUNTIME_DIR"):
        places.append(Path(environment["XDG_RUNTIME_DIR"]) / "binance-gateway")
    return [*places, Path(f"/dev/shm/binance-gateway-{os.geteuid()}")]


def filesystem_type(path: Path) -> int:
    """Return f_type of the file system that holds ``path`` (statfs(2)); raises OSError."""
    buffer = ctypes.create_string_buffer(256)
    if _libc.statfs(os.fsencode(path), buffer) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(path))
    return int.from_bytes(buffer.raw[:8], "little")  # a long, first in struct statfs


@dataclass(slots=True)
class FileLock:
    """A held POSIX lock on ``path``; dropped by ``release`` or the end of the process."""

    path: Path
    descriptor: int

    @classmethod
    def acquire(cls, path: Path) -> FileLock:
        """Lock ``path``, making it 0640 where missing.

        Raises AlreadyRunning with the owner's pid, RunDirError, or FileNotFoundError where the
        directory is gone.
        """
        for _ in range(_LOCK_TRIES):
            descriptor = _open_lock(path)
            if not _try_lock(descriptor):
                owner = _owner(descriptor)
                os.close(descriptor)
                if owner is None:
                    continue  # it ended in between
                raise AlreadyRunning(path.parent, owner)
            # The owner before us may have removed the file after we opened it: a lock on a file
            # that nobody finds any more excludes nobody.
            if _is_at(descriptor, path):
                _write_pid(descriptor)
                return cls(path, descriptor)
            os.close(descriptor)
        raise RunDirError(path, "is replaced again and again", "see which program removes it")

    def release(self) -> None:
        """Remove the file, then drop the lock."""
        # SYNC POINT: unlinked while locked, so whoever opened it before finds another inode.
        if self.descriptor < 0:
            return
        if _is_at(self.descriptor, self.path):
            self.path.unlink(missing_ok=True)
        os.close(self.descriptor)
        self.descriptor = -1


def lock_owner(path: Path) -> int | None:
    """Return the pid that holds the lock on ``path`` (0: in another pid namespace), else None.

    Not to be called by the process that holds it (see the module's docstring).
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise _os_error(path, exc) from exc
    try:
        return _owner(descriptor)
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o640)
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise _os_error(path, exc) from exc


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        if exc.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise
    return True


def _owner(descriptor: int) -> int | None:
    ask = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, ask))
    return None if kind == fcntl.F_UNLCK else pid


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _write_pid(descriptor: int) -> None:
    # For people; programs ask the kernel who holds the lock. A full tmpfs is reported later, by
    # what really needs the room.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


class RunDir:
    """A run directory that this process owns. Made by ``take``; ``release`` leaves nothing."""

    def __init__(self, path: Path, lock: FileLock, made_here: bool) -> None:
        self.path = path
        self.lock = lock
        self.made_here = made_here

    @classmethod
    def take(cls, places: list[Path]) -> RunDir:
        """Own the first of ``places`` that will do; raises RunDirError or AlreadyRunning."""
        refused = []
        for path in places:
            try:
                return cls._take(path)
            except RunDirError as exc:
                refused.append(exc)
        if len(refused) == 1:
            raise refused[0]
        listed = "; ".join(f"{exc.path} ({exc.problem})" for exc in refused)
        raise RunDirError(listed, "none of these will do", "name one on tmpfs with --run-dir")

    @classmethod
    def _take(cls, path: Path) -> RunDir:
        for _ in range(_LOCK_TRIES):
            made_here = prepare(path)
            try:
                return cls._own(path, made_here)
            except FileNotFoundError:
                continue  # the gateway before us removed the directory just now
        raise RunDirError(path, "is removed again and again", "see which program removes it")

    @classmethod
    def _own(cls, path: Path, made_here: bool) -> RunDir:
        owned = cls(path, FileLock.acquire(path / LOCK_NAME), made_here)
        try:
            owned.remove_leftovers()
        except BaseException:
            owned.release()
            raise
        return owned

    def free_bytes(self) -> int:
        """Return what may still be stored here."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def check_room(self, needed: int) -> None:
        """Raise RunDirError unless ``needed`` bytes are free."""
        free = self.free_bytes()
        if free < needed:
            raise RunDirError(
                self.path,
                f"the segments need {needed / 2**20:.1f} MiB, {free / 2**20:.1f} MiB are free",
                "enlarge the tmpfs (mount -o remount,size=…), or make the rings smaller "
                "([memory] in the configuration)",
            )

    def remove_leftovers(self) -> None:
        """Remove what a dead gateway left; raises AlreadyRunning if a shard of it still lives."""
        for lock in sorted(self.path.glob("shard-*.lock")):
            _wait_for_end(lock)
        _remove(self.path, _LEFTOVERS)
        _remove(self.path, _LOCKS)  # last: while one is there, its shard may be asked for

    def remove_unfinished(self, shard_id: int) -> None:
        """Remove segments that a shard was building when it died. It must not run."""
        _remove(self.path, re.compile(rf"shard-{shard_id}\.seg\.\d+\.tmp"))

    def release(self) -> None:
        """Remove what is left and the directory if we made it, then let others have it."""
        if self.lock.descriptor < 0:
            return
        self.remove_leftovers()
        self.lock.release()
        if self.made_here:
            _remove_directory(self.path)


def prepare(path: Path) -> bool:
    """Make ``path`` fit for a gateway; return whether it was made here. Raises RunDirError."""
    _check_length(path)
    try:
        _check_tmpfs(path if path.exists() else path.parent, path)
        made_here = _make(path)
        _check_owner(path)
    except OSError as exc:
        raise _os_error(path, exc) from exc
    return made_here


def examine(path: Path) -> None:
    """Raise RunDirError where ``prepare`` would, and make nothing."""
    _check_length(path)
    try:
        place = path if path.exists() else path.parent
        _check_tmpfs(place, path)
        if place == path:
            _check_owner(path)
        elif not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as exc:
        raise _os_error(path, exc) from exc


def _check_length(path: Path) -> None:
    if len(os.fsencode(path / _LONGEST_NAME)) > IPC_PATH_BYTES_MAX:
        most = IPC_PATH_BYTES_MAX - len(_LONGEST_NAME) - 1
        raise RunDirError(
            path, f"is longer than {most} bytes, too long for a socket", "choose a shorter path"
        )


def _make(path: Path) -> bool:
    try:
        path.mkdir(mode=0o750)
    except FileExistsError:
        return False
    return True


def _check_tmpfs(place: Path, path: Path) -> None:
    if filesystem_type(place) != TMPFS_MAGIC:
        # Write-back of other file systems stalls the stores of a mapped segment.
        raise RunDirError(path, "is not on tmpfs", "choose a directory below /dev/shm or /run")


def _check_owner(path: Path) -> None:
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise RunDirError(path, "is not a directory", "choose another with --run-dir")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise RunDirError(path, "is not writable", "change its owner, or choose another directory")
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_IWOTH:
        # Whoever may put files there could hand readers a forged segment.
        raise RunDirError(
            path,
            f"belongs to uid {found.st_uid} with mode {stat.S_IMODE(found.st_mode):o}",
            "use a directory that is yours and not writable by others",
        )


def _wait_for_end(lock: Path) -> None:
    until, was_killed = time.monotonic() + _ORPHAN_SECONDS, False
    while (owner := lock_owner(lock)) is not None:
        if time.monotonic() > until:
            if was_killed or not _end_orphan(lock, owner):
                raise AlreadyRunning(lock.parent, owner)
            until, was_killed = time.monotonic() + _ORPHAN_SECONDS, True
        time.sleep(0.02)


def _end_orphan(lock: Path, pid: int) -> bool:
    """Kill a shard that hangs, so that it did not notice its supervisor's death.

    We own the directory, so its supervisor is dead. False: it is not certain that it is a shard.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        # Asked again while the descriptor pins the process: a recycled pid is never hit.
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if lock_owner(lock) != pid or _SHARD_MODULE not in command:
            return False
        log.warning("%s: killing shard %d, which hangs: its supervisor is dead", lock.parent, pid)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(directory: Path, names: re.Pattern[str]) -> None:
    """Remove what is ours by its name, and nothing else; raises RunDirError where it cannot be."""
    with os.scandir(directory) as entries:
        found = [entry.path for entry in entries if names.fullmatch(entry.name)]
    for path in found:
        try:
            Path(path).unlink(missing_ok=True)
        except OSError as exc:  # a directory in its place, which we did not make
            problem = f"is in the way and cannot be removed ({exc.strerror})"
            raise RunDirError(path, problem, "see what it is, and remove it") from exc


def _remove_directory(path: Path) -> None:
    try:
        path.rmdir()
    except OSError as exc:
        if exc.errno not in (errno.ENOTEMPTY, errno.ENOENT):
            raise


def _os_error(path: Path, exc: OSError) -> RunDirError:
    reason = exc.strerror or str(exc)
    if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return RunDirError(path, f"is not writable ({reason})", "choose another with --run-dir")
    if exc.errno == errno.ENOENT:
        return RunDirError(path, "its parent directory does not exist", "create that first")
    return RunDirError(path, f"cannot be used ({reason})", "choose another with --run-dir")
