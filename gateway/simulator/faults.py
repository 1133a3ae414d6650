"""What the simulator does wrong on purpose. Pure: it decides and counts, others act.

Frames are taken off the wire only; the truth always keeps them. Deterministic: the n-th frame of a
stream is dropped in every run alike.
"""

from __future__ import annotations

from collections import Counter


class Drops:
    """Frames to be taken off the wire.

    ``every``: of each diff-depth stream, the frames number every, 2 x every, 3 x every ... are
    dropped, counted from 1 over the frames that at least one socket was due to get. ``arm`` drops
    the next frames of one stream, of any kind.
    """

    def __init__(self, every: int | None = None) -> None:
        self.every = every
        self.dropped: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self._armed: Counter[str] = Counter()

    def arm(self, stream: str, count: int) -> None:
        """Drop the next ``count`` frames of ``stream``, written with its market."""
        self._armed[stream] += count

    def concerns(self, stream: str, is_diff: bool) -> bool:
        """Say whether ``take`` needs to be asked for this stream at all."""
        return (is_diff and self.every is not None) or self._armed[stream] > 0

    def take(self, stream: str, is_diff: bool) -> bool:
        """Say whether the stream's next frame is dropped, and count it."""
        is_due = False
        if is_diff and self.every is not None:
            self._seen[stream] += 1
            is_due = self._seen[stream] % self.every == 0
        if self._armed[stream] > 0:
            self._armed[stream] -= 1
            is_due = True
        if is_due:
            self.dropped[stream] += 1
        return is_due
