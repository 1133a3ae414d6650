"""Whether the kernel's clock is synchronised: adjtimex(2), which needs no rights to read."""

from __future__ import annotations

import ctypes
import struct
from pathlib import Path
from typing import Final

from gateway.doctor.judge import Synchronised

_TIME_ERROR: Final = 5  # TIME_ERROR of <sys/timex.h>: not synchronised
_STA_UNSYNC: Final = 0x40
_TIMEX: Final = struct.Struct("=I4xqqqqi")  # modes, offset, freq, maxerror (us), esterror, status
_TIMEX_BYTES: Final = 512  # struct timex has 208; room for later ones
_TIMESYNCD: Final = Path("/run/systemd/timesync/synchronized")


def synchronised() -> Synchronised:
    """Ask the kernel; where a container's filter forbids it, systemd-timesyncd's own mark."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes 0: nothing is set
    state = libc.adjtimex(found)
    if state < 0:
        return Synchronised(_TIMESYNCD.exists(), _TIMESYNCD.exists())
    _, _, _, error_us, _, status = _TIMEX.unpack_from(found.raw)
    is_set = state != _TIME_ERROR and not status & _STA_UNSYNC
    return Synchronised(True, is_set, error_us / 1e6)
