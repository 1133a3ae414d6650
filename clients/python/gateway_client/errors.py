"""What a client can raise. Market weather (a gap, a lap, a dead writer) is a state, never raised.

    ClientError               70
    ├── GatewayNotRunning     69  no gateway in any of the run directories tried
    ├── UnknownSymbol         67  this gateway does not carry the instrument
    ├── UnknownStream         67  this gateway does not carry the stream
    ├── NoLatestValue         67  the stream has events, but no latest value
    ├── RequestRefused     varies the gateway answered a request with an error
    ├── NoAnswer              69  the gateway takes no requests, or did not answer in time
    ├── SegmentUnusable       76  a segment file is half-made, damaged or of another version
    ├── ManifestUnusable      76  manifest.json cannot be read
    ├── AcceleratorMissing    70  no compiled accelerator, and plain Python would not be safe here
    └── DependencyMissing     70  numpy or pyzmq is needed for this call

Each class keeps its facts as attributes and builds one sentence from them, which names the thing
and ends with what to do. ``exit_code`` is what a command line should end with.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Sequence
from typing import ClassVar

HALF_MADE = -3  # GW_ERROR_HALF_MADE of the C header


class ClientError(Exception):
    """Root of everything this package raises on purpose."""

    exit_code: int = 70


class GatewayNotRunning(ClientError):
    """No gateway was found. ``tried`` has each place and what was wrong with it."""

    exit_code = 69

    def __init__(self, tried: Sequence[tuple[str, str]]) -> None:
        super().__init__(tried)
        self.tried = tuple(tried)

    def __str__(self) -> str:
        places = ", ".join(f"{place} ({why})" for place, why in self.tried)
        return (
            f"no gateway is running: looked in {places}; start one with 'gateway start', "
            "or name its run directory: Gateway(run_dir), --run-dir or GATEWAY_RUN_DIR"
        )


class _Unknown(ClientError):
    """``name`` is not carried here; ``matches`` are the nearest names that are."""

    exit_code = 67
    thing: ClassVar[str] = "name"
    remedy: ClassVar[str] = ""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known = tuple(known)

    @functools.cached_property
    def matches(self) -> tuple[str, ...]:
        """The nearest names, at most three. Looked for when asked: there may be thousands."""
        market = self.name.partition(":")[0].casefold()
        folded = {known.casefold(): known for known in self.known}
        same = [known for known in folded if known.partition(":")[0] == market]
        near = difflib.get_close_matches(self.name.casefold(), same or folded, n=3, cutoff=0.6)
        return tuple(folded[match] for match in near)

    def __str__(self) -> str:
        if self.matches:
            return f"{self.name}: no such {self.thing} here; did you mean {self._listed()}?"
        return f"{self.name}: no such {self.thing} here; {self.remedy}"

    def _listed(self) -> str:
        return " or ".join(self.matches)


class UnknownSymbol(_Unknown):
    """The gateway does not carry this instrument. Names look like ``spot:BTCUSDT``."""

    thing = "instrument"
    remedy = "gw.symbols() lists what there is, 'gateway subscribe' adds to it"


class UnknownStream(_Unknown):
    """The gateway does not carry this stream. Names look like ``spot:btcusdt@trade``."""

    thing = "stream"
    remedy = "gw.streams() lists what there is, 'gateway subscribe' adds to it"


class NoLatestValue(ClientError):
    """The stream ``name`` is carried, but has no latest value, for the reason ``why``."""

    exit_code = 67

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def __str__(self) -> str:
        return f"{self.name}: has no latest value, {self.why}; follow it with gw.subscribe()"


class RequestRefused(ClientError):
    """The gateway answered the request ``method`` with an error; ``code`` is its exit code."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(method, code, message)
        self.method = method
        self.code = self.exit_code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.method}: {self.message}"


class NoAnswer(ClientError):
    """The request ``method`` was not answered, for the reason ``why``."""

    exit_code = 69

    def __init__(self, method: str, why: str, remedy: str) -> None:
        super().__init__(method, why, remedy)
        self.method = method
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.method}: {self.why}; {self.remedy}"


class SegmentUnusable(ClientError):
    """The segment file ``path`` cannot be read; ``code`` is enum gw_error of the C header."""

    exit_code = 76

    def __init__(self, path: str, code: int, problem: str) -> None:
        super().__init__(path, code, problem)
        self.path = path
        self.code = code
        self.problem = problem

    def __str__(self) -> str:
        remedy = "restart the gateway, and use the client that came with its version"
        if self.code == HALF_MADE:
            remedy = "try again, and restart the gateway if it stays so"
        return f"{self.path}: {self.problem}; {remedy}"


class ManifestUnusable(ClientError):
    """The file ``path`` is not a manifest that this client understands."""

    exit_code = 76

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; restart the gateway that owns this directory"


class AcceleratorMissing(ClientError):
    """Plain Python gives no memory order on this ``machine``, and the accelerator is not built."""

    def __init__(self, machine: str, reason: str) -> None:
        super().__init__(machine, reason)
        self.machine = machine
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"gateway_client._accel cannot be imported ({self.reason}), and plain Python is safe "
            f"on x86-64 only, not on {self.machine}; install gateway-client where a C compiler is"
        )


class DependencyMissing(ClientError):
    """``call`` needs the package ``package``, which the extra ``extra`` installs."""

    def __init__(self, call: str, package: str, extra: str) -> None:
        super().__init__(call, package, extra)
        self.call = call
        self.package = package
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.call} needs {self.package}: pip install 'gateway-client[{self.extra}]'"
