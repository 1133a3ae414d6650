"""The control room: what tests ask of a running simulator, over the REST port below ``/sim``.

GET  /sim/status                                    what was sent and dropped, where it stands
GET  /sim/book?market=spot&symbol=BTCUSDT[&id=N]    the true book, now or at an update id
POST /sim/drop        {"stream": "spot:btcusdt@depth@100ms", "count": 1}
POST /sim/disconnect  {"stream": ..., "code": 1001}      all sockets, or those of a stream
POST /sim/pause       POST /sim/resume
"""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from gateway.simulator.faults import Drops
from gateway.simulator.hub import Hub
from gateway.simulator.names import Market, is_well_formed
from gateway.simulator.source import NoSnapshot, NoSuchSymbol, Source
from gateway.simulator.truth import UnknownUpdateId

GOING_AWAY = 1001


class ControlRoom:
    """Handlers of the control paths; Python callers may use the methods without underscore."""

    def __init__(self, source: Source, hub: Hub, drops: Drops) -> None:
        self._source = source
        self._hub = hub
        self._drops = drops

    def routes(self) -> list[web.RouteDef]:
        """Return the control paths, to be added to an application."""
        return [
            web.get("/sim/status", self._get_status),
            web.get("/sim/book", self._get_book),
            web.post("/sim/drop", self._post_drop),
            web.post("/sim/disconnect", self._post_disconnect),
            web.post("/sim/pause", self._post_pause),
            web.post("/sim/resume", self._post_resume),
        ]

    def status(self) -> dict[str, Any]:
        """Return what the simulator did: ``streams`` counts frames, one for each socket's copy."""
        body = self._source.status()
        sent, dropped = self._hub.sent, self._drops.dropped
        body["streams"] = {
            key: {"sent": sent[key], "dropped": dropped[key]}
            for key in sorted(sent.keys() | dropped.keys())
        }
        body["connections"] = len(self._hub.outlets)
        body["subscriptions"] = sorted(self._hub.keys)
        return body

    def drop(self, stream: str, count: int = 1) -> None:
        """Take the next ``count`` frames of a stream off the wire. Raises NoSuchSymbol."""
        self._source.arm_drop(stream, count)

    def disconnect(self, code: int = GOING_AWAY, stream: str | None = None) -> int:
        """Close all sockets, or those subscribed to ``stream``; return how many."""
        return self._hub.close_all(code, "disconnected by the control room", stream)

    async def _get_status(self, request: web.Request) -> web.Response:
        return _json(self.status())

    async def _get_book(self, request: web.Request) -> web.Response:
        query = request.query
        update_id = query.get("id")
        try:
            market, symbol = Market(query.get("market", "")), query["symbol"]
            wanted = None if update_id is None else int(update_id)
        except (KeyError, ValueError):
            return _problem(400, "ask as in /sim/book?market=spot&symbol=BTCUSDT&id=123")
        try:
            book = self._source.book_at(market, symbol, wanted)
        except (NoSnapshot, NoSuchSymbol, UnknownUpdateId) as exc:
            return _problem(404, str(exc))
        return _json({"updateId": book.update_id, "bids": book.bids, "asks": book.asks})

    async def _post_drop(self, request: web.Request) -> web.Response:
        body = await _body(request)
        stream, count = str(body.get("stream", "")), body.get("count", 1)
        if not _is_stream_key(stream) or not isinstance(count, int) or count < 1:
            return _problem(400, 'send {"stream": "spot:btcusdt@depth@100ms", "count": 1}')
        try:
            self.drop(stream, count)
        except NoSuchSymbol:
            return _problem(404, f"nothing is sent as {stream}")
        return _json({})

    async def _post_disconnect(self, request: web.Request) -> web.Response:
        body = await _body(request)
        code, stream = body.get("code", GOING_AWAY), body.get("stream")
        if code not in (1000, 1001, 1008, 1011, 1012, 1013):
            return _problem(400, f"{code} is not a close code that a server sends")
        return _json({"closed": self.disconnect(code, stream)})

    async def _post_pause(self, request: web.Request) -> web.Response:
        self._source.pause()
        return _json({})

    async def _post_resume(self, request: web.Request) -> web.Response:
        self._source.resume()
        return _json({})


def _is_stream_key(text: str) -> bool:
    market, colon, name = text.partition(":")
    return bool(colon) and market in list(Market) and is_well_formed(name)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _json(body: Any) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def _problem(status: int, text: str) -> web.Response:
    body = orjson.dumps({"error": text})
    return web.Response(body=body, status=status, content_type="application/json")
