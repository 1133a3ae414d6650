"""What outlives a gateway: small JSON files that all gateways of a user share.

They lie in $STATE_DIRECTORY (systemd sets it), else $XDG_STATE_HOME/binance-gateway, else
~/.local/state/binance-gateway. A file is changed whole, under a lock, and replaced atomically, so a
reader sees the old one or the new one. One that cannot be read counts as empty. Where nothing can
be written the content lives in this process alone: a warning says so once. Where it is known how to
put the two together, the file is tried again now and then: a disk is full for a while only, and a
process that was stopped with the lock in its hand goes on.

``update`` blocks, at most about a second: call it in a thread.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

log = logging.getLogger("gateway.state")

FOLDER: Final = "binance-gateway"
FILE_BYTES_MAX: Final = 16 << 20
_LOCK_SECONDS = 1.0  # another holds it for a few ms, unless it was stopped meanwhile
_LOCK_PAUSE_SECONDS = 0.01
_AGAIN_SECONDS = 30.0  # from a failure to the next attempt

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")


def state_directory(environment: Mapping[str, str] | None = None) -> Path | None:
    """Return the folder for state; None where the environment names none and has no home."""
    environment = os.environ if environment is None else environment
    given = environment.get("STATE_DIRECTORY", "").partition(":")[0]  # systemd may list several
    if given:
        return Path(given).absolute()
    base = environment.get("XDG_STATE_HOME", "")
    if base and os.path.isabs(base):  # a relative one is to be ignored (XDG base directories)
        return Path(base) / FOLDER
    home = environment.get("HOME", "")
    return Path(home).absolute() / ".local" / "state" / FOLDER if home else None


class StateFile(Generic[T]):
    """One JSON file of the struct ``kind``, whose defaults are the empty content.

    ``directory`` None keeps it in memory, without a word. ``join`` adds to a file's content what
    was kept in memory meanwhile; without it the content stays there once the file has failed.
    """

    def __init__(
        self,
        directory: Path | None,
        name: str,
        kind: type[T],
        join: Callable[[T, T], None] | None = None,
    ) -> None:
        self.path = directory / name if directory is not None else None
        self._named = self.path
        self._join = join
        self._again_at = float("inf")
        self._has_warned = False
        self._kind = kind
        self._content = kind()
        # Not in ``update``: two threads that meet a type for the first time crash msgspec 0.22.
        self._reader = msgspec.json.Decoder(kind)
        self._turn = threading.Lock()
        self._has_complained = False

    def update(self, change: Callable[[T], R], *, is_durable: bool = False) -> R:
        """Apply ``change`` to the content as it is now, keep the result; return what it returns.

        ``is_durable``: it survives a power cut too, which costs a wait for the disk.
        """
        with self._turn, contextlib.ExitStack() as lock:
            is_back = self._tries_again()
            with self._or_in_memory() as path:
                if path is not None:
                    lock.enter_context(_locked(path.with_suffix(".lock")))
                    found_there = self._read(path)
                    if is_back and self._join is not None:
                        self._join(found_there, self._content)
                    self._content = found_there
            found = change(self._content)
            with self._or_in_memory() as path:
                if path is not None:
                    _replace(path, msgspec.json.encode(self._content), is_durable)
            return found

    def read(self) -> T:
        """Return the content as it is now, without a lock and without making any file."""
        if self.path is None:
            return self._content
        try:
            return self._read(self.path)
        except OSError as exc:
            log.warning("%s: cannot be read (%s); counted as empty", self.path, exc.strerror or exc)
            return self._kind()

    @property
    def may_block(self) -> bool:
        """Whether ``update`` may wait for a file."""
        return self._named is not None

    def _tries_again(self) -> bool:
        """Whether the file, which failed, is to be used again."""
        if self.path is not None or time.monotonic() < self._again_at:
            return False
        self.path, self._again_at = self._named, float("inf")
        return True

    @contextlib.contextmanager
    def _or_in_memory(self) -> Iterator[Path | None]:
        """Give the path, or None once the content lives in memory, as after an OSError in here."""
        try:
            yield self.path
        except OSError as exc:
            text = (
                "%s: cannot be used (%s); kept in memory, so that other gateways and the next "
                "start do not know it"
            )
            if not self._has_warned:
                log.warning(text, self.path, exc.strerror or exc)
            self._has_warned = True
            self.path = None
            if self._join is not None:
                self._again_at = time.monotonic() + _AGAIN_SECONDS

    def _read(self, path: Path) -> T:
        try:
            with path.open("rb") as file:
                body = file.read(FILE_BYTES_MAX + 1)
        except FileNotFoundError:
            return self._kind()
        try:
            if len(body) > FILE_BYTES_MAX:
                raise ValueError(f"is longer than {FILE_BYTES_MAX} bytes")
            return self._reader.decode(body)
        except (ValueError, RecursionError) as exc:  # msgspec's errors are ValueErrors
            if not self._has_complained:
                self._has_complained = True
                log.warning("%s: cannot be read (%s); counted as empty", path, exc)
            return self._kind()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``, which stays: whoever removed it would let two in at once."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o640)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            # flock, not lockf: a POSIX lock would not part two users of the file in one process.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                problem = f"another process locks it for over {_LOCK_SECONDS:g} s"
                raise TimeoutError(errno.ETIMEDOUT, problem) from None
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return


def _replace(path: Path, body: bytes, is_durable: bool) -> None:
    temporary = path.with_suffix(".tmp")  # one writer: we hold the lock
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(temporary, flags, 0o640), "wb") as file:
        file.write(body)
        if is_durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)
