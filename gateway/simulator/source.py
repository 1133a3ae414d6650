"""What the server shells ask of the thing that makes the market: a replay or the generator."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from gateway.simulator.names import Market
from gateway.simulator.truth import TrueBook

ONBOARD_MS: Final = 1_569_398_400_000  # of what is listed from the start


class NoSuchSymbol(LookupError):
    """The source has no instrument of that name."""


class NoSnapshot(LookupError):
    """The source cannot tell the instrument's book: its capture has no snapshot, or a gap."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument as exchangeInfo lists it; tick and step as decimal texts."""

    market: Market
    symbol: str
    tick: str
    step: str
    price_decimals: int
    qty_decimals: int
    status: str = "TRADING"  # BREAK while halted
    onboard_ms: int = ONBOARD_MS

    @property
    def key(self) -> str:
        """Return our own id: ``spot:BTCUSDT``."""
        return f"{self.market}:{self.symbol}"


class Source(Protocol):
    """A market that goes on by itself while ``run`` runs, and can be asked at any time."""

    def instruments(self, market: Market) -> list[Instrument]:
        """Return what the market lists."""

    def depth(self, market: Market, symbol: str) -> TrueBook:
        """Return the true book now, for REST. Raises NoSuchSymbol, NoSnapshot."""

    def book_at(self, market: Market, symbol: str, update_id: int | None) -> TrueBook:
        """Return the true book at an update id, or now, for tests.

        Raises NoSuchSymbol, NoSnapshot, UnknownUpdateId.
        """

    def now_ms(self) -> int:
        """Return the venue's time."""

    def answering(self) -> AbstractContextManager[None]:
        """Hold while a REST depth answer is on its way."""

    def wake(self) -> None:
        """Look again: subscriptions changed, or a socket can be written to."""

    def pause(self) -> None:
        """Send nothing until ``resume``."""

    def resume(self) -> None:
        """Go on."""

    def arm_drop(self, stream: str, count: int) -> None:
        """Take the next ``count`` frames of a stream off the wire. Raises NoSuchSymbol."""

    def status(self) -> dict[str, Any]:
        """Return what the source did so far."""

    async def run(self) -> None:
        """Send what is subscribed, until cancelled or at an end."""


@runtime_checkable
class Registry(Protocol):
    """A source whose instruments come, stand still and go while it runs."""

    def list_symbol(self, market: Market, symbol: str) -> None:
        """Add an instrument; one that is there already stays as it is."""

    def halt(self, market: Market, symbol: str, is_halted: bool = True) -> None:
        """Stop an instrument's trading, or let it go on. Raises NoSuchSymbol."""

    def delist(self, market: Market, symbol: str) -> None:
        """Take an instrument away. Raises NoSuchSymbol."""


@runtime_checkable
class RetailBooks(Protocol):
    """A source that knows the USD-M books with the orders of retail price improvement in them."""

    def rpi_depth(self, market: Market, symbol: str) -> TrueBook:
        """Return the true book now, for REST. Raises NoSuchSymbol, NoSnapshot."""


@runtime_checkable
class PastBooks(Protocol):
    """A source that knows what its books were some time ago."""

    def depth_before(
        self, market: Market, symbol: str, age_s: float, *, is_rpi: bool = False
    ) -> TrueBook:
        """Return the true book of ``age_s`` seconds ago. Raises NoSuchSymbol, NoSnapshot."""


@runtime_checkable
class Renumbering(Protocol):
    """A source whose instruments can begin to number anew."""

    def restart_ids(self, market: Market, symbol: str) -> None:
        """Number updates and trades from lower ids on. Raises NoSuchSymbol, NoLowerIds."""
