"""What a check says. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Verdict(enum.Enum):
    """How it stands. WARN: a gateway works, but not as it should."""

    OK = "OK"
    WARN = "WARN"
    BAD = "BAD"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was ``seen``, and the command or key that mends it.

    ``code``: exit code of a BAD one, after its kind (``gateway.errors``).
    """

    name: str
    verdict: Verdict
    seen: str
    mend: str = ""
    code: int = 0


def ok(name: str, seen: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(name, Verdict.OK, seen)


def warn(name: str, seen: str, mend: str) -> Finding:
    """Return a finding of something that works, but not as it should."""
    return Finding(name, Verdict.WARN, seen, mend)


def bad(name: str, seen: str, mend: str, code: int) -> Finding:
    """Return a finding of something that does not work."""
    return Finding(name, Verdict.BAD, seen, mend, code)


def skipped(name: str, why: str, mend: str = "") -> Finding:
    """Return that this was not looked at."""
    return Finding(name, Verdict.SKIPPED, why, mend)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return the code of the first BAD one in the order of the checks; 0: there is none."""
    return next((each.code for each in findings if each.verdict is Verdict.BAD), 0)
