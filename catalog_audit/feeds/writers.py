"""Writing CSV that does no harm: plain UTF-8 with commas, and no cell that a spreadsheet takes for a formula.

UTF-8 is written without a byte order mark, because most programs that read a feed take the mark for a part of the
first column's name. Lines end with CR LF, as RFC 4180 has it (Python's writer then also quotes cells with a lone CR).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from catalog_audit.catalog.files import atomic_file

#: Spreadsheets run a cell that begins with one of these, whatever wrote it.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

#: Numbers are formatted by us and are no texts of a shop, so that a negative one stays a number.
Cell = str | int | float | None


def harmless(cell: Cell) -> str:
    """The cell as it is written: a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_DANGEROUS) else cell
    return str(cell)


def probability(value: float | None) -> str:
    """A probability with four decimals, or "" when there is none."""
    return "" if value is None else f"{value:.4f}"


def lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The CSV text, the header first, in pieces of some hundred rows: any number of rows in constant memory."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([harmless(cell) for cell in row])
        if number % 500 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


@contextmanager
def csv_file(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Sequence[Cell]], None]]:
    """Write a CSV file row by row; it appears, whole, when the block ends well.

    An older file of that name stays until then.

    Yields:
        A function that writes one row.

    Raises:
        FileProblem: the file cannot be written (no such folder, disk full, ...).
    """
    with atomic_file(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        yield lambda row: writer.writerow([harmless(cell) for cell in row])


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a whole CSV file, as :func:`csv_file` does; returns the number of rows below the header."""
    count = 0
    with csv_file(path, columns) as write:
        for row in rows:
            write(row)
            count += 1
    return count
