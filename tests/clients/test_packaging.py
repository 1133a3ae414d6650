"""The Python client as a distribution of its own: what it needs, and what its build refuses."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from gateway_client import DependencyMissing, _accel
from gateway_client.gateway import Gateway
from tests.clients.support import ROOT, Shard

CLIENTS = ROOT / "clients"
SMALLEST = "from gateway_client import Gateway; print(Gateway.accelerated)"


@pytest.fixture
def source_tree(tmp_path: Path) -> Path:
    """A copy of the client as it lies in the repository, with nothing built."""
    built = shutil.ignore_patterns("*.so", "build", "include", "*.egg-info", "__pycache__")
    shutil.copytree(CLIENTS / "python", tmp_path / "python", ignore=built)
    (tmp_path / "c").mkdir()
    shutil.copy(CLIENTS / "c" / "gateway.h", tmp_path / "c")
    return tmp_path / "python"


def build(tree: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "setup.py", "--quiet", *words], cwd=tree, capture_output=True, text=True,
        env=os.environ | environment, check=False,
    )  # fmt: skip


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(CLIENTS / "python"), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": path} | environment,
    )  # fmt: skip


def test_accelerator_is_built_and_used() -> None:
    assert run_python(SMALLEST).stdout == "True\n"
    assert Gateway.accelerated


def test_plain_reader_can_be_asked_for() -> None:
    assert run_python(SMALLEST, GATEWAY_CLIENT_PURE="1").stdout == "False\n"


def test_sdist_carries_the_header(source_tree: Path) -> None:
    done = build(source_tree, "sdist", GATEWAY_CLIENT_PURE="1")
    assert done.returncode == 0, done.stderr
    (archive,) = (source_tree / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    package = ("_accel.pyx", "_accel.pyi", "py.typed", "plain/segment.py")
    for wanted in ("include/gateway.h", "README.md", *(f"gateway_client/{p}" for p in package)):
        assert wanted in names, wanted


def test_build_without_a_compiler_fails_loudly(source_tree: Path) -> None:
    done = build(source_tree, "build_ext", CC="/bin/false")
    assert done.returncode != 0
    assert "/bin/false" in done.stderr


def test_pure_build_is_a_choice(source_tree: Path) -> None:
    done = build(source_tree, "build", GATEWAY_CLIENT_PURE="1", CC="/bin/false")
    assert done.returncode == 0, done.stderr
    assert not list(source_tree.rglob("*.so"))


def test_needs_nothing_but_the_standard_library(shard: Shard) -> None:
    code = (
        "import sys\n"
        "for name in ('numpy', 'zmq', 'Cython', 'gateway'): sys.modules[name] = None\n"
        "from gateway_client import Gateway, DependencyMissing\n"
        f"gw = Gateway({str(shard.run_dir)!r})\n"
        "print(gw.quote('spot:BTCUSDT').state.name, gw.status().shards[0].is_alive)\n"
        "for call in (gw.quotes, lambda: gw.subscribe('spot:', prefix=True)):\n"
        "    try: call()\n"
        "    except DependencyMissing as exc: print(exc)\n"
    )
    done = run_python(code)
    assert done.stdout.splitlines() == [
        "EMPTY True",
        "gw.quotes() needs numpy: pip install 'gateway-client[numpy]'",
        "gw.subscribe() needs pyzmq: pip install 'gateway-client[zmq]'",
    ], done.stderr
    assert DependencyMissing.exit_code == 70


def test_stub_and_accelerator_name_the_same_things() -> None:
    text = (CLIENTS / "python" / "gateway_client" / "_accel.pyi").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ClassDef):
            continue
        stub = {
            each.target.id if isinstance(each, ast.AnnAssign) else each.name  # type: ignore[union-attr]  # a name
            for each in node.body
            if isinstance(each, ast.FunctionDef | ast.AnnAssign)
        }
        compiled = {
            name
            for name in vars(getattr(_accel, node.name))
            if not name.startswith("__") or name == "__init__"
        }
        cython = {"__init__", "__pyx_vtable__"}
        assert stub - cython == compiled - cython, node.name


def test_benchmark_checks_what_it_reads() -> None:
    bench = str(ROOT / "bench" / "bench_client_read.py")
    done = subprocess.run(
        [sys.executable, bench, "--smoke"], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(CLIENTS / "python")])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    for name in ("monotonic_ns", "quote compiled", "quote plain", "C quote"):
        assert name in done.stdout
