"""Prometheus' own checker, where it is installed (Debian: apt-get install prometheus)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def check_metrics(text: str) -> str | None:
    """Return what promtool finds wrong with a text, "" for nothing; None: it is not installed."""
    return _run(["check", "metrics"], text)


def check_expressions(expressions: Sequence[str], folder: Path) -> str | None:
    """The same of PromQL, with Grafana's variables filled in."""
    rules = [
        {"record": f"rule{number}", "expr": re.sub(r"\$\w+", _value, expression)}
        for number, expression in enumerate(expressions)
    ]
    path = folder / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))  # JSON is YAML
    return _run(["check", "rules", str(path)], "")


def _value(variable: re.Match[str]) -> str:
    return "5m" if variable[0].startswith("$__") else ".*"


def _run(arguments: Sequence[str], given: str) -> str | None:
    command = shutil.which(os.environ.get("PROMTOOL", "promtool"))
    if command is None:
        return None
    done = subprocess.run(
        [command, *arguments], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    said = (done.stdout + done.stderr).strip()
    return "" if done.returncode == 0 else said or f"promtool ended with {done.returncode}"
