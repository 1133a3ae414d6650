"""Find the run directory of a gateway and read its manifest: where segments and publishers are."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_client.errors import GatewayNotRunning, ManifestUnusable

MANIFEST = "manifest.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Shard:
    """A writer process: its segment file, its ZeroMQ endpoints and what it carries."""

    shard_id: int
    pid: int
    generation: int
    segment: str
    publisher: str
    arrays: str
    """Where whole arrays are published; empty: nowhere."""
    symbols: tuple[str, ...]
    streams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What runs in ``run_dir``. ``identity`` changes whenever the file is replaced."""

    run_dir: str
    instance: str
    pid: int
    started_ns: int
    upstream: str
    control: str
    """Where the gateway takes requests; empty: nowhere."""
    on_demand: bool
    """Whether the gateway subscribes what a consumer asks for over ZeroMQ."""
    shards: tuple[Shard, ...]
    identity: tuple[int, int]


def places(
    run_dir: str | os.PathLike[str] | None = None, environment: Mapping[str, str] | None = None
) -> list[Path]:
    """Directories to look in, in order. One that is named is the only one."""
    environment = os.environ if environment is None else environment
    named = os.fspath(run_dir) if run_dir else environment.get("GATEWAY_RUN_DIR", "")
    if named:
        return [Path(named).absolute()]
    found = [Path("/run/binance-gateway")]
    if environment.get("XDG_RUNTIME_DIR"):
        found.append(Path(environment["XDG_RUNTIME_DIR"]) / "binance-gateway")
    return [*found, Path(f"/dev/shm/binance-gateway-{os.geteuid()}")]


def find(run_dir: str | os.PathLike[str] | None = None) -> Manifest:
    """Manifest of the first place that has one.

    Raises GatewayNotRunning with all places tried, or ManifestUnusable.
    """
    tried = []
    for place in places(run_dir):
        try:
            return read(place)
        except OSError as exc:
            missing = isinstance(exc, FileNotFoundError)
            why = _missing(place) if missing else (exc.strerror or str(exc))
            tried.append((str(place), why))
    raise GatewayNotRunning(tried)


def read(run_dir: Path) -> Manifest:
    """Manifest of ``run_dir``; raises OSError where there is none, ManifestUnusable."""
    path = run_dir / MANIFEST
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        text = file.read()
    try:
        return _parse(run_dir, json.loads(text), (status.st_ino, status.st_mtime_ns))
    except KeyError as exc:
        raise ManifestUnusable(str(path), f"is no manifest: it has no {exc.args[0]}") from exc
    except (ValueError, TypeError, AttributeError) as exc:
        raise ManifestUnusable(str(path), f"is no manifest: {exc}") from exc


def is_replaced(manifest: Manifest) -> bool:
    """Whether another manifest lies in its place now. A missing one replaces nothing."""
    try:
        status = os.stat(os.path.join(manifest.run_dir, MANIFEST))
    except OSError:
        return False
    return (status.st_ino, status.st_mtime_ns) != manifest.identity


def _missing(place: Path) -> str:
    return f"no {MANIFEST}" if place.is_dir() else "no such directory"


def _parse(run_dir: Path, found: Any, identity: tuple[int, int]) -> Manifest:
    if found["version"] != VERSION:
        raise ValueError(f"version {found['version']}, this client knows {VERSION}")
    shards = tuple(_shard(run_dir, shard) for shard in found["shards"])
    return Manifest(
        run_dir=str(run_dir),
        instance=str(found["instance"]),
        pid=int(found["pid"]),
        started_ns=int(found["started_ns"]),
        upstream=str(found["upstream"]),
        control=_here(run_dir, str(found.get("control", ""))),
        on_demand=bool(found.get("on_demand", False)),
        shards=shards,
        identity=identity,
    )


def _shard(run_dir: Path, found: Any) -> Shard:
    return Shard(
        shard_id=int(found["id"]),
        pid=int(found["pid"]),
        generation=int(found["generation"]),
        segment=str(run_dir / found["segment"]),
        publisher=_here(run_dir, str(found["publisher"])),
        arrays=_here(run_dir, str(found.get("arrays", ""))),
        symbols=tuple(str(symbol) for symbol in found["symbols"]),
        streams=tuple(str(stream) for stream in found["streams"]),
    )


def _here(run_dir: Path, endpoint: str) -> str:
    """The endpoint as seen from here: a container may mount the run directory elsewhere."""
    scheme, _, path = endpoint.partition("://")
    beside = run_dir / Path(path).name
    return f"ipc://{beside}" if scheme == "ipc" and beside.exists() else endpoint
