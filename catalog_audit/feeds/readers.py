"""From the bytes of a feed to rows with line numbers, lazily: a feed of any size is read in constant memory.

What the file does not say of itself is found out and said: encoding (UTF-8, UTF-8 with BOM, cp1251) and separator
(comma, semicolon, tab). Nothing is silently misread: a row that cannot be told apart from its neighbours comes out as
a :class:`BadRow`, and reading goes on with the line after it.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

SEPARATORS = {",": gettext_noop("comma"), ";": gettext_noop("semicolon"), "\t": gettext_noop("tab")}
_SAMPLE_CHARACTERS = 256 * 1024
_BLOCK = 1024 * 1024
_UNREADABLE = re.compile("[\ud800-\udfff\0]")
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a compressed file",
    b"<?xml": "an XML document",
    codecs.BOM_UTF16_LE: "text in UTF-16",
    codecs.BOM_UTF16_BE: "text in UTF-16",
}


class FeedError(Exception):
    """The feed as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """Cells as they stand in the file, and the line (from 1) where the row starts."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken apart."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Feed:
    """An open feed.

    Attributes:
        header: the column names, stripped, in the order of the file.
        rows: everything below the header, without blank lines.
        encoding: as people call it, for example "UTF-8 with BOM".
        separator: "comma", "semicolon" or "tab".
    """

    header: tuple[str, ...]
    rows: Iterator[RawRow | BadRow]
    encoding: str
    separator: str


class _Lines:
    """Lines of a stream that can be put back, counted from 1; remembers the lines of the record being read."""

    def __init__(self, stream: Iterator[str], first: int = 1) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque()
        self._next = first
        self.record: list[str] = []
        self.start = first

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._stream)
        self._next += 1
        self.record.append(line)
        return line

    def begin(self) -> None:
        """A new record starts with the next line."""
        self.record = []
        self.start = self._next

    def read_again_after_first(self) -> None:
        """Put back all lines of the record but the first: they are rows of their own."""
        self._waiting.extendleft(reversed(self.record[1:]))
        self._next -= len(self.record) - 1


def _rows(lines: _Lines, delimiter: str) -> Iterator[RawRow | BadRow]:
    """Take the lines apart; blank lines are passed over."""
    # strict: without it a quotation mark that is never closed swallows the rest of the file as one cell.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(lines.start, _explain(str(error), delimiter))
            lines.read_again_after_first()
            # The old reader may have met the end of the lines, which is final for it.
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if _UNREADABLE.search("".join(cells)):
            yield BadRow(lines.start, _("contains bytes that are no text in the file's encoding"))
        elif any(cell.strip() for cell in cells):
            yield RawRow(lines.start, cells)


def _explain(error: str, delimiter: str) -> str:
    if "unexpected end" in error or "field larger" in error:
        return _("a quotation mark is not closed")
    if "expected after" in error:
        return _("a quotation mark inside a quoted cell must be doubled, or a separator (%(separator)s) is missing") % {
            "separator": _(SEPARATORS[delimiter])
        }
    return error


# --- what the file does not say of itself -----------------------------------------------------------------------------


def find_encoding(path: Path) -> tuple[str, str]:
    """Find out the encoding of a whole file.

    Returns:
        Python's name and the name that people know.

    Raises:
        FeedError: the file is empty, or no CSV at all.
    """
    with path.open("rb") as stream:
        block = stream.read(_BLOCK)
        if not block.strip():
            raise FeedError(_("%(name)s is empty.") % {"name": path.name})
        for magic, what in _FOREIGN.items():
            if block.removeprefix(codecs.BOM_UTF8).startswith(magic):
                raise FeedError(
                    _("%(name)s is %(what)s, not CSV. Save it as CSV (UTF-8) and try again.")
                    % {"name": path.name, "what": what}
                )
        with_bom = block.startswith(codecs.BOM_UTF8)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        wrong = right = 0
        while block:
            text = decoder.decode(block)
            replaced = text.count("�")
            wrong += replaced
            right += len(text) - len(text.encode("ascii", "ignore")) - replaced
            block = stream.read(_BLOCK)
        wrong += decoder.decode(b"", final=True).count("�")
    if with_bom:
        return "utf-8-sig", "UTF-8 with BOM"
    # Russian text in cp1251 is nearly never valid UTF-8, and the other way round: the majority tells.
    if wrong > right:
        return "cp1251", "cp1251"
    return "utf-8", "UTF-8"


def find_separator(sample: str) -> str:
    """Find out which character separates the cells: the one that splits most rows as it splits the header.

    Args:
        sample: the beginning of the file; its last record may be cut off.
    """
    best, best_score = ",", (0.0, 0)
    for delimiter in SEPARATORS:
        widths = [
            len(row.cells)
            for row in _rows(_Lines(iter(io.StringIO(sample, newline=""))), delimiter)
            if isinstance(row, RawRow)
        ][:200]
        if not widths or widths[0] < 2:
            continue
        agreeing = sum(width == widths[0] for width in widths) / len(widths)
        # Rounded, so that a few bad rows do not outweigh a header that falls into many more columns.
        score = (round(agreeing, 1), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _sample(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        text = stream.read(_SAMPLE_CHARACTERS)
    if len(text) < _SAMPLE_CHARACTERS:
        return text
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text


# --- reading ----------------------------------------------------------------------------------------------------------


@contextmanager
def open_feed(path: Path) -> Iterator[Feed]:
    """Open a CSV feed; its rows can be read while the block runs.

    Raises:
        FeedError: the file is missing, empty, not CSV, or has no header.
    """
    try:
        codec, encoding = find_encoding(path)
        sample = _sample(path, codec)
        # Bytes that the encoding does not have come out as lone surrogates: only their rows are refused.
        stream = path.open(encoding=codec, errors="surrogateescape", newline="")
    except FileNotFoundError:
        raise FeedError(_("There is no file %(path)s.") % {"path": path}) from None
    except IsADirectoryError:
        raise FeedError(_("%(path)s is a folder, not a file.") % {"path": path}) from None
    except OSError as error:
        raise FeedError(_("%(path)s cannot be read: %(reason)s.") % {"path": path, "reason": error.strerror}) from None
    with stream:
        lines = _Lines(stream)
        announced = re.match(r"sep=([,;\t])\r?\n?", sample)
        if announced:  # Excel's own way to name the separator, on a line above the header
            next(lines)
        delimiter = announced.group(1) if announced else find_separator(sample)
        rows = _rows(lines, delimiter)
        header = next(rows, None)
        if not isinstance(header, RawRow):
            raise FeedError(_("%(name)s has no header: its first row must name the columns.") % {"name": path.name})
        names = tuple(cell.strip() for cell in header.cells)
        yield Feed(header=names, rows=rows, encoding=encoding, separator=SEPARATORS[delimiter])
