"""Symbols that arrays have rows of, and that we do not carry: told once a minute. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

AGAIN_S = 60.0
KEPT_MAX = 1000  # symbols; what does not fit is told when there is room


@dataclass(slots=True)
class Strangers:
    """When each unknown symbol was told of last."""

    _told: dict[str, float] = field(default_factory=dict)

    def admit(self, symbol: str, now: float) -> bool:
        """Whether to tell of the symbol ("usdm:NEWUSDT") now."""
        if now - self._told.get(symbol, -AGAIN_S) < AGAIN_S:
            return False
        if symbol not in self._told and len(self._told) >= KEPT_MAX:
            self._told = {s: at for s, at in self._told.items() if now - at < AGAIN_S}
            if len(self._told) >= KEPT_MAX:
                return False
        self._told[symbol] = now
        return True
