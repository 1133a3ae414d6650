"""The compiled core: decode, book, segment, engine (C), and its Cython face.

Reading order: engine_core.c (a frame from end to end); json.h, number.h, envelope.c, decode*.c;
arrival.h, events.c, rows.c; sequence.h, book.c, book_sync.c; emit.c, raw.c, segment.c, publish.c;
links.c, watch.c with silence.h, feeds.c, directory.c, synthetic.c; engine.pyx.
"""

from __future__ import annotations

from importlib.metadata import version

# The extension was built against this picows' C structs; another one loads without complaint and
# reads fields at the wrong offsets.
PICOWS_VERSION = "2.3.1"

if version("picows") != PICOWS_VERSION:
    raise ImportError(
        f"gateway was built against picows {PICOWS_VERSION}, but {version('picows')} is installed: "
        "run `make setup` again"
    )
