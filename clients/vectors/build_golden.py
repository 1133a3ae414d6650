"""Make the golden segments ``segment_v1``, ``segment_v1_1`` to ``segment_v1_3``, each .hex and .json.

python clients/vectors/build_golden.py           write the files
python clients/vectors/build_golden.py --check   exit 1 where they differ from what is here
"""

from __future__ import annotations

import sys
from pathlib import Path

import minor0
import minor1
import minor2
import minor3

HERE = Path(__file__).parent
SEGMENTS = {
    "segment_v1": minor0.build, "segment_v1_1": minor1.build, "segment_v1_2": minor2.build,
    "segment_v1_3": minor3.build,
}  # fmt: skip


def main() -> int:
    """Write the files, or compare them with --check."""
    stale = 0
    for stem, build in SEGMENTS.items():
        for suffix, content in zip((".hex", ".json"), build(), strict=True):
            path = HERE / f"{stem}{suffix}"
            if sys.argv[1:] != ["--check"]:
                path.write_text(content, encoding="utf-8")
            elif not path.exists() or path.read_text(encoding="utf-8") != content:
                print(f"{path.name} differs from what build_golden.py makes", file=sys.stderr)
                stale = 1
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
