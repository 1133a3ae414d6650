"""The yardsticks of bench_end_to_end: a picows listener that only counts, and one that runs orjson.

    python -m bench.counting count|orjson WS-URL REST-URL FRAMES STREAM...

Subscribes, asks for the depth snapshot as every user of a diff stream must, takes FRAMES frames and
prints the nanoseconds of CPU that this process spent on them.
"""

from __future__ import annotations

import asyncio
import sys
import time
import urllib.request

import orjson
import picows
import uvloop

WATCHDOG_S = 60


class Counting(picows.WSListener):
    """Counts data frames, and decodes them if told to; the clock starts with the first."""

    def __init__(self, decode: bool, wanted: int, done: asyncio.Future[int]) -> None:
        super().__init__()
        self._decode = decode
        self._left = wanted
        self._done = done
        self._begun = 0

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if not self._begun:
            self._begun = time.process_time_ns()
            return  # the answer to SUBSCRIBE
        if self._decode:
            orjson.loads(frame.get_payload_as_memoryview())
        self._left -= 1
        if self._left == 0:
            self._done.set_result(time.process_time_ns() - self._begun)


async def run(mode: str, ws: str, rest: str, frames: int, streams: list[str]) -> int:
    """CPU ns for ``frames`` frames."""
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def listener() -> Counting:
        return Counting(mode == "orjson", frames, done)

    transport, _ = await picows.ws_connect(listener, ws)
    request = {"method": "SUBSCRIBE", "params": streams, "id": 1}
    transport.send(picows.WSMsgType.TEXT, orjson.dumps(request))
    await asyncio.to_thread(lambda: urllib.request.urlopen(rest, timeout=WATCHDOG_S).read())
    spent = await asyncio.wait_for(done, WATCHDOG_S)
    transport.disconnect()
    return spent


def main() -> None:
    """Print the figure."""
    mode, ws, rest, frames, *streams = sys.argv[1:]
    print(uvloop.run(run(mode, ws, rest, int(frames), streams)))


if __name__ == "__main__":
    main()
