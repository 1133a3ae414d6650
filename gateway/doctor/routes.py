"""Routes, tried by what counts: a WebSocket dialled as a shard does, a stream, its frames."""

from __future__ import annotations

import asyncio
import re
import time

import orjson
import picows

from gateway.doctor.judge_venue import Heard
from gateway.shard.address import host_of
from gateway.shard.dial import Dialling
from gateway.shard.refusal import Ending, hold_of
from gateway.shard.subscribe import SUBSCRIBE, parse_answer, request_frame
from gateway.supervisor.gate import Gate

DATA_S = 10.0  # for the first frame
ADDRESSES_MAX = 3  # of a route that are tried
_NUMBER = re.compile(r"\[Errno -?\d+\] ")


class _Ear(picows.WSListener):
    """Keeps whole messages; None: the connection is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._parts = b""

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        kind = frame.msg_type
        if kind == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind == picows.WSMsgType.CLOSE:
            self.heard.put_nowait(None)
        elif kind in (picows.WSMsgType.TEXT, picows.WSMsgType.CONTINUATION):
            self._parts += frame.get_payload_as_bytes()
            if frame.fin:
                self.heard.put_nowait(self._parts)
                self._parts = b""

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self.heard.put_nowait(None)


async def listen(
    urls: tuple[str, ...], stream: str, dialling: Dialling, gate: Gate, deadline: float
) -> list[Heard]:
    """Try the addresses of a route in turn until one brings ``stream`` (the venue's name).

    Every attempt is counted by ``gate``, and not made where it says no. ``deadline``: of
    CLOCK_MONOTONIC.
    """
    found: list[Heard] = []
    for url in urls[:ADDRESSES_MAX]:
        left = deadline - time.monotonic()
        if found and left < DATA_S / 2:
            break
        found.append(await _try(url, stream, dialling, gate, left))
        if found[-1].first_s is not None or found[-1].held_s:
            break
    return found


async def _try(url: str, stream: str, dialling: Dialling, gate: Gate, left: float) -> Heard:
    host = host_of(url)
    wait_s = await gate.ask(host)
    if wait_s:
        return Heard(host, held_s=wait_s)
    try:
        async with asyncio.timeout(max(0.0, left)):
            opened = await dialling.connect(url, _Ear)
    except TimeoutError:
        return Heard(host, error=f"not open within {left:.0f} s")
    if isinstance(opened, Ending):
        return Heard(host, error=await _refused(host, opened, gate), status=opened.status)
    transport, ear = opened
    try:
        transport.send(picows.WSMsgType.TEXT, request_frame(SUBSCRIBE, [stream], 1))
        return await _first(host, ear, stream, DATA_S)
    finally:
        transport.disconnect(graceful=False)


async def _refused(host: str, ending: Ending, gate: Gate) -> str:
    """Have every gateway of this user stay away for as long as the venue wants it."""
    hold = hold_of(ending, time.time())
    if hold is None:
        return _NUMBER.sub("", ending.problem)
    await gate.refuse(host, ending.status, hold.seconds)
    return f"{hold.why}; left alone for {hold.seconds:.0f} s"


async def _first(host: str, ear: _Ear, stream: str, seconds: float) -> Heard:
    begin, is_acked = time.monotonic(), False
    try:
        async with asyncio.timeout(seconds):
            while (message := await ear.heard.get()) is not None:
                if _stream_of(message) == stream:
                    return Heard(host, time.monotonic() - begin, is_acked=is_acked)
                answer = parse_answer(message)
                if answer is not None and answer.error:
                    return Heard(host, error=f"refused {stream}: {answer.error}")
                is_acked = is_acked or answer is not None
    except TimeoutError:
        return Heard(host, waited_s=seconds, is_acked=is_acked)
    return Heard(host, error="hung up", is_acked=is_acked)


def _stream_of(message: bytes) -> str:
    try:
        found = orjson.loads(message)
    except orjson.JSONDecodeError:
        return ""
    return str(found.get("stream", "")) if isinstance(found, dict) else ""
