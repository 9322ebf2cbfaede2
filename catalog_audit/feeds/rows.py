"""One row of a feed: parsed and checked, or refused with the field and the reason. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from catalog_audit.feeds.columns import EXTERNAL_ID, IMAGE, LABEL_FIELDS, TEXT_FIELDS, Columns
from catalog_audit.feeds.readers import RawRow

#: Longest text of each field, in characters; as the database holds them.
LIMITS: dict[str, int] = {
    EXTERNAL_ID: 200,
    "title": 500,
    "group": 200,
    "brand": 200,
    "description": 100_000,
    "url": 1000,
}
LABEL_LIMIT = 200
PICTURE_LIMIT = 1000
MAX_PICTURES = 50

#: Separates several pictures in one cell.
PICTURE_SEPARATOR = "|"


class RowError(Exception):
    """Why a row is refused: its line (from 1), the field ("" when it is the row as a whole) and the reason."""

    def __init__(self, line: int, field: str, reason: str, external_id: str = "") -> None:
        self.line = line
        self.field = field
        self.reason = reason
        self.external_id = external_id
        super().__init__(f"line {line}: {field} {reason}")


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A row that can be imported.

    Attributes:
        line: where it starts in the file, from 1.
        external_id: the shop's own name for the product, unique within the shop.
        texts: field (of ``TEXT_FIELDS``) -> text; only the fields that the feed has.
        labels: attribute code -> the shop's word, "" when the cell is empty; only the attributes that the feed has.
        pictures: the names of the pictures as the feed writes them; None when the feed has no such column.
    """

    line: int
    external_id: str
    texts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[str, ...] | None = None


def parse(row: RawRow, columns: Columns) -> ParsedRow:
    """Check a row and take it apart.

    Raises:
        RowError: the first thing that is wrong with it.
    """
    if len(row.cells) != columns.count:
        known = row.cells[columns.index[EXTERNAL_ID]].strip() if columns.index[EXTERNAL_ID] < len(row.cells) else ""
        reason = _("has %(cells)d cells, the header has %(columns)d") % {
            "cells": len(row.cells),
            "columns": columns.count,
        }
        raise RowError(row.line, "", reason, known[: LIMITS[EXTERNAL_ID]])

    cells = {name: row.cells[index].strip() for name, index in columns.index.items()}
    external_id = cells[EXTERNAL_ID]
    if not external_id:
        raise RowError(row.line, EXTERNAL_ID, _("is empty"))

    def refuse(name: str, reason: str) -> RowError:
        return RowError(row.line, name, reason, external_id[: LIMITS[EXTERNAL_ID]])

    for name, text in cells.items():
        limit = LABEL_LIMIT if name in LABEL_FIELDS else LIMITS.get(name)
        if limit is not None and len(text) > limit:
            raise refuse(name, _too_long(text, limit))
    if cells.get("url") and not _is_web_address(cells["url"]):
        raise refuse("url", _("is no web address (http:// or https://)"))
    return ParsedRow(
        line=row.line,
        external_id=external_id,
        texts={name: cells[name] for name in TEXT_FIELDS if name in cells},
        labels={attribute: cells[name] for name, attribute in LABEL_FIELDS.items() if name in cells},
        pictures=_pictures(cells[IMAGE], refuse) if IMAGE in cells else None,
    )


def _pictures(cell: str, refuse: Callable[[str, str], RowError]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in cell.split(PICTURE_SEPARATOR) if name.strip())
    if len(names) > MAX_PICTURES:
        raise refuse(
            IMAGE,
            _("names %(count)d pictures, at most %(limit)d are kept") % {"count": len(names), "limit": MAX_PICTURES},
        )
    for name in names:
        if len(name) > PICTURE_LIMIT:
            raise refuse(IMAGE, _too_long(name, PICTURE_LIMIT))
        danger = why_unsafe(name)
        if danger:
            raise refuse(IMAGE, danger)
    return names


def _too_long(text: str, limit: int) -> str:
    return _("is longer than %(limit)d characters (%(length)d)") % {"limit": limit, "length": len(text)}


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def is_remote(name: str) -> bool:
    """Whether a picture is named by a web address; those are not fetched."""
    return re.match(r"(?i)(https?|ftp):|//", name) is not None


def why_unsafe(name: str) -> str:
    """Why a picture's name may lead out of the folder of pictures; "" when it cannot (symbolic links apart)."""
    if is_remote(name):
        return ""
    if "\0" in name:
        return _("contains a NUL character")
    if "\\" in name:
        return _("contains a backslash; folders are separated by /")
    if re.match(r"[A-Za-z]:", name):
        return _("names a drive; only files inside the folder of pictures are read")
    if name.startswith(("/", "~")):
        return _("is an absolute path; only files inside the folder of pictures are read")
    if ".." in name.split("/"):
        return _("leads out of the folder of pictures (..)")
    return ""


def leads_out(folder: Path, name: str) -> bool:
    """Whether a symbolic link makes the file lie outside the folder.

    Args:
        folder: the folder of pictures, already resolved.
        name: a name that :func:`why_unsafe` has passed.
    """
    try:
        return not (folder / name).resolve().is_relative_to(folder)
    except (OSError, RuntimeError):  # a loop of links, or a name that the file system cannot hold
        return False
