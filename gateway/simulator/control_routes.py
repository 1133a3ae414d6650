"""The control room over HTTP, on the REST port below ``/sim``.

    GET  /sim/status                                    what was sent and broken, who is connected
    GET  /sim/book?market=spot&symbol=BTCUSDT[&id=N]    the true book, now or at an update id
    POST /sim/ORDER                                     an order of ``orders``, as JSON

An answer is one line of JSON. What cannot be done is answered 400 (not an order), 404 (no such
call, connection, stream or symbol) or 501 (not with this source) with ``{"error": "…"}``.
"""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from gateway.errors import GatewayError
from gateway.simulator.control import CannotDo, ControlRoom, NoSuchThing
from gateway.simulator.names import Market
from gateway.simulator.orders import ORDERS, BadOrder, read_order
from gateway.simulator.rest import Handler
from gateway.simulator.source import NoSnapshot, NoSuchSymbol
from gateway.simulator.truth import UnknownUpdateId


def control_routes(room: ControlRoom) -> list[web.RouteDef]:
    """Return the control paths, to be added to an application."""

    async def status(request: web.Request) -> web.StreamResponse:
        return _json(room.status())

    async def book(request: web.Request) -> web.StreamResponse:
        return _book(room, request)

    orders = [web.post(f"/sim/{name}", _order(room, name)) for name in ORDERS]
    return [
        web.get("/sim/status", status),
        web.get("/sim/book", book),
        *orders,
        web.route("*", "/sim{rest:(/.*)?}", _unknown),
    ]


def _order(room: ControlRoom, name: str) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return _json(await room.obey(read_order(name, await request.read())))
        except BadOrder as exc:
            return _problem(400, str(exc))
        except NoSuchThing as exc:
            return _problem(404, f"{name}: {exc}")
        except NoSuchSymbol as exc:
            return _problem(404, f"{name}: the market has no {exc}")
        except CannotDo as exc:
            return _problem(501, f"{name}: {exc}")
        except GatewayError as exc:
            return _problem(400, f"{name}: {exc}")

    return handle


def _book(room: ControlRoom, request: web.Request) -> web.Response:
    query = request.query
    update_id = query.get("id")
    try:
        market, symbol = Market(query.get("market", "")), query["symbol"]
        wanted = None if update_id is None else int(update_id)
    except (KeyError, ValueError):
        return _problem(400, "ask as in /sim/book?market=spot&symbol=BTCUSDT&id=123")
    try:
        book = room.book(market, symbol, wanted)
    except (NoSnapshot, NoSuchSymbol, UnknownUpdateId) as exc:
        return _problem(404, str(exc))
    return _json({"updateId": book.update_id, "bids": book.bids, "asks": book.asks})


async def _unknown(request: web.Request) -> web.StreamResponse:
    known = f"GET status, book; POST {', '.join(ORDERS)}"
    return _problem(404, f"no such call: {request.method} {request.path}; there are {known}")


def _json(body: Any) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def _problem(status: int, text: str) -> web.Response:
    body = orjson.dumps({"error": text})
    return web.Response(body=body, status=status, content_type="application/json")
