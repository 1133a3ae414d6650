"""The control socket's protocol: bytes → request, result → bytes. Pure.

One JSON object a message::

    {"id": 7, "method": "subscribe", "streams": ["spot:btcusdt@trade", "usdm:*@markPrice@1s"]}
    {"id": 7, "result": {"added": ["…"], "removed": [], "refused": {"name": "why"}, "code": 0}}
    {"id": 7, "error": {"code": 2, "message": "…"}}

    {"id": 8, "method": "snapshot", "symbols": ["spot:BTCUSDT"], "levels": 100}
    {"id": 8, "result": {"books": {"spot:BTCUSDT": {…}}, "refused": {}, "code": 0}}

``id`` is a number or a short string of the client's own and comes back as it was. Codes are the
command line's exit codes; a result's ``code`` is 0 where nothing was refused. ``list`` and
``status`` take nothing else. What a book has in a snapshot, ``snapshots`` tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

import msgspec

REQUEST_BYTES_MAX: Final = 1 << 20
STREAMS_MAX: Final = 10_000  # names and patterns in a request
SYMBOLS_MAX: Final = 16  # books in a snapshot: each may have 20,000 levels
LEVELS_MAX: Final = 100_000  # a side; no book has as many
ID_CHARACTERS_MAX: Final = 64
MALFORMED: Final = 2  # exit code "bad command line", the same for a bad request
BUSY: Final = 69
CODES_WORST_FIRST: Final = (2, 67, 73, 69)  # of several refusals

Id = int | str | None
Method = Literal["subscribe", "unsubscribe", "list", "status", "snapshot"]
METHODS: Final[tuple[Method, ...]] = ("subscribe", "unsubscribe", "list", "status", "snapshot")
_WITH_STREAMS = METHODS[:2]
_KEYS: Final = ("id", "method", "streams", "symbols", "levels")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for. ``levels`` a side of a snapshot's books; 0: all of them."""

    id: Id
    method: Method
    streams: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    levels: int = 0


class RequestError(Exception):
    """``message`` says what is wrong with a request; ``id`` is its id where one could be read."""

    def __init__(self, id: Id, message: str) -> None:
        super().__init__(message)
        self.id = id
        self.message = message


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a stream is not carried, in words and as an exit code."""

    why: str
    code: int


@dataclass(slots=True)
class Outcome:
    """What a request for streams came to. ``late``: shards that have not confirmed it in time."""

    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    refused: dict[str, Refusal] = field(default_factory=dict)
    late: Sequence[int] = ()

    @property
    def code(self) -> int:
        """The exit code that says how it went: the worst refusal's, else 0."""
        codes = {refusal.code for refusal in self.refused.values()} | (
            {BUSY} if self.late else set()
        )
        return next((code for code in CODES_WORST_FIRST if code in codes), max(codes, default=0))

    def as_result(self) -> dict[str, Any]:
        """Return it as the ``result`` of a reply."""
        return {
            "added": list(self.added),
            "removed": list(self.removed),
            "refused": {name: refusal.why for name, refusal in self.refused.items()},
            "late": list(self.late),
            "code": self.code,
        }


def read(body: bytes) -> Request:
    """Read a request; raises RequestError with one clear line and nothing else."""
    if len(body) > REQUEST_BYTES_MAX:
        raise RequestError(None, f"a request of {len(body)} bytes, over {REQUEST_BYTES_MAX}")
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError) as exc:  # msgspec's errors are ValueErrors
        raise RequestError(None, f"not JSON: {exc}") from None
    if not isinstance(found, dict):
        raise RequestError(None, "not a JSON object")
    return _request(cast("dict[str, Any]", found))


def result(id: Id, content: Mapping[str, Any]) -> bytes:
    """Return the reply to a request that was served."""
    return msgspec.json.encode({"id": id, "result": content})


def error(id: Id, code: int, message: str) -> bytes:
    """Return the reply to a request that was not."""
    return msgspec.json.encode({"id": id, "error": {"code": code, "message": message}})


def _request(found: dict[str, Any]) -> Request:
    id = _id(found.get("id"))
    unknown = found.keys() - set(_KEYS)
    if unknown:
        allowed = ", ".join(_KEYS)
        raise RequestError(id, f"unknown key {_shown(min(unknown))}; allowed: {allowed}")
    method = found.get("method")
    if method not in METHODS:
        raise RequestError(id, f"unknown method {_shown(method)}; allowed: {', '.join(METHODS)}")
    streams = _names(id, method, "streams", found.get("streams", []), _streams_max(method))
    symbols = _names(id, method, "symbols", found.get("symbols", []), _symbols_max(method))
    return Request(id, method, streams, symbols, _levels(id, method, found.get("levels")))


def _streams_max(method: Method) -> int:
    return STREAMS_MAX if method in _WITH_STREAMS else 0


def _symbols_max(method: Method) -> int:
    return SYMBOLS_MAX if method == "snapshot" else 0


def _id(given: Any) -> Id:
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return cast("Id", given)
    if isinstance(given, str) and len(given) <= ID_CHARACTERS_MAX:
        return given
    raise RequestError(
        None, f"'id' must be a whole number or a string of at most {ID_CHARACTERS_MAX} characters"
    )


def _names(id: Id, method: Method, key: str, given: Any, most: int) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise RequestError(id, f"'{key}' must be a list of names")
    if not most:
        if given:
            raise RequestError(id, f"'{method}' takes no {key}")
        return ()
    if not 1 <= len(given) <= most:
        raise RequestError(id, f"'{method}' takes 1 to {most} {key}")
    return tuple(dict.fromkeys(cast("list[str]", given)))


def _levels(id: Id, method: Method, given: Any) -> int:
    if given is None:
        return 0
    if method != "snapshot":
        raise RequestError(id, f"'{method}' takes no levels")
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= LEVELS_MAX:
        raise RequestError(id, f"'levels' must be a whole number from 1 to {LEVELS_MAX}")
    return given


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
