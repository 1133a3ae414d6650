"""The reader in plain Python: same interface as the accelerator, for x86-64 without a compiler.

    Segment      a mapped segment file, checked once
    Ring         a cursor in one of its broadcast rings
    Instrument   one row of it
    Reader       ``quote``, the one call that must be fast

CPython gives no memory fences. On x86-64 none are needed: loads keep their order, an element of a
memoryview is one 8-byte load, and each is an opaque call of its own. Elsewhere that does not hold,
so ``gateway_client`` refuses to run on it. ``struct`` is used on private copies only.
"""

from gateway_client.plain.reader import Instrument, Reader
from gateway_client.plain.ring import Ring
from gateway_client.plain.segment import Segment

__all__ = ["Instrument", "Reader", "Ring", "Segment"]
