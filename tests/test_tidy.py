"""Rules of the house that a machine can hold: lint, types, one-way imports, lengths, no leaks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP_FOLDERS = {".ci", "bench", "clients", "container", "gateway", "systemd", "tests"}
LINES_MAX = 500

# No I/O loop, no sockets, no clock: values in, decisions out.
PURE = {
    "array_rows", "backfill", "capacity", "decimals", "endpoints", "errors", "history",
    "instruments", "layout", "layout_counters", "layout_enums", "layout_numpy", "layout_table",
    "markets", "patterns", "placement", "plan", "planner", "redaction", "segment_plan",
    "shard_layout",
    "stream_forms", "stream_page", "stream_refusals", "stream_table", "streams",
}  # fmt: skip
SUPERVISOR_RULES = {
    "admission", "attempts", "check", "cold_start", "demand", "looks", "rates", "requests",
    "restart", "rules", "snapshots", "subscriptions",
}  # fmt: skip
REST_RULES = {
    "budget", "calls", "hosts", "limits", "need_queue", "refusal", "weight_log", "ws_messages",
}  # fmt: skip
CONFIG_RULES = {
    "base", "books", "building", "environment", "example", "keys", "limits", "overrides", "process",
    "reading", "schema", "shown", "streams", "subscriptions", "toml_text", "upstream", "whole",
}  # fmt: skip
METRICS_RULES = {"buckets", "exposition", "families", "health", "readings"}
DASHBOARD_RULES = {"guard", "looks", "messages"}
WATCH_RULES = {"changes", "ladder", "readings", "rows", "stages", "states"}
DOCTOR_RULES = {"findings", "judge", "judge_venue"}
LIVE_RULES = {
    "guide", "header", "keys", "listing", "panels", "rungs", "state", "styles", "text", "whole",
}  # fmt: skip
CLIENT_RULES = {"delivery", "dumps", "following", "levels"}
IMPURE_MODULES = {
    "aiohttp", "asyncio", "multiprocessing", "picows", "selectors", "signal", "socket",
    "subprocess", "threading", "time", "uvloop", "zmq",
}  # fmt: skip

# Packages of gateway/ and the other packages of gateway/ that they may import.
MAY_IMPORT = {
    "core": set[str](),
    "dashboard": {"watch"},
    "doctor": {"rest", "shard", "supervisor"},  # it tries what they do, by what they do it with
    "layout_export": set[str](),
    "metrics": set[str](),
    "rest": set[str](),
    "shard": {"core"},
    "simulator": set[str](),  # an own witness: it shares no decoder, book or rule with the gateway
    "supervisor": {"metrics", "rest"},
    "watch": set[str](),
}

# Hosts of package indexes, and folders of one machine; spelled so that this file passes itself.
LEAKS = re.compile(
    r"py[p]i\.org|python[h]osted\.org|registry\.npm[j]s|crates[.]io|proxy\.gol[a]ng|--(?:extra-)?index-u[r]l"
    r"|(?<![\w.])/(?:wor[k]|far[m]|roo[t]|home/\w+)/|/tmp/ven[v]"
)


@cache
def repository_files() -> list[Path]:
    """Files that are tracked or about to be; without git, all but what is built."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(ROOT),
        "ls-files",
        "-co",
        "-z",
        "--exclude-standard",
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode == 0:
        paths = [ROOT / name for name in found.stdout.split("\0") if name]
    else:
        built = {".git", ".venv", "build", "__pycache__"}
        paths = [path for path in ROOT.rglob("*") if not built & set(path.relative_to(ROOT).parts)]
    return [path for path in paths if path.is_file()]


def python_files(folder: str) -> list[Path]:
    return [
        path
        for path in repository_files()
        if path.suffix == ".py" and path.is_relative_to(ROOT / folder)
    ]


