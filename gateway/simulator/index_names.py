"""The names of what has an index of its own: margin assets, and composite indices. Pure."""

from __future__ import annotations

from typing import Final

ASSETS: Final = ("ADAUSD", "BNBUSD", "BTCUSD", "ETHUSD", "USDCUSD", "USDTUSD", "XRPUSD")
# Symbols whose contracts follow an index of several assets, and some of those assets.
COMPOSITES: Final = {
    "DEFI": ("AAVE", "COMP", "CRV", "SUSHI", "UNI"),
    "BTCDOM": ("ADA", "BNB", "ETH", "SOL", "XRP"),
    "FOOTBALL": ("ACM", "BAR", "CHZ", "PSG"),
}


def is_composite(base: str) -> bool:
    """Say whether contracts on ``base`` follow a composite index."""
    return base in COMPOSITES
