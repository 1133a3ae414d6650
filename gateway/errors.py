"""The error tree: one class for each documented exit code.

    GatewayError            70  something inside went wrong
    ├── UsageError           2  the command line, or the name of a stream or symbol
    ├── ConfigError         78  the configuration
    │   └── ConfigMissing   66  its file is not there or not readable
    ├── VenueError          69  the venue cannot be reached, or broke its word
    │   └── DecodeError     69  bytes of the venue that cannot be read
    ├── LayoutError         76  a segment that cannot be read
    ├── RunDirError         73  the run directory cannot be used
    ├── AlreadyRunning      75  another gateway owns the run directory
    ├── NotRunning          69  no gateway to read from
    ├── NotFound            67  no such symbol or stream in this gateway
    ├── ControlError        69  a running gateway refused a request (or the code it gave)
    ├── DataFileError       65  a data file with wrong content
    │   └── DataFileMissing 66  a data file that is not there or not readable
    ├── FileRefused         73  a file that is there already, or cannot be made
    ├── PortTaken           98  another process listens on the address
    └── ShardFailed         70  a shard never came up (or the code that it ended with)

Each class keeps its facts as attributes and builds its sentence from them. A sentence names the
thing first and ends with what to do. Only the command line turns these into exit codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

EXIT_CODES = {
    0: "ok",
    2: "bad command line, or a malformed stream or symbol name",
    65: "a data file is malformed or truncated",
    66: "a file is missing or not readable",
    67: "this gateway, or the venue, has no such symbol or stream",
    69: "no gateway is running, or it or the venue cannot be reached",
    70: "internal error",
    73: "the run directory or a file cannot be made, or a segment has no room",
    75: "another gateway owns the run directory",
    76: "a segment cannot be read (half-made, damaged or of another version)",
    78: "the configuration is wrong",
    98: "the address or port is taken",
    130: "interrupted with Ctrl-C before it was done",
}
INTERRUPTED = 130


class GatewayError(Exception):
    """Root of the tree. ``problem`` says what is wrong, ``remedy`` what to do about it."""

    exit_code: int = 70
    is_reported: bool = False  # another process has printed the sentence already

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def subject(self) -> str:
        """Return the name of the thing concerned; empty where ``problem`` names it."""
        return ""

    def __str__(self) -> str:
        subject = self.subject()
        sentence = f"{self.problem}; {self.remedy}"
        return f"{subject}: {sentence}" if subject else sentence


class UsageError(GatewayError):
    """``given`` (an option's value, a stream, a symbol) is not a thing we understand."""

    exit_code = 2

    def __init__(self, given: str, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.given = given

    def subject(self) -> str:
        return self.given


class ConfigError(GatewayError):
    """The file ``path``, or what stands at ``where`` in it, is not a usable configuration."""

    exit_code = 78

    def __init__(self, path: Path | str, problem: str, remedy: str, where: str = "") -> None:
        super().__init__(problem, remedy)
        self.path = str(path)
        self.where = where

    def subject(self) -> str:
        return f"{self.path}: {self.where}" if self.where else self.path


class ConfigMissing(ConfigError):
    """The configuration file ``path`` is not there or not readable."""

    exit_code = 66


class VenueError(GatewayError):
    """The venue at ``address`` cannot be reached or answered with something unusable."""

    exit_code = 69

    def __init__(self, address: str, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.address = address

    def subject(self) -> str:
        return self.address


class DecodeError(VenueError):
    """``length`` bytes of ``stream`` cannot be read from ``offset`` on.

    ``code``: SYNTAX TRUNCATED TYPE MISSING RANGE INEXACT MISMATCH NESTING UTF8.
    """

    def __init__(self, code: str, offset: int = 0, length: int = 0, stream: str = "") -> None:
        super().__init__(
            stream or "payload",
            f"{code} at byte {offset} of {length}",
            "the frame is counted as unreadable and its stream marked suspect",
        )
        self.code = code
        self.offset = offset
        self.length = length
        self.stream = stream


class LayoutError(GatewayError):
    """The segment file ``path`` is not one that this version can read."""

    exit_code = 76

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.path = str(path)

    def subject(self) -> str:
        return self.path


class RunDirError(GatewayError):
    """The run directory ``path`` cannot be used."""

    exit_code = 73

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.path = str(path)

    def subject(self) -> str:
        return self.path


class AlreadyRunning(GatewayError):
    """Process ``pid`` (0: in another pid namespace) owns the run directory ``path``."""

    exit_code = 75

    def __init__(self, path: Path | str, pid: int) -> None:
        owner = f"pid {pid}" if pid else "in another pid namespace"
        stop = f"stop it with 'kill {pid}'" if pid else "stop it there"
        super().__init__(
            f"a gateway is already running here, {owner}",
            f"{stop}, or choose another directory with --run-dir",
        )
        self.path = str(path)
        self.pid = pid

    def subject(self) -> str:
        return self.path


class NotRunning(GatewayError):
    """No gateway was found in any of the directories ``tried``."""

    exit_code = 69

    def __init__(self, tried: Sequence[Path | str]) -> None:
        places = ", ".join(str(path) for path in tried)
        super().__init__(
            f"no gateway is running (looked in {places})",
            "start one with 'gateway start', or name its directory with --run-dir",
        )
        self.tried = tuple(str(path) for path in tried)


class NotFound(GatewayError):
    """This gateway carries no ``name``; ``known`` lists what it carries."""

    exit_code = 67

    def __init__(self, name: str, known: Sequence[str]) -> None:
        shown = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
        super().__init__(
            "this gateway does not carry it",
            f"it has {shown or 'nothing yet'}; add it with 'gateway subscribe STREAM'",
        )
        self.name = name
        self.known = tuple(known)

    def subject(self) -> str:
        return self.name


class ControlError(GatewayError):
    """The gateway in ``run_dir`` did not do what it was asked at run time, and said ``code``."""

    def __init__(
        self,
        run_dir: Path | str,
        problem: str,
        remedy: str = "see the gateway's log",
        code: int = 69,
    ) -> None:
        super().__init__(problem, remedy)
        self.run_dir = str(run_dir)
        self.exit_code = code

    def subject(self) -> str:
        return self.run_dir


class DataFileError(GatewayError):
    """The data file ``path`` has wrong content."""

    exit_code = 65

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.path = str(path)

    def subject(self) -> str:
        return self.path


class DataFileMissing(DataFileError):
    """The data file ``path`` is not there or not readable."""

    exit_code = 66


class FileRefused(GatewayError):
    """The file ``path`` is there already, or cannot be made."""

    exit_code = 73

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.path = str(path)

    def subject(self) -> str:
        return self.path


class PortTaken(GatewayError):
    """Another process listens on ``host:port``."""

    exit_code = 98

    def __init__(
        self,
        host: str,
        port: int,
        remedy: str = "choose another with --port, or --port 0 for any free one",
    ) -> None:
        super().__init__("the address is taken by another process", remedy)
        self.host = host
        self.port = port

    def subject(self) -> str:
        return f"{self.host}:{self.port}"


class ShardFailed(GatewayError):
    """The shard ``shard_id`` ended with ``returncode`` (negative: a signal) before it was ready.

    If that is a documented code, the shard has said itself what is wrong: ours is then the same.
    """

    def __init__(self, shard_id: int, returncode: int) -> None:
        how = f"signal {-returncode}" if returncode < 0 else f"code {returncode}"
        problem = f"shard {shard_id} ended with {how} before it was ready"
        super().__init__(problem, "see its lines above")
        self.shard_id = shard_id
        self.returncode = returncode
        if returncode in EXIT_CODES and returncode not in (0, INTERRUPTED, self.exit_code):
            self.exit_code = returncode
            self.is_reported = True
