"""Control messages of the venue's stream hosts: SUBSCRIBE batches and their answers. Pure.

Rules (web-socket-streams.md and what was measured): a spot frame above 4096 bytes is swallowed
without an answer; 200 names a frame are accepted everywhere; ids are unsigned integers on futures;
errors come flat or wrapped in "error"; an ack says nothing about whether data will flow; one
malformed name has the whole frame refused, so that its names are then tried in halves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson

NAMES_MAX = 200
FRAME_BYTES_MAX = 4000
ACK_S = 10.0  # for the answer to a request
SPLITS_MAX = 64  # of refused batches, in one session
TOO_MANY = 4  # code: more streams than a connection may have
SUBSCRIBE, UNSUBSCRIBE = "SUBSCRIBE", "UNSUBSCRIBE"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the venue: ``request_id`` None: it names none; ``error`` empty: an ack."""

    request_id: int | None
    error: str
    code: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """Names to subscribe or to unsubscribe in one frame."""

    method: str
    names: tuple[str, ...]
    sent_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer means: streams acknowledged, and streams refused with the reason."""

    acked: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    error: str = ""


def batches(names: Iterable[str], names_max: int = NAMES_MAX) -> Iterator[list[str]]:
    """Split stream names into what one frame may carry."""
    batch: list[str] = []
    size = 64  # method, id and brackets
    for name in names:
        cost = len(orjson.dumps(name)) + 1
        if batch and (len(batch) == names_max or size + cost > FRAME_BYTES_MAX):
            yield batch
            batch, size = [], 64
        batch.append(name)
        size += cost
    if batch:
        yield batch


def request_frame(method: str, names: Iterable[str], request_id: int) -> bytes:
    """One SUBSCRIBE or UNSUBSCRIBE message."""
    return orjson.dumps({"method": method, "params": list(names), "id": request_id})


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
        code = error["code"] if isinstance(error["code"], int) else 0
        return Answer(number, f"code {error['code']}: {error.get('msg', 'no message')}", code)
    return Answer(number, "") if "result" in message else None


def is_shutdown(payload: bytes) -> bool:
    """Whether the venue announces that it is going to close this connection (serverShutdown)."""
    return b'"serverShutdown"' in payload


@dataclass(slots=True)
class Requests:
    """What one session asks of the venue, and what it has answered. Times are passed in (s)."""

    names_max: int = NAMES_MAX
    _queue: deque[Request] = field(default_factory=deque)
    _sent: dict[int, Request] = field(default_factory=dict)  # oldest first
    _next_id: int = 1
    _splits: int = 0

    def add(self, names: Iterable[str]) -> None:
        """Subscribe to these."""
        self._put(SUBSCRIBE, names)

    def drop(self, names: Iterable[str]) -> None:
        """Unsubscribe from these; what was not asked for yet is not asked for at all."""
        unwanted = dict.fromkeys(names)
        kept: deque[Request] = deque()
        for request in self._queue:
            if request.method != SUBSCRIBE:
                kept.append(request)
                continue
            left = tuple(name for name in request.names if name not in unwanted)
            for name in request.names:
                unwanted.pop(name, None)
            if left:
                kept.append(Request(SUBSCRIBE, left))
        self._queue = kept
        self._put(UNSUBSCRIBE, unwanted)

    def _put(self, method: str, names: Iterable[str]) -> None:
        for batch in batches(names, self.names_max):
            self._queue.append(Request(method, tuple(batch)))

    @property
    def has_more(self) -> bool:
        """Whether a frame waits to be sent."""
        return bool(self._queue)

    @property
    def is_settled(self) -> bool:
        """Whether everything was sent and answered."""
        return not self._queue and not self._sent

    def next_frame(self, now: float) -> bytes:
        """The next frame, which is being sent now. Only where ``has_more``."""
        request = self._queue.popleft()
        number, self._next_id = self._next_id, self._next_id + 1
        self._sent[number] = Request(request.method, request.names, now)
        return request_frame(request.method, request.names, number)

    def answered(self, answer: Answer) -> Outcome:
        """Take an answer. One that names no request is for the oldest."""
        number = answer.request_id
        if number is None:
            number = next(iter(self._sent), 0)
        request = self._sent.pop(number, None)
        if request is None:
            return Outcome(error=answer.error)
        if request.method == UNSUBSCRIBE:
            return Outcome(error=answer.error)
        if not answer.error:
            return Outcome(acked=request.names)
        if len(request.names) == 1 or answer.code == TOO_MANY or self._splits >= SPLITS_MAX:
            return Outcome(refused=request.names, error=answer.error)
        self._splits += 1
        half = len(request.names) // 2
        self._queue.appendleft(Request(SUBSCRIBE, request.names[half:]))
        self._queue.appendleft(Request(SUBSCRIBE, request.names[:half]))
        return Outcome()

    def overdue(self, now: float) -> tuple[str, ...]:
        """Names of the oldest request, where it was not answered in time."""
        oldest = next(iter(self._sent.values()), None)
        return oldest.names if oldest and now - oldest.sent_at > ACK_S else ()
