"""Tables of labelled pictures from outside, row by row: what a row claims, or what is wrong with it.

Three kinds are told apart by their columns:

- *examples*: what :mod:`catalog_audit.training.sets` writes, a line for an attribute of a picture;
- *image folder* of this program (:mod:`catalog_audit.training.set_exporting`): a line for a picture, with columns for
  each attribute, its origin and whether it was verified;
- *anything else*: a line for a picture with a column for the file and columns for attributes, which may hold codes of
  the dictionary or words that it knows. Columns are found by their usual names or named by the caller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from catalog_audit.catalog.mapping import value_finder
from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.feeds.columns import CATEGORY, EXTERNAL_ID, IMAGE, LABEL_FIELDS, ColumnError, guess
from catalog_audit.feeds.readers import BadRow, open_feed
from catalog_audit.training import sets
from catalog_audit.training.set_labels import one_line
from catalog_audit.training.sets import COLUMNS, EXTERNAL, SetError, values_cell, weights_of
from inference.contract import GARMENT_GROUPS

#: Columns of an image folder of this program, beside those of the attributes.
FOLDER_COLUMNS: Final = ("file_name", "sha256", "shop", "external_id", "design", "garment_group", "fold")

#: Follow the name of an attribute.
ORIGIN, VERIFIED = "_origin", "_verified"

#: Names of the column of the file, besides those that shops use.
_FILE_NAMES = ("file_name", "filename", "path")

_FIELDS = (IMAGE, EXTERNAL_ID, "group", *LABEL_FIELDS, "garment_group", "verified")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something does not go in.

    Attributes:
        file: name of the table, or of the picture or mask.
        line: where the row starts, from 1; 0 where it is a file as a whole.
        field: the column, or "" for the row as a whole.
        reason: in words.
    """

    file: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.field}{' ' if self.field else ''}{self.reason}"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a row says of a picture.

    Attributes:
        line: of the table.
        picture: file, relative to the table's folder.
        sha256: of its bytes, "" where the table does not say.
        shop, external_id, design, garment_group: as in :class:`catalog_audit.training.sets.Example`.
        labels: (attribute, values, origin, verified), as in an example.
    """

    line: int
    picture: str
    sha256: str
    shop: str
    external_id: str
    design: str
    garment_group: str
    labels: tuple[tuple[str, str, str, bool], ...]


class _CellError(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


#: Makes a claim of a line and its cells by field; adds to the errors what is wrong with some cell.
_Reader = Callable[[int, Mapping[str, str], list[_CellError]], Claim]


class Table:
    """Reads tables by the dictionary as the database has it now."""

    def __init__(self, name: str, mapping: Mapping[str, str]) -> None:
        """Prepare to read.

        Args:
            name: of the set; stands for the shop in tables that name none.
            mapping: field -> column, for columns with unusual names.

        Raises:
            ColumnError: there is no such field.
        """
        unknown = set(mapping) - set(_FIELDS)
        if unknown:
            raise ColumnError(
                f"There is no field “{', '.join(sorted(unknown))}”. The fields are: {', '.join(_FIELDS)}."
            )
        self._name = name
        self._mapping = mapping
        self._find = value_finder(None)
        self._codes: dict[str, set[str]] = defaultdict(set)
        self._code_of: dict[int, str] = {}
        self._groups: dict[str, str] = {}
        columns = ("pk", "attribute__code", "code", "garment_group")
        for pk, attribute, code, group in Value.objects.order_by().values_list(*columns):
            self._codes[attribute].add(code)
            self._code_of[pk] = code
            if attribute == Attribute.GARMENT_TYPE:
                self._groups[code] = group

    def read(self, table: Path) -> Iterator[Claim | Problem]:
        """What the rows claim; a row may claim something and have a problem elsewhere.

        Raises:
            FeedError: the file is no table.
            ColumnError: no column names the pictures.
            SetError: the pictures are from outside, and the set would have the name of a shop.
        """
        with open_feed(table) as feed:
            reader, columns = self._reader(feed.header)
            for row in feed.rows:
                if isinstance(row, BadRow):
                    yield Problem(table.name, row.line, "", row.reason)
                    continue
                if len(row.cells) < len(feed.header):
                    yield Problem(table.name, row.line, "", f"has {len(row.cells)} cells, not {len(feed.header)}")
                    continue
                cells = {name: row.cells[place].strip() for name, place in columns.items()}
                errors: list[_CellError] = []
                try:
                    claim = reader(row.line, cells, errors)
                    if claim.labels:
                        yield claim
                    elif not errors:
                        errors.append(_CellError("", "has no label"))
                except _CellError as error:
                    errors.append(error)
                for wrong in errors:
                    yield Problem(table.name, row.line, wrong.field, wrong.reason)

    def _reader(self, header: Sequence[str]) -> tuple[_Reader, dict[str, int]]:
        if set(COLUMNS) <= set(header):
            return self._example, {name: header.index(name) for name in COLUMNS}
        if set(FOLDER_COLUMNS) <= set(header):
            return self._picture, {name: place for place, name in enumerate(header)}
        if Shop.objects.filter(slug=self._name).exists():
            raise SetError(f"There is a shop “{self._name}”; pictures from outside need another name.")
        return self._external, self._columns(header)

    def _columns(self, header: Sequence[str]) -> dict[str, int]:
        """Field -> place, of a table that this program has not written."""
        for field, column in self._mapping.items():
            if column and column not in header:
                raise ColumnError(f"There is no column “{column}” for {field}. The columns are: {', '.join(header)}.")
        names = {field: column for field, column in self._mapping.items() if column}
        guessed = guess([column for column in header if column not in names.values()])
        names |= {field: column for field, column in guessed.items() if field not in self._mapping}
        for field in ("garment_group", "verified"):
            if field in header:
                names.setdefault(field, field)
        if IMAGE not in names:
            image = next((name for name in _FILE_NAMES if name in header), None)
            if image is None:
                raise ColumnError(
                    f"No column names the pictures. Name it with image=COLUMN. The columns are: {', '.join(header)}."
                )
            names[IMAGE] = image
        return {field: header.index(column) for field, column in names.items() if field in _FIELDS}

    # --- kinds of rows ------------------------------------------------------------------------------------------------

    def _example(self, line: int, cells: Mapping[str, str], errors: list[_CellError]) -> Claim:
        try:
            example = sets.from_cells(cells)
        except ValueError as error:
            field, _colon, reason = str(error).partition(": ")
            raise _CellError(*((field, reason) if reason else ("values", str(error)))) from None
        label = (
            self._attribute(example.attribute),
            self._weighted(example.attribute, "values", example.values),
            example.origin,
            example.verified,
        )
        return Claim(
            line,
            example.picture,
            _digest(example.sha256),
            *_names(cells),
            _garment_group(example.garment_group),
            (label,),
        )

    def _picture(self, line: int, cells: Mapping[str, str], errors: list[_CellError]) -> Claim:
        labels = []
        for attribute in self._codes:
            if not cells.get(attribute):
                continue
            try:
                values = self._weighted(attribute, attribute, cells[attribute])
                origin, verified = (cells.get(attribute + ending, "") for ending in (ORIGIN, VERIFIED))
                labels.append((attribute, values, _one_of(attribute + ORIGIN, origin, sets.ORIGINS), _flag(verified)))
            except _CellError as error:
                errors.append(error)
        return Claim(
            line,
            cells["file_name"],
            _digest(cells["sha256"]),
            *_names(cells),
            _garment_group(cells["garment_group"]),
            tuple(labels),
        )

    def _external(self, line: int, cells: Mapping[str, str], errors: list[_CellError]) -> Claim:
        picture = cells[IMAGE]
        if not picture:
            raise _CellError(IMAGE, "is empty")
        labels = []
        kind = ""
        for field, attribute in LABEL_FIELDS.items():
            if not cells.get(field):
                continue
            try:
                values = self._meant(attribute, field, cells[field])
            except _CellError as error:
                errors.append(error)
                continue
            labels.append((attribute, values, EXTERNAL, _flag(cells.get("verified", ""))))
            kind = values if attribute == Attribute.GARMENT_TYPE else kind
        group = cells.get("garment_group") or self._groups.get(kind, "")
        if not group and all(error.field != CATEGORY for error in errors):
            reason = f"“{cells[CATEGORY]}” is no garment" if kind else "is needed: it says what the product is"
            errors.append(_CellError(CATEGORY, reason))
        external_id = cells.get(EXTERNAL_ID) or str(Path(picture).with_suffix(""))
        return Claim(
            line,
            picture,
            "",
            self._name,
            one_line(external_id),
            one_line(f"{self._name}:{cells.get('group') or external_id}"),
            _garment_group(group) if group else "",
            tuple(labels) if group else (),
        )

    # --- cells --------------------------------------------------------------------------------------------------------

    def _attribute(self, code: str) -> str:
        if code not in self._codes:
            raise _CellError("attribute", f"“{code}” is none of {', '.join(sorted(self._codes))}")
        return code

    def _weighted(self, attribute: str, field: str, cell: str) -> str:
        """A cell of values, checked."""
        try:
            weights = weights_of(cell)
        except ValueError as error:
            raise _CellError(field, str(error)) from None
        unknown = set(weights) - self._codes[attribute]
        if unknown:
            raise _CellError(field, f"the dictionary has no value “{', '.join(sorted(unknown))}”")
        return cell

    def _meant(self, attribute: str, field: str, cell: str) -> str:
        """A code, a word that the dictionary knows, or several codes of values that are equally right."""
        codes = self._codes[attribute]
        if set(cell.split("|")) <= codes:
            return values_cell(cell.split("|"))
        found = self._find(attribute, cell)
        if found is None:
            raise _CellError(field, f"the dictionary does not know “{cell}”")
        return self._code_of[found]


def _names(cells: Mapping[str, str]) -> tuple[str, str, str]:
    """Shop, product and design of a row that this program has written."""
    for field in ("shop", "external_id", "design"):
        if not cells[field]:
            raise _CellError(field, "is empty")
    return cells["shop"], cells["external_id"], cells["design"]


def _digest(cell: str) -> str:
    if len(cell) != 64 or set(cell) - set("0123456789abcdef"):
        raise _CellError("sha256", f"“{cell}” is no SHA-256 of 64 hexadecimal digits")
    return cell


def _garment_group(cell: str) -> str:
    return _one_of("garment_group", cell, GARMENT_GROUPS)


def _one_of(field: str, cell: str, known: Sequence[str]) -> str:
    if cell not in known:
        raise _CellError(field, f"“{cell}” is none of {', '.join(known)}")
    return cell


def _flag(cell: str) -> bool:
    return cell.casefold() in ("1", "true", "yes")
