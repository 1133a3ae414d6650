"""Checks at once, none of them beyond the deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from gateway.doctor.findings import Finding, Verdict, ok
from gateway.doctor.visit import findings_of


@pytest.mark.asyncio
async def test_check_that_hangs_is_told_and_the_others_are_not_held_up() -> None:
    async def hangs() -> Sequence[Finding]:
        await asyncio.Event().wait()
        return []

    async def works() -> Sequence[Finding]:
        return [ok("second", "a"), ok("third", "b")]

    checks = [("first", hangs), ("second", works)]
    found = [each async for each in findings_of(checks, time.monotonic() + 0.2)]
    assert [each.finding.name for each in found] == ["second", "third", "first"]
    assert [each.order for each in found] == [(1, 0), (1, 1), (0, 0)]
    assert (found[2].finding.verdict, found[2].finding.code) == (Verdict.BAD, 69)
