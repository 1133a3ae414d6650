"""The weight limit in an exchangeInfo."""

from __future__ import annotations

import pytest

from gateway.rest.limits import weight_per_minute

LIMIT = '{"rateLimitType":"%s","interval":"%s","intervalNum":%d,"limit":%d}'


def info(*limits: tuple[str, str, int, int]) -> bytes:
    told = ",".join(LIMIT % each for each in limits)
    return f'{{"timezone":"UTC","rateLimits":[{told}],"symbols":[{{"symbol":"A"}}]}}'.encode()


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ([("REQUEST_WEIGHT", "MINUTE", 1, 6000), ("RAW_REQUESTS", "MINUTE", 5, 300000)], 6000),
        ([("ORDERS", "MINUTE", 1, 1200)], None),
        ([("REQUEST_WEIGHT", "MINUTE", 5, 12000)], 2400),
        ([("REQUEST_WEIGHT", "MINUTE", 1, 2400), ("REQUEST_WEIGHT", "MINUTE", 1, 1200)], 1200),
        ([("REQUEST_WEIGHT", "MINUTE", 0, 2400), ("REQUEST_WEIGHT", "MINUTE", 1, 0)], None),
    ],
)
def test_request_weight_of_a_minute_is_read(
    limits: list[tuple[str, str, int, int]], found: int | None
) -> None:
    assert weight_per_minute(info(*limits)) == found


@pytest.mark.parametrize("body", [b"", b"[]", b'{"rateLimits":7}', b'{"symbols":[]}'])
def test_what_tells_no_limit_changes_nothing(body: bytes) -> None:
    assert weight_per_minute(body) is None
