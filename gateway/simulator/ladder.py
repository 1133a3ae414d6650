"""A resting book in whole ticks and steps, with its prices in order. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort


class Side:
    """Quantities by price of one side; ``prices`` ascends."""

    __slots__ = ("is_bid", "prices", "qty")

    def __init__(self, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.qty: dict[int, int] = {}
        self.prices: list[int] = []

    def __len__(self) -> int:
        return len(self.prices)

    @property
    def best(self) -> int:
        """Return the best price; the side must not be empty."""
        return self.prices[-1] if self.is_bid else self.prices[0]

    @property
    def worst(self) -> int:
        """Return the price farthest from the other side."""
        return self.prices[0] if self.is_bid else self.prices[-1]

    def nth(self, rank: int) -> int:
        """Return the price of a rank, 0 the best; the deepest if there are fewer."""
        rank = min(rank, len(self.prices) - 1)
        return self.prices[-1 - rank] if self.is_bid else self.prices[rank]

    def top(self, count: int) -> list[int]:
        """Return the best prices, best first."""
        return self.prices[: -count - 1 : -1] if self.is_bid else self.prices[:count]

    def set(self, price: int, qty: int) -> None:
        """Set the quantity at a price; 0 removes it."""
        if qty:
            if price not in self.qty:
                insort(self.prices, price)
            self.qty[price] = qty
        elif self.qty.pop(price, 0):
            del self.prices[bisect_left(self.prices, price)]
