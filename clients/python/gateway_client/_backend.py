"""Which reader is used: the accelerator, or plain Python where that is safe."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from gateway_client.errors import AcceleratorMissing

# Plain Python relies on x86-64 keeping the order of loads (see plain.py).
ORDERED_MACHINES = ("x86_64", "AMD64")
MISSING = ""

if TYPE_CHECKING:
    from gateway_client.plain import Instrument, Reader, Ring, Segment
    from gateway_client.values import Quote
else:
    try:
        if os.environ.get("GATEWAY_CLIENT_PURE") == "1":
            raise ImportError("GATEWAY_CLIENT_PURE=1")
        from gateway_client._accel import Instrument, Quote, Reader, Ring, Segment
    except ImportError as exc:
        MISSING = str(exc)
        from gateway_client.plain import Instrument, Reader, Ring, Segment
        from gateway_client.values import Quote

__all__ = ["Instrument", "Quote", "Reader", "Ring", "Segment", "check_machine"]


def check_machine(accelerated: bool, machine: str = "") -> None:
    """Raise AcceleratorMissing where plain Python would read without any memory order."""
    machine = machine or platform.machine()
    if not accelerated and machine not in ORDERED_MACHINES:
        raise AcceleratorMissing(machine, MISSING or "it is not built")
