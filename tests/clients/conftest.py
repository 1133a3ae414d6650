"""Fixtures of the client tests."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from gateway_client import _accel, plain
from gateway_client.gateway import Gateway
from tests.clients.support import HERE, PlainGateway, Shard, compile_c


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Paths of the compiled test programs: ``writer`` and ``reader``."""
    folder = tmp_path_factory.mktemp("programs")
    return SimpleNamespace(
        writer=compile_c(HERE / "writer.c", folder / "writer", "-std=c11"),
        reader=compile_c(HERE / "reader.c", folder / "reader", "-std=c11"),
    )


@pytest.fixture
def shard(run_dir: Path) -> Shard:
    """A started shard without a writer process; its first heartbeat is young."""
    return Shard(run_dir).start()


@pytest.fixture(params=["accelerated", "plain"])
def backend(request: pytest.FixtureRequest) -> ModuleType:
    """The module that has ``Segment`` and ``Reader``: both must behave alike."""
    return _accel if request.param == "accelerated" else plain


@pytest.fixture
def gateway_class(backend: ModuleType) -> type[Gateway]:
    """``Gateway`` on that backend."""
    if backend is plain:
        return PlainGateway  # type: ignore[return-value]  # the same calls
    assert Gateway.accelerated, "the accelerator is not built"
    return Gateway
