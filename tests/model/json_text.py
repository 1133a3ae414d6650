"""JSON text (RFC 8259), strictly: where does it end, and how does it go wrong.

The grammar is LL(1), so a text is TRUNCATED exactly when the scanner runs out of input, and
SYNTAX exactly when it meets a character that no continuation can mend.
"""

from __future__ import annotations

import re

DEPTH_MAX = 65  # the payload itself, and 64 below it
_SPACE = " \t\n\r"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_NUMBER_BEGUN = re.compile(
    r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?:\.[0-9]+)?[eE][+-]?[0-9]*)?)?\Z", re.ASCII
)
_HEX = set("0123456789abcdefABCDEF")


class Stop(Exception):
    """The scanner cannot go on: ``code`` is SYNTAX, TRUNCATED or NESTING."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Scanner:
    """Walks over a JSON text; ``member_end`` is behind the last whole top-level member."""

    def __init__(self, text: str, depth_max: int = DEPTH_MAX) -> None:
        self.text = text
        self.depth_max = depth_max
        self.member_end = 0
        self.is_whole = False

    def document(self) -> None:
        """Walk over a whole document; raises ``Stop``."""
        end = self.value(self._space(0), 0)
        self.is_whole = True
        end = self._space(end)
        if end != len(self.text):
            raise Stop("SYNTAX")

    def value(self, at: int, depth: int) -> int:
        """Walk over the value at ``at``; returns the index behind it."""
        first = self._peek(at)
        if first == '"':
            return self.string(at)
        if first == "{":
            return self._object(at, self._deeper(depth))
        if first == "[":
            return self._array(at, self._deeper(depth))
        for word in ("true", "false", "null"):
            if first == word[0]:
                return self._word(at, word)
        return self._number(at)

    def string(self, at: int) -> int:
        at = self._expect(at, '"')
        while (char := self._peek(at)) != '"':
            if char < " ":
                raise Stop("SYNTAX")
            at = self._escape(at + 1) if char == "\\" else at + 1
        return at + 1

    def _object(self, at: int, depth: int) -> int:
        at = self._space(at + 1)
        if self._peek(at) == "}":
            return at + 1
        while True:
            at = self._expect(self._space(self.string(at)), ":")
            at = self.value(self._space(at), depth)
            if depth == 1:
                self.member_end = at
            at = self._space(at)
            if self._peek(at) == "}":
                return at + 1
            at = self._space(self._expect(at, ","))

    def _array(self, at: int, depth: int) -> int:
        at = self._space(at + 1)
        if self._peek(at) == "]":
            return at + 1
        while True:
            at = self._space(self.value(at, depth))
            if self._peek(at) == "]":
                return at + 1
            at = self._space(self._expect(at, ","))

    def _deeper(self, depth: int) -> int:
        if depth >= self.depth_max:
            raise Stop("NESTING")
        return depth + 1

    def _escape(self, at: int) -> int:
        char = self._peek(at)
        if char != "u":
            if char not in '"\\/bfnrt':
                raise Stop("SYNTAX")
            return at + 1
        for digit in range(at + 1, at + 5):
            if self._peek(digit) not in _HEX:
                raise Stop("SYNTAX")
        return at + 5

    def _word(self, at: int, word: str) -> int:
        for offset, char in enumerate(word):
            self._expect(at + offset, char)
        return at + len(word)

    def _number(self, at: int) -> int:
        match = _NUMBER.match(self.text, at)
        if match is not None and match.end() == len(self.text):
            return match.end()
        if _NUMBER_BEGUN.match(self.text, at):
            raise Stop("TRUNCATED")
        if match is None:
            raise Stop("SYNTAX")
        return match.end()

    def _space(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in _SPACE:
            at += 1
        return at

    def _peek(self, at: int) -> str:
        if at >= len(self.text):
            raise Stop("TRUNCATED")
        return self.text[at]

    def _expect(self, at: int, char: str) -> int:
        if self._peek(at) != char:
            raise Stop("SYNTAX")
        return at + 1


def verdict(text: str) -> tuple[str | None, int, bool]:
    """Return the fault (or None), where the last whole top-level member ends, and whether the
    fault lies behind a whole value."""
    scanner = Scanner(text)
    code = None
    try:
        scanner.document()
    except Stop as stop:
        code = stop.code
    return code, scanner.member_end, scanner.is_whole
