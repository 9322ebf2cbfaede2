"""The first rows of a product list, and which column is what, before anything is imported."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from catalog_audit.feeds.columns import FIELDS, guess
from catalog_audit.feeds.readers import RawRow, open_feed

#: Rows that the preview shows.
SHOWN = 3
#: How the page names the fields that a column can be mapped to.
FIELD_NAMES = {
    "external_id": _("Product number"),
    "title": _("Title"),
    "category": _("Type of garment"),
    "image": _("Picture file"),
    "group": _("Design (shared by its colours)"),
    "brand": _("Brand or supplier"),
    "description": _("Description"),
    "url": _("Address of the product's page"),
    "colour": _("Colour"),
    "length": _("Length"),
    "pattern": _("Pattern"),
}


@dataclass(frozen=True, slots=True)
class FieldPreview:
    """A field and where it would come from.

    Attributes:
        field: code.
        name: for people.
        column: the column guessed, or "".
        samples: that column's first cells.
    """

    field: str
    name: str
    column: str
    samples: list[str]


@dataclass(frozen=True, slots=True)
class FeedPreview:
    """What a product list looks like.

    Attributes:
        columns: the column names.
        fields: every field that can be imported.
        encoding: as people call it.
        separator: "comma", "semicolon" or "tab".
    """

    columns: list[str]
    fields: list[FieldPreview]
    encoding: str
    separator: str


def preview(beginning: UploadedFile) -> FeedPreview:
    """Look at the beginning of a product list.

    Raises:
        FeedError: it cannot be read.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(beginning.name or "feed.csv").name
        # Up to the last full line: the browser cuts the beginning off anywhere.
        data = beginning.read()
        path.write_bytes(data[: data.rfind(b"\n") + 1] or data)
        with open_feed(path) as feed:
            columns = list(dict.fromkeys(name for name in feed.header if name))
            guessed = guess(feed.header)
            rows = [row.cells for row in islice(feed.rows, SHOWN) if isinstance(row, RawRow)]
            position = {name: feed.header.index(name) for name in columns}
            fields = []
            for field in FIELDS:
                column = guessed.get(field, "")
                place = position.get(column)
                samples = [] if place is None else [row[place] for row in rows if place < len(row)]
                fields.append(FieldPreview(field, str(FIELD_NAMES[field]), column, samples))
            return FeedPreview(columns, fields, feed.encoding, feed.separator)
