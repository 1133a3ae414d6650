"""What a gateway carries, stream by stream."""

from __future__ import annotations

from dataclasses import dataclass

from gateway_client.directory import Directory
from gateway_client.layout import Shape
from gateway_client.records import KINDS, EventKind
from gateway_client.streams import WHOLE

_SHAPES = {int(shape): shape for shape in Shape}


@dataclass(frozen=True, slots=True)
class Stream:
    """What a stream is. ``symbol`` is empty where it is of no instrument, or of many."""

    name: str
    symbol: str
    kind: EventKind
    shape: Shape

    @property
    def is_whole(self) -> bool:
        """Whether its frames are of many instruments, each of which has a stream of its own.

        It has neither events nor a latest value itself.
        """
        return self.shape in WHOLE


def stream_of(directory: Directory, name: str) -> Stream:
    """The stream ``name``, also one that was added since. Raises UnknownStream."""
    attached, row = directory.find_stream(name)
    kind, shape = KINDS.get(row.kind, EventKind.UNKNOWN), _SHAPES.get(row.shape, Shape.OBJECT)
    return Stream(name, attached.instrument(row.symbol).symbol, kind, shape)
