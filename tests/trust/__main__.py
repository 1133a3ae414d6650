"""Seeds of simulated trouble, one after the other, and what they came to.

python -m tests.trust --seeds 1000        --seed N runs one and says all that was wrong
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.trust.run import run
from tests.trust.summary import Summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=1, help="from this one on")
    parser.add_argument("--seed", type=int, help="this one alone")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    if arguments.seed is not None:
        seeds = range(arguments.seed, arguments.seed + 1)
    began, summary = time.monotonic(), Summary()
    for seed in seeds:
        report = run(seed)
        summary.add(report)
        if not report.is_good:
            print(report.describe(), flush=True)
    print(summary.table())
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if summary.bad else 0


if __name__ == "__main__":
    sys.exit(main())
