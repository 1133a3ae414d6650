"""A headless Chromium, driven by its own DevTools protocol over a WebSocket."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.waiting import until

# Without these it asks its maker's hosts for this and that, none of which can be reached from here.
FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--no-default-browser-check", "--hide-scrollbars",
    "--remote-debugging-port=0",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")
ANSWER_S = 30.0


def path() -> str | None:
    """Where a Chromium is; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One tab. ``problems`` are errors of its console, ``requests`` all addresses it asked."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.problems: list[str] = []
        self.requests: list[str] = []

    async def listen(self) -> None:
        """Take what it says until it goes."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            else:
                self._note(said["method"], said["params"])

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(params["url"])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.problems.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(str(params["entry"]))

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        said = await asyncio.wait_for(answer, ANSWER_S)
        assert "error" not in said, f"{method}: {said['error']}"
        found: dict[str, Any] = said["result"]
        return found

    async def open(self, url: str) -> None:
        """Go to a page."""
        await self.call("Page.navigate", url=url)
        await self.wait(f"location.href === {url!r} && document.readyState === 'complete'")

    async def js(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def wait(self, expression: str, seconds: float = 30.0) -> Any:
        """Wait until an expression is true and return it."""
        async with asyncio.timeout(seconds):
            while not (found := await self.js(expression)):  # noqa: ASYNC110  of another process
                await asyncio.sleep(0.02)
        return found

    async def size(self, width: int, height: int, theme: str = "dark") -> None:
        """Show the page in a window of this size and theme."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        feature = {"name": "prefers-color-scheme", "value": theme}
        await self.call("Emulation.setEmulatedMedia", features=[feature])

    async def press(self, key: str) -> None:
        """Press a key that has a name."""
        for kind in ("rawKeyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    async def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        box = await self.js(
            f"(b => [b.x + b.width / 2, b.y + b.height / 2])"
            f"(document.querySelector({selector!r}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left",
                clickCount=1,
            )  # fmt: skip

    async def screenshot(self, to: Path, whole: bool = False) -> None:
        """Write a PNG of what is seen, or of the whole page."""
        found = await self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        _write(to, base64.b64decode(found["data"]))


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Run one with a profile of its own, which goes with it."""
    chromium = path()
    assert chromium is not None
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        flags = [*FLAGS, f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # it refuses to start as root with one
        process = await asyncio.create_subprocess_exec(
            chromium, *flags, "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            port = Path(profile, "DevToolsActivePort")
            await until(lambda: port.exists() and port.read_text().count("\n"))
            async with _attached(_number(port)) as found:
                yield found
        finally:
            process.terminate()
            await process.wait()


@contextlib.asynccontextmanager
async def _attached(port: int) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [each for each in await answer.json() if each["type"] == "page"]
        url = pages[0]["webSocketDebuggerUrl"]
        async with session.ws_connect(url, max_msg_size=0) as socket:
            found = Browser(socket)
            listening = asyncio.create_task(found.listen())
            for domain in ("Page", "Runtime", "Network", "Log"):
                await found.call(f"{domain}.enable")
            yield found
            listening.cancel()


def _number(file: Path) -> int:
    return int(file.read_text().split()[0])


def _write(to: Path, data: bytes) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(data)
