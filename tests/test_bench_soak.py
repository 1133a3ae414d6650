"""What the soak calls flat: its rule must find a leak, or it says nothing."""

from __future__ import annotations

import random

import pytest

from bench.bench_soak import Samples


def samples(grows_by: float, fds: tuple[int, int] = (30, 30)) -> Samples:
    """Ten minutes of 40 MiB that grow by so many KiB a minute, with an allocator's noise."""
    dice, found = random.Random(1), Samples()
    for second in range(600):
        found.seconds.append(second)
        found.private.append(40_960 + grows_by * second / 60 + dice.uniform(0, 200))
        found.shared.append(100_000)
        found.fds.append(fds[second >= 300] + (second % 7 == 0))
    return found


def test_noise_is_flat() -> None:
    assert samples(0).complaints() == []
    assert abs(samples(0).slope) < 10


@pytest.mark.parametrize("grows_by", [75, 150, 1500])
def test_a_leak_is_found(grows_by: float) -> None:
    found = samples(grows_by)
    assert found.slope == pytest.approx(grows_by, rel=0.1)
    (complaint,) = found.complaints()
    assert complaint.startswith(f"private memory grows by {found.slope:.0f} KiB a minute")
    assert found.complaints(is_young=True) == []


def stepped(at: int, kib: float) -> Samples:
    """Ten minutes with one step."""
    found = samples(0)
    found.private[at:] = [value + kib for value in found.private[at:]]
    return found


def test_what_is_kept_once_for_good_is_flat_afterwards() -> None:
    assert stepped(290, 4000).complaints() == []


@pytest.mark.parametrize("at", [350, 450, 550])
def test_a_step_in_the_second_half_is_found(at: int) -> None:
    assert stepped(at, 700).complaints()


def test_a_descriptor_that_is_never_closed_is_found() -> None:
    assert samples(0, (30, 31)).complaints() == ["descriptors grew from 31 to 32"]
    assert samples(0, (31, 30)).complaints() == []
