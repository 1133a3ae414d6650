"""Requests and answers of the WebSocket API. Pure.

web-socket-api.md "Request format", "Response format"; ws-fapi and ws-dapi "General Info". An answer
has the request's id and an HTTP-like status, then ``result`` or ``error`` as REST's body would be,
and ``rateLimits`` with the weight that is used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from msgspec import Meta

UNSUPPORTED: Final = -1020  # errors.md: the method is none of this API's


class _Limit(msgspec.Struct, frozen=True, rename="camel"):
    rate_limit_type: str = ""
    interval: str = ""
    interval_num: int = 0
    count: Annotated[int, Meta(ge=0, le=10**9)] = 0


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    id: int | str | None = None
    status: int = 0
    result: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    rate_limits: list[_Limit] = []


class _Code(msgspec.Struct, frozen=True):
    code: int = 0


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_CODE: Final = msgspec.json.Decoder(_Code)


@dataclass(frozen=True, slots=True)
class WsAnswer:
    """``body``: what REST would have answered; ``whole`` the message; ``used`` None: not told."""

    number: int
    status: int
    body: bytes
    whole: bytes
    used: int | None

    @property
    def is_unsupported(self) -> bool:
        """Whether this API does not know the method."""
        try:
            return self.status != 200 and _CODE.decode(self.body).code == UNSUPPORTED
        except msgspec.DecodeError:
            return False


def depth_request(number: int, query: Mapping[str, str]) -> str:
    """Return the request for an order book, by the query of REST's."""
    params = {"symbol": query["symbol"], "limit": int(query["limit"])}
    return msgspec.json.encode({"id": number, "method": "depth", "params": params}).decode()


def read_answer(text: bytes) -> WsAnswer | None:
    """Read a message; None: it is no answer to a request of ours."""
    try:
        found = _ANSWER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(found.id, int):
        return None
    used = [
        limit.count
        for limit in found.rate_limits
        if (limit.rate_limit_type, limit.interval, limit.interval_num)
        == ("REQUEST_WEIGHT", "MINUTE", 1)
    ]
    body = found.result if found.status == 200 else found.error
    return WsAnswer(found.id, found.status, bytes(body), text, max(used, default=None))
