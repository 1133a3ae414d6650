"""One client's socket to the WebSocket API: a shell round ``ws_api``. It takes no streams."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from gateway.simulator import ws_api
from gateway.simulator.answers import Call
from gateway.simulator.clock import Clock
from gateway.simulator.conduct import Conduct, Violation
from gateway.simulator.fault_state import FaultState
from gateway.simulator.frames import ping_frame, pong_frame, text_frame
from gateway.simulator.heartbeat import Act, Heartbeat, PingRule
from gateway.simulator.names import Market
from gateway.simulator.outgoing import Outgoing
from gateway.simulator.queries import Refusal
from gateway.simulator.weight import Spent, WeightPool

_ERROR_WEIGHT: Final = 1
_POLICY_VIOLATION: Final = 1008
_NAP_MIN_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class ApiDesk:
    """What answers one market's requests."""

    market: Market
    calls: Mapping[str, Call]
    pool: WeightPool
    faults: FaultState
    conduct: Conduct
    clock: Clock
    pings: PingRule

    def spend(self, weight: int) -> Spent:
        """Count a request's weight."""
        spent = self.pool.spend(weight, self.clock.now_ns())
        if spent.status != 200:
            self.conduct.violations[Violation.WEIGHT] += 1
        return spent


class ApiConnection(WSListener):
    """Requests are answered side by side, each when its own delay is over."""

    def __init__(self, desk: ApiDesk, lag_s: float = 0.0) -> None:
        self._desk = desk
        self._out = Outgoing(desk.clock, lag_s)
        self._heartbeat = Heartbeat(desk.pings, desk.clock.monotonic())
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Say whether the socket is there, be it closing."""
        return self._out.is_open

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._out.open(transport)
        self._desk.spend(ws_api.CONNECT_WEIGHT[self._desk.market])
        self._beat()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._out.lose()
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind, payload = frame.msg_type, frame.get_payload_as_bytes()
        if kind == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        elif kind == WSMsgType.PING:
            self._out.write(pong_frame(payload))
        elif kind == WSMsgType.PONG:
            self._heartbeat.on_pong(payload)
        elif not self._out.is_closing:
            task = asyncio.get_running_loop().create_task(self._answer(payload))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket code."""
        if self.is_open and not self._out.is_closing:
            self._out.close(code, reason)

    def abort(self) -> None:
        """Cut the connection off, without a close frame."""
        self._out.abort()

    async def _answer(self, text: bytes) -> None:
        desk = self._desk
        request = ws_api.read_request(desk.market, text)
        if isinstance(request, ws_api.BadRequest):
            self._refuse(request)
            return
        call = desk.calls[request.name]
        fault = desk.faults.decide_rest(f"{desk.market}:ws/{request.name}", call.is_depth)
        await asyncio.sleep(fault.delay_s / 2)
        try:
            spent = desk.spend(call.weigh(request.query))
        except Refusal as refusal:
            self._refuse(ws_api.BadRequest(request.request_id, refusal))
            return
        limits = desk.pool.counted_limits(spent)
        now_ms = desk.clock.now_ns() // 1_000_000
        answer = ws_api.answer(request, call, spent, fault, limits, now_ms)
        await asyncio.sleep(fault.delay_s / 2)
        self._out.write(text_frame(answer))

    def _refuse(self, bad: ws_api.BadRequest) -> None:
        spent = self._desk.spend(_ERROR_WEIGHT)
        limits = self._desk.pool.counted_limits(spent)
        self._out.write(text_frame(ws_api.refuse(bad, limits)))

    def _beat(self) -> None:
        if not self.is_open or self._out.is_closing:
            return
        now = self._desk.clock.monotonic()
        act = self._heartbeat.act(now)
        if act is Act.CLOSE:
            self._desk.conduct.violations[Violation.PONG] += 1
            self.close(_POLICY_VIOLATION, "no pong")
            return
        if act is Act.PING:
            payload = str(self._desk.clock.now_ns() // 1_000_000).encode()
            self._out.write(ping_frame(payload))
            self._heartbeat.on_ping_sent(payload, now)
        wait_s = max(_NAP_MIN_S, self._heartbeat.wake_at() - now)
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._beat)
