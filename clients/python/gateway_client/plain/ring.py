"""A reader's place in a broadcast ring, in plain Python."""

from __future__ import annotations

import mmap
import struct
from typing import Final, NamedTuple

from gateway_client.layout import FIELDS, SIZES, Kind
from gateway_client.plain.sections import Section

NUMBER_UNKNOWN: Final = -1
_SPARE = 64  # bytes a writer may add to a record so that no short gap stays at the ring's end

_TAIL_INTENT = FIELDS["ring"]["tail_intent"][0] // 8
_TAIL = FIELDS["ring"]["tail"][0] // 8
_COUNT = FIELDS["ring"]["record_count"][0] // 8
_META_LENGTH = FIELDS["meta"]["length"][0]
_META_KIND = FIELDS["meta"]["kind"][0]
_META_POSITION = FIELDS["meta"]["ring_position"][0]
_META_SYMBOL = FIELDS["meta"]["symbol"][0]
_U32 = struct.Struct("<I").unpack_from
_PAD = int(Kind.PAD)
_RECORD_MIN = SIZES["quote"]


class _Head(NamedTuple):
    """The words of a record's head that a reader needs before it trusts its length."""

    number: int
    length: int
    kind: int
    is_sound: bool  # inside the ring, aligned, and not beyond the tail


class Ring:
    """A reader's place in a ring; starts behind the newest record.

    ``lost`` counts records lost since then, exact with each record read; ``laps`` how often the
    writer overtook this reader (a damaged record counts as one).
    """

    def __init__(self, memory: mmap.mmap, words: memoryview[int], section: Section) -> None:
        self.memory = memory
        self.words = words
        self._head = section.offset // 8
        self._data = section.offset + section.cell_offset
        self._capacity = section.ring_capacity
        self.start_at_tail()

    def start_at(self, position: int) -> None:
        """Go on at ``position``, as a slot's ``ring_position``: what follows that state."""
        self.position = position
        self.number = 0 if position == 0 else NUMBER_UNKNOWN
        self.lost = 0
        self.laps = 0

    def start_at_tail(self) -> None:
        """Go on behind the newest record."""
        for _ in range(1000):
            tail = self.words[self._head + _TAIL]
            self.start_at(tail)
            if tail:
                self.number = self._number_at(tail)
            if self.number != NUMBER_UNKNOWN:
                return

    def start_at_oldest(self) -> None:
        """Go on at the first record ever, or an eighth of the ring ahead of the writer."""
        for _ in range(4):
            tail = self.words[self._head + _TAIL]
            self.start_at(0)
            if tail <= self._capacity:
                return
            if self._seek((tail - self._capacity + self._capacity // 8) & ~63, tail):
                return
        self.start_at_tail()

    def next(self, symbol_row: int = -1) -> bytes | None:
        """Copy of the next record, or None; with ``symbol_row`` the next one of that instrument."""
        while True:
            record = self._next()
            if record is None or symbol_row < 0 or _U32(record, _META_SYMBOL)[0] == symbol_row:
                return record

    def _next(self) -> bytes | None:
        while True:
            position = self.position
            tail = self.words[self._head + _TAIL]
            if tail == position:
                return None
            if not 0 < tail - position <= self._capacity:
                self._jump()
                return None
            head = self._peek(position, tail)
            at = self._data + (position & (self._capacity - 1))
            is_pad = head.kind == _PAD
            record = self.memory[at : at + head.length] if head.is_sound and not is_pad else b""
            # Read before the writer's intent is: if that has not come round, all of it was whole.
            intent = self.words[self._head + _TAIL_INTENT]
            if intent - position > self._capacity or not head.is_sound:
                self._jump()
                return None
            self.position = position + head.length
            if is_pad:
                continue
            if self.number != NUMBER_UNKNOWN:
                self.lost += head.number - self.number - 1
            self.number = head.number
            return record

    def _peek(self, position: int, tail: int) -> _Head:
        index = position & (self._capacity - 1)
        room = self._capacity - index
        if position % 64 or room < _RECORD_MIN:
            return _Head(0, 0, 0, False)
        words, first = self.words, (self._data + index) // 8
        number = words[first]
        length = words[first + _META_LENGTH // 8] & 0xFFFFFFFF
        kind = words[first + _META_KIND // 8] & 0xFF
        limit = room if kind == _PAD else min(room, self._capacity // 8 + _SPARE)
        sound = _RECORD_MIN <= length <= min(limit, tail - position) and length % 64 == 0
        if kind != _PAD:
            sound = sound and words[first + _META_POSITION // 8] == position
        return _Head(number, length, kind, sound)

    def _jump(self) -> None:
        """Go to the tail. What is lost is counted now if the writer is at rest, else later."""
        tail = self.words[self._head + _TAIL]
        number = self._number_at(tail)
        self.position = tail
        self.laps += 1
        if NUMBER_UNKNOWN not in (number, self.number):
            self.lost += number - self.number
            self.number = number

    def _number_at(self, tail: int) -> int:
        """Number of the record that ends at ``tail``; unknown while the writer is in a batch."""
        count = self.words[self._head + _COUNT]
        return count if self.words[self._head + _TAIL_INTENT] == tail else NUMBER_UNKNOWN

    def _seek(self, position: int, tail: int) -> bool:
        for at in range(position, tail, 64):
            head = self._peek(at, tail)
            if head.is_sound and head.kind != _PAD and self._is_boundary(at, tail):
                self.start_at(at)
                self.number = head.number - 1
                # Believed only if the writer has not come round meanwhile.
                intent: int = self.words[self._head + _TAIL_INTENT]
                return intent - at <= self._capacity
        return False

    def _is_boundary(self, position: int, tail: int) -> bool:
        """Whether the record leads on to the tail, or over eight that each state their place."""
        for _ in range(8):
            if position == tail:
                break
            head = self._peek(position, tail)
            if not head.is_sound:
                return False
            position += head.length
        return True
