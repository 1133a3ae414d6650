"""Passwords in addresses are taken out, and nothing else is."""

from __future__ import annotations

import pytest

from gateway.redaction import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:pass@host:1/x", "http://me:***@host:1/x"),
        ("socks5://token@host:1", "socks5://***@host:1"),
        ("http://me:p@ss:w0rd@host:1", "http://me:***@host:1"),
        ("http://:pass@host", "http://:***@host"),
        ("a http://a:b@c and wss://d:e@f/g", "a http://a:***@c and wss://d:***@f/g"),
        ("{'proxy': 'http://me:pass@h'}", "{'proxy': 'http://me:***@h'}"),
        ('{"url":"http://me:pass@h"}', '{"url":"http://me:***@h"}'),
        (
            "http://host:1/stream?streams=btcusdt@trade",
            "http://host:1/stream?streams=btcusdt@trade",
        ),
        ("wss://host/ws/btcusdt@trade", "wss://host/ws/btcusdt@trade"),
        ("spot:btcusdt@trade from ws://127.0.0.1:1", "spot:btcusdt@trade from ws://127.0.0.1:1"),
        ("", ""),
    ],
)
def test_password_is_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted(shown) == shown
