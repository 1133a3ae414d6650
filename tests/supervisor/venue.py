"""A venue's REST in a few lines: exchangeInfo of each market, which tests change, and depth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.01"},
    {"filterType": "LOT_SIZE", "stepSize": "0.001"},
]
BEHAVIOURS = ("GOOD", "NOROOM", "CRASH", "NEVERREADY", "HANG", "STUBBORN")
SPOT = (*BEHAVIOURS, "BTCUSDT", "ETHUSDT", "DEAF", "DEADLY", "LARGE")


@dataclass
class Venue:
    """``listed``: market → symbol → status; ``asked``: paths with their query."""

    base: str = ""
    asked: list[str] = field(default_factory=list)
    listed: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            "spot": dict.fromkeys(SPOT, "TRADING"),
            "usdm": dict.fromkeys(("BTCUSDT", "ETHUSDT"), "TRADING"),
            "coinm": {},
        }
    )

    def answer(self, path: str) -> Any:
        market = path.split("/")[1]
        if "exchangeInfo" not in path:
            return {"lastUpdateId": 9, "bids": [], "asks": []}
        return {"symbols": [self.symbol(*each) for each in self.listed[market].items()]}

    def symbol(self, symbol: str, status: str) -> dict[str, Any]:
        return {"symbol": symbol, "status": status, "filters": FILTERS}


@contextmanager
def serve() -> Iterator[Venue]:
    """Serve a venue on a free port."""
    venue = Venue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            venue.asked.append(self.path)
            body = json.dumps(venue.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    venue.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield venue
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
