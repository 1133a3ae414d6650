"""What of a changed configuration needs a restart."""

from __future__ import annotations

import pytest

from gateway.config import Config, read
from gateway.supervisor.reload import needs_restart


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", []),
        ('subscribe = ["spot:btcusdt@trade"]', []),
        ("shards = 2", ["shards"]),
        ('run_dir = "/dev/shm/other"', ["run_dir"]),
        (
            "[memory]\nraw_ring_bytes = 65536\n[rest]\nweight_reserve = 0.5\ntimeout_seconds = 3",
            ["memory.raw_ring_bytes", "rest.timeout_seconds", "rest.weight_reserve"],
        ),
        (
            '[upstream.endpoints.spot]\nrest = ["https://a.example"]',
            ["upstream.endpoints.spot.rest"],
        ),
    ],
)
def test_every_key_but_the_subscriptions_needs_a_restart(text: str, keys: list[str]) -> None:
    assert needs_restart(Config(), read(text, "a.toml")) == keys
