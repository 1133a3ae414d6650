"""What does one level update of an order book cost, and its top 20?

Topology: none; the C book in a loop, CPU time of this process, best of seven. Updates cluster near
the top and 30 % remove a level, as recorded markets have it. The end state is compared with a dict.
``--smoke``: a toy size for the tests.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from bench import machine
from gateway.core.probe import Book

MIDDLE = 9_000_000


def updates(count: int, spread: int, seed: int = 1) -> list[tuple[int, int]]:
    """(price, quantity) of bids: exponentially fewer further from the top."""
    rng = random.Random(seed)
    return [
        (
            MIDDLE - int(rng.expovariate(8 / spread)),
            0 if rng.random() < 0.3 else rng.randint(1, 10**8),
        )
        for _ in range(count)
    ]


def check(levels: int, changes: list[tuple[int, int]]) -> None:
    """The book ends as a dict does; AssertionError where it does not."""
    book, plain = Book(10_000), {MIDDLE - n: 1 for n in range(levels)}
    book.set_many(0, list(plain.items()))
    book.set_many(0, changes)
    plain.update(changes)
    true = sorted(((px, qty) for px, qty in plain.items() if qty), reverse=True)
    assert book.top(len(true) + 1)[0] == true


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a toy size, for the tests")
    count = 2_000 if parser.parse_args().smoke else 200_000
    print(machine.line())
    print(f"{'levels':>7}{'ns per update':>15}{'us top 20, from Python':>24}")
    for levels in (1000, 5000):
        changes = updates(count, levels)
        check(levels, changes)
        book = Book(10_000)
        book.set_many(0, [(MIDDLE - n, 1) for n in range(levels)])
        spent = min(book.set_many(0, changes) for _ in range(7)) / count
        begun = time.process_time_ns()
        for _ in range(100):
            book.top(20)
        top = (time.process_time_ns() - begun) / 100 / 1000
        print(f"{levels:>7}{spent:>15.1f}{top:>24.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
