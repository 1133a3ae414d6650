"""Command line of the layout export: ``python -m gateway.layout_export [--check]``.

Without an option it writes what changed and names it. ``--check`` writes nothing and exits 1,
naming the stale files.
"""

from __future__ import annotations

import argparse
import sys

from gateway.layout_export import ROOT, stale, write


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m gateway.layout_export")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 where stale")
    if not parser.parse_args().check:
        for path in write():
            print(f"wrote {path.relative_to(ROOT)}")
        return 0
    found = stale()
    for path in found:
        print(f"{path.relative_to(ROOT)} is stale: run make layout", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