def imports(path: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = (
                ["gateway", *path.relative_to(ROOT / "gateway").parts][: -node.level]
                if node.level
                else []
            )
            module = ".".join([*package, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_package(path: Path) -> str:
    """Package below gateway/ that a file belongs to, or its own name at the top."""
    first = path.relative_to(ROOT / "gateway").parts[0]
    return first.removesuffix(".py")


def run(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_ruff_finds_nothing() -> None:
    run("ruff", "check", "--output-format", "concise", ".")


def test_format_is_ruffs() -> None:
    run("ruff", "format", "--check", "--output-format", "concise", ".")


@pytest.mark.timeout(300)
def test_types_are_strict() -> None:
    run("mypy")


def test_hand_written_c_compiles_without_a_warning() -> None:
    sources = [str(path) for path in (ROOT / "gateway/core").glob("*.c")]
    assert sources
    flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    done = subprocess.run(
        ["cc", *flags, f"-I{ROOT}/gateway/core", *sources],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-8000:]


def test_pure_modules_know_no_loop_socket_or_clock() -> None:
    for name in sorted(PURE):
        path = ROOT / "gateway" / f"{name}.py"
        found = {module.split(".")[0] for module in imports(path)} & IMPURE_MODULES
        assert not found, f"{path.name} imports {sorted(found)}"


RULES = {
    "supervisor": SUPERVISOR_RULES,
    "rest": REST_RULES,
    "config": CONFIG_RULES,
    "metrics": METRICS_RULES,
    "watch": WATCH_RULES,
    "doctor": DOCTOR_RULES,
    "dashboard": DASHBOARD_RULES,
}  # folder of gateway/ -> its modules that are rules


@pytest.mark.parametrize("folder", list(RULES))
def test_rules_of_a_folder_know_no_loop_socket_or_clock(folder: str) -> None:
    known = {f"gateway.{folder}.{name}" for name in RULES[folder]}
    for name in sorted(RULES[folder]):
        found = set(imports(ROOT / "gateway" / folder / f"{name}.py"))
        assert not {module.split(".")[0] for module in found} & IMPURE_MODULES, name
        own = {module for module in found if module.startswith(f"gateway.{folder}.")}
        assert all(module in known or module.rpartition(".")[0] in known for module in own), name


def test_map_of_the_supervisor_names_every_file() -> None:
    """Its docstring tells in which order they work, which a list of files does not."""
    folder = ROOT / "gateway/supervisor"
    chart = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    words = set(re.findall(r"\w+", chart.partition("::")[2]))
    missing = {path.stem for path in folder.glob("*.py")} - {"__init__"} - words
    assert not missing, f"not on the map: {sorted(missing)}"


def test_lines_of_the_live_screen_are_made_without_a_terminal() -> None:
    terminals = IMPURE_MODULES | {"termios", "tty", "select", "sys", "os"}
    for name in sorted(LIVE_RULES):
        found = set(imports(ROOT / "gateway/cli/live" / f"{name}.py"))
        assert not {module.split(".")[0] for module in found} & terminals, name
        assert not found & {"gateway.cli.live.terminal", "gateway.cli.live.show"}, name


def test_rules_of_the_client_know_no_loop_socket_or_clock() -> None:
    for name in sorted(CLIENT_RULES):
        tree = ast.parse((ROOT / f"clients/python/gateway_client/{name}.py").read_text("utf-8"))
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        found = {
            (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
            for node in nodes
            for alias in node.names
        }
        assert not found & IMPURE_MODULES, f"{name}.py imports {sorted(found & IMPURE_MODULES)}"


def test_pure_modules_import_only_pure_ones() -> None:
    for name in sorted(PURE):
        for module in imports(ROOT / "gateway" / f"{name}.py"):
            if module.startswith("gateway."):
                assert module.split(".")[1] in PURE | {"config"}, f"{name} imports {module}"


def test_packages_import_one_way() -> None:
    for path in python_files("gateway"):
        package = own_package(path)
        if package not in MAY_IMPORT:
            continue
        allowed = MAY_IMPORT[package] | {package}
        for module in imports(path):
            parts = module.split(".")
            if parts[0] == "gateway" and len(parts) > 1 and parts[1] in MAY_IMPORT:
                assert parts[1] in allowed, f"{path.relative_to(ROOT)} imports {module}"


def test_nobody_but_the_command_imports_the_command_line() -> None:
    for path in python_files("gateway"):
        if own_package(path) in ("cli", "__main__"):
            continue
        found = [module for module in imports(path) if module.startswith("gateway.cli")]
        assert not found, f"{path.relative_to(ROOT)} imports {found}"


def test_only_worker_and_carrier_join_the_stages_of_a_shard() -> None:
    """Stages may import the shard's pure rules, but never one another."""
    files = {path.stem: path for path in python_files("gateway/shard")}
    stages = {name for name, path in files.items() if not is_rule(path)}
    assert {"connection", "publisher", "worker"} <= stages
    for name in stages - {"__init__", "__main__", "worker", "carrier"}:
        for module in imports(files[name]):
            package, _, part = module.rpartition(".")
            if package == "gateway.shard":
                assert part not in stages, f"shard/{name}.py imports {module}"


def is_rule(path: Path) -> bool:
    """Whether a file of the shard has no I/O, clock or compiled core: values in, decisions out."""
    found = set(imports(path))
    return not (
        {module.split(".")[0] for module in found} & IMPURE_MODULES
        or any(
            module.startswith(("gateway.core", "gateway.shard", "gateway.segment_file"))
            for module in found
        )
    )


def test_client_stands_alone() -> None:
    for path in python_files("clients/python/gateway_client"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
        }
        assert "gateway" not in names, f"{path.relative_to(ROOT)} imports the gateway"


def test_only_what_shows_things_reads_as_a_client_does() -> None:
    for path in python_files("gateway"):
        if own_package(path) in ("cli", "dashboard", "doctor", "metrics", "watch"):
            continue
        found = [module for module in imports(path) if module.split(".")[0] == "gateway_client"]
        assert not found, f"{path.relative_to(ROOT)} imports {found}"


def test_python_files_are_short_enough_to_read() -> None:
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in repository_files()
        if path.suffix == ".py"
    }
    lengths = {
        str(path.relative_to(ROOT)): text.count("\n")
        for path, text in texts.items()
        if not text.startswith("# generated from")
    }
    longest = sorted(lengths.items(), key=lambda item: -item[1])[:10]
    print("\n".join(f"{lines:5} {name}" for name, lines in longest))
    assert [name for name, lines in longest if lines > LINES_MAX] == []


def test_modules_say_what_they_are() -> None:
    for path in [*python_files("gateway"), *python_files("clients/python")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree) or not tree.body, (
            f"{path.relative_to(ROOT)} has no docstring"
        )


def test_top_folders_are_the_known_ones() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in repository_files() if path.parent != ROOT}
    assert found <= TOP_FOLDERS


def test_no_machine_path_and_no_index_address() -> None:
    for path in repository_files():
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), 1
        ):
            leak = LEAKS.search(line)
            assert not leak, f"{path.relative_to(ROOT)}:{number} has {leak[0]!r}" if leak else ""


def test_nothing_is_left_to_do() -> None:
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
    for path in repository_files():
        if path.suffix in {".py", ".pyx", ".pxd", ".c", ".h", ".md", ".toml"}:
            found = words.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(ROOT)} has {found[0] if found else ''}"


def test_lock_pins_everything_by_hash_and_names_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    blocks = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    for block in blocks:
        assert re.match(r"[a-z0-9-]+==[\w.]+( ;[^\\]+)? \\\n", block), block.splitlines()[0]
        assert "--hash=sha256:" in block


def test_lock_has_what_the_project_names() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)==([\w.]+)", text, flags=re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = project["build-system"]["requires"]
    named = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"], *build]
    for requirement in named:
        found = re.match(r"([\w-]+)(==)?([\w.]+)?", requirement)
        assert found is not None, requirement
        name, _, version = found.groups()
        assert name.lower() in locked, f"{name} is not locked: make lock"
        assert version in (None, locked[name.lower()]), (
            f"{requirement}: {locked[name.lower()]} is locked"
        )


def test_no_placeholder_is_left_in_what_users_read() -> None:
    pages = [path for path in repository_files() if path.suffix == ".md"]
    marks = ("_HERE", "TB" + "D", "lorem")
    left = [str(path) for path in pages if any(m in path.read_text("utf-8") for m in marks)]
    assert left == []
