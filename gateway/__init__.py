"""Binance market-data gateway: one process group holds the connections, everyone else reads."""

__version__ = "0.1.0"
