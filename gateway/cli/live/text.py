"""Pieces of text with a style → lines of an exact width, and tables of them. Pure.

A style is rich's, as "bold red"; empty for plain text. Widths are columns of a terminal: names may
be of characters that take two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

Piece = tuple[str, str]
"""Text and style."""
Line = list[Piece]

CUT = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Those of the greatest ``rank`` are left out first; 0: never."""

    title: str
    side: str = ">"
    least: int = 0
    rank: int = 0


def columns_of(text: str) -> int:
    """Return how wide a text is shown."""
    return len(text) if text.isascii() else cell_len(text)


def width_of(line: Line) -> int:
    """Return how wide a line is shown."""
    return sum(columns_of(text) for text, _ in line)


def fit(text: str, width: int, side: str = "<") -> str:
    """Return the text in exactly ``width`` columns: filled up, or cut with a … at its end."""
    wide = columns_of(text)
    if wide > width:
        return set_cell_size(text, width - 1) + CUT if width > 1 else CUT[:width]
    fill = " " * (width - wide)
    return text + fill if side == "<" else fill + text


def cut(line: Line, width: int) -> Line:
    """Return a line no wider than ``width``."""
    if width_of(line) <= width:
        return line
    found: Line = []
    left = width
    for text, style in line:
        wide = columns_of(text)
        if wide >= left:
            return [*found, (fit(f"{text} " if wide == left else text, left), style)]
        found.append((text, style))
        left -= wide
    return found


def filled(line: Line, width: int) -> Line:
    """Return a line of exactly ``width``."""
    found = cut(line, width)
    missing = width - width_of(found)
    return [*found, (" " * missing, "")] if missing else found


def ends(left: Line, right: Line, width: int) -> Line:
    """Return a line with something at both ends; the left end is cut where both do not fit."""
    room = width - width_of(right)
    return (
        cut([*filled(left, room - 1), (" ", ""), *right], width) if room > 1 else cut(left, width)
    )


def flow(parts: Iterable[Line], width: int, apart: str = "   ") -> list[Line]:
    """Return as few lines as hold all parts one behind the other, none of them broken."""
    lines: list[Line] = []
    for part in parts:
        if lines and width_of(lines[-1]) + len(apart) + width_of(part) <= width:
            lines[-1] = [*lines[-1], (apart, ""), *part]
        else:
            lines.append(cut(part, width))
    return lines


def beside(left: Sequence[Line], right: Sequence[Line], left_width: int, apart: int) -> list[Line]:
    """Return two blocks side by side."""
    count = max(len(left), len(right))
    padded = [*left, *([[]] * (count - len(left)))], [*right, *([[]] * (count - len(right)))]
    gap = (" " * apart, "")
    return [[*filled(a, left_width), gap, *b] for a, b in zip(*padded, strict=True)]


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[Piece]], width: int | None, apart: int = 2
) -> list[Line]:
    """Return the titles and a line a row, in ``width`` (None: as wide as they are).

    Columns that do not fit are left out by their rank; then the widest name is cut.
    """
    widths = [
        max(column.least, columns_of(column.title), *(columns_of(row[n][0]) for row in rows), 0)
        for n, column in enumerate(columns)
    ]
    shown = _shown(columns, widths, width, apart)
    if width is not None and (over := _total(shown, widths, apart) - width) > 0:
        names = [n for n in shown if columns[n].side == "<"] or shown
        widest = max(names, key=widths.__getitem__)
        widths[widest] = max(1, widths[widest] - over)
    titles: Sequence[Piece] = [(column.title, "bold") for column in columns]
    lines = [_row(each, shown, columns, widths, apart) for each in (titles, *rows)]
    return lines if width is None else [cut(line, width) for line in lines]


def plain(line: Line) -> str:
    """Return a line without its styles."""
    return "".join(text for text, _ in line).rstrip()


def _shown(
    columns: Sequence[Column], widths: Sequence[int], width: int | None, apart: int
) -> list[int]:
    shown = list(range(len(columns)))
    while width is not None and _total(shown, widths, apart) > width:
        last = max(shown, key=lambda n: columns[n].rank)
        if not columns[last].rank:
            break
        shown.remove(last)
    return shown


def _total(shown: Sequence[int], widths: Sequence[int], apart: int) -> int:
    return sum(widths[n] for n in shown) + apart * (len(shown) - 1)


def _row(
    row: Sequence[Piece], shown: Sequence[int], columns: Sequence[Column], widths: Sequence[int],
    apart: int,
) -> Line:  # fmt: skip
    line: Line = []
    for n in shown:
        if line:
            line.append((" " * apart, ""))
        text, style = row[n]
        line.append((fit(text, widths[n], columns[n].side), style))
    return line
