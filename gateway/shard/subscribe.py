"""Control messages of the venue's stream hosts: SUBSCRIBE batches and their answers. Pure.

Rules (web-socket-streams.md and what was measured): a spot frame above 4096 bytes is swallowed
without an answer; 200 names a frame are accepted everywhere; ids are unsigned integers on futures;
errors come flat or wrapped in "error"; an ack says nothing about whether data will flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

NAMES_MAX = 200
FRAME_BYTES_MAX = 4000


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the venue: ``request_id`` None: it names none; ``error`` empty: an ack."""

    request_id: int | None
    error: str


def batches(names: Iterable[str]) -> Iterator[list[str]]:
    """Split stream names into what one frame may carry."""
    batch: list[str] = []
    size = 64  # method, id and brackets
    for name in names:
        cost = len(orjson.dumps(name)) + 1
        if batch and (len(batch) == NAMES_MAX or size + cost > FRAME_BYTES_MAX):
            yield batch
            batch, size = [], 64
        batch.append(name)
        size += cost
    if batch:
        yield batch


def subscribe_frame(names: list[str], request_id: int) -> bytes:
    """One SUBSCRIBE message."""
    return orjson.dumps({"method": "SUBSCRIBE", "params": names, "id": request_id})


def parse_answer(payload: bytes) -> Answer | None:
    """Read an ack or an error; None for anything else (serverShutdown, rubbish)."""
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(message, dict):
        return None
    request_id = message.get("id")
    number = request_id if isinstance(request_id, int) else None
    error = message.get("error", message)
    if isinstance(error, dict) and "code" in error:
        return Answer(number, f"code {error['code']}: {error.get('msg', 'no message')}")
    return Answer(number, "") if "result" in message else None


def is_shutdown(payload: bytes) -> bool:
    """Whether the venue announces that it is going to close this connection (serverShutdown)."""
    return b'"serverShutdown"' in payload
