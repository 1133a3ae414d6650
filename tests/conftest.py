"""Fixtures that tests of all parts share."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop

ROOT = Path(__file__).resolve().parents[1]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every asyncio test on the loop that the gateway runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state directory of the tests' own: their connection attempts are not this host's."""
    path = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(path))
        patch.delenv("STATE_DIRECTORY", raising=False)
        yield path


@pytest.fixture(autouse=True)
def unlearnt(state_home: Path) -> None:
    """Rates and homes that one test's gateway noted lay out no other's shards."""
    (state_home / "binance-gateway" / "rates.json").unlink(missing_ok=True)


@pytest.fixture(scope="session", autouse=True)
def bytecode() -> Iterator[None]:
    """Processes start as installed ones do: nothing is compiled anew each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of recorded frames and REST answers; the test is skipped where it is absent."""
    path = Path(os.environ.get("GATEWAY_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"no recorded data in {path}: set GATEWAY_TEST_DATA to their folder")
    return path


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """An empty run directory of its own, on tmpfs and with a path short enough for ipc sockets."""
    path = Path(tempfile.mkdtemp(prefix="gw-test-", dir="/dev/shm"))
    yield path
    shutil.rmtree(path, ignore_errors=True)
