"""Findings as lines, and as the object of ``--json``. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gateway.doctor.findings import Finding, Verdict, exit_code

WIDTH = 80
_NAME = 19
_INDENT = " " * (9 + _NAME)


def lines(finding: Finding, width: int = WIDTH) -> list[str]:
    """Return a finding in lines of at most ``width`` columns; a longer word stays whole."""
    head = f"{finding.verdict.value:<8} {finding.name:<{_NAME - 1}} "
    found = _wrapped(finding.seen, head, width)
    if finding.mend and finding.verdict is not Verdict.OK:
        found += _wrapped(finding.mend, f"{_INDENT}mend: ", width)
    return found


def _wrapped(text: str, head: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head.rstrip()]


def summary(findings: Sequence[Finding], seconds: float) -> str:
    """Return the last line."""
    counts = Counter(finding.verdict for finding in findings)
    told = ", ".join(f"{counts[each]} {each.value}" for each in Verdict if counts[each])
    return f"{len(findings)} checks in {seconds:.1f} s: {told}"


def as_object(findings: Sequence[Finding], seconds: float) -> dict[str, Any]:
    """Return everything for ``--json``; ``findings`` in the order of the checks."""
    rows = [
        {
            "name": each.name,
            "verdict": each.verdict.value,
            "seen": each.seen,
            "mend": each.mend,
            "code": each.code,
        }
        for each in findings
    ]
    return {"exit_code": exit_code(findings), "seconds": round(seconds, 3), "findings": rows}
