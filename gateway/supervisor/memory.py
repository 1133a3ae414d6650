"""How the C library keeps memory that is free: little, as the supervisor lives for months.

By default glibc gives every thread a heap of its own, and takes large blocks from the heaps too
once one of that size was freed (mallopt(3)). A supervisor reads exchangeInfo (15 MB of spot) and
ten thousand rates now and then, each time in another of its threads: every heap would grow to
the largest of all that, one after the other, for hours. Its threads take turns anyway, under
Python's lock, so one heap serves them all, and large blocks go back to the system when freed.
"""

from __future__ import annotations

import ctypes
from typing import Final

MMAP_BYTES: Final = 128 << 10  # glibc's own first values; set, they no longer move
TRIM_BYTES: Final = 128 << 10
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h


def keep_little() -> bool:
    """Set it for this process, before threads are started; False: another C library, left alone."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = (
        (_M_ARENA_MAX, 1),
        (_M_MMAP_THRESHOLD, MMAP_BYTES),
        (_M_TRIM_THRESHOLD, TRIM_BYTES),
    )
    return all([mallopt(name, value) == 1 for name, value in settings])
