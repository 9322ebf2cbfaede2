"""Which column of a feed is which field of a product. Pure: knows neither files nor the database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from catalog_audit.catalog.models import Attribute

EXTERNAL_ID = "external_id"
IMAGE = "image"
CATEGORY = "category"

#: Fields that are kept as text with the product.
TEXT_FIELDS: tuple[str, ...] = ("title", "group", "brand", "description", "url")

#: Field -> the attribute that the cell labels.
LABEL_FIELDS: dict[str, str] = {
    CATEGORY: Attribute.GARMENT_TYPE,
    "colour": Attribute.COLOUR,
    "length": Attribute.LENGTH,
    "pattern": Attribute.PATTERN,
}

#: Every field that a column can be mapped to.
FIELDS: tuple[str, ...] = (
    EXTERNAL_ID,
    "title",
    CATEGORY,
    IMAGE,
    "group",
    "brand",
    "description",
    "url",
    *list(LABEL_FIELDS)[1:],
)

#: Names that shops use for a field, in the order of preference, as :func:`_normal` writes them.
ALIASES: dict[str, tuple[str, ...]] = {
    EXTERNAL_ID: (
        "id",
        "sku",
        "article",
        "article id",
        "product id",
        "offer id",
        "variant sku",
        "vendor code",
        "артикул",
        "код",
        "код товара",
        "ид",
    ),
    "title": ("name", "product name", "product title", "название", "наименование", "заголовок"),
    CATEGORY: (
        "product type",
        "type",
        "garment type",
        "product category",
        "категория",
        "тип",
        "тип товара",
        "вид изделия",
    ),
    IMAGE: (
        "picture",
        "photo",
        "file",
        "images",
        "pictures",
        "image file",
        "image src",
        "image link",
        "картинка",
        "изображение",
        "фото",
        "файл",
    ),
    "group": ("product code", "group id", "item group id", "design", "model", "handle", "группа", "модель"),
    "brand": (
        "brand name",
        "vendor",
        "supplier",
        "manufacturer",
        "бренд",
        "марка",
        "торговая марка",
        "производитель",
        "поставщик",
        "изготовитель",
    ),
    "description": ("body html", "text", "описание"),
    "url": ("link", "product url", "ссылка", "адрес"),
    "colour": ("color", "цвет", "colour name", "color name"),
    "length": ("длина", "длина изделия"),
    "pattern": ("print", "рисунок", "узор", "принт"),
}


class ColumnError(Exception):
    """The mapping of columns does not fit the feed; the message names the column and lists those there are."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands.

    Attributes:
        count: cells that every row must have.
        index: field -> number of the cell, from 0.
        names: field -> name of the column.
        notes: sentences for the person who imports, for example about a column name that occurs twice.
    """

    count: int
    index: Mapping[str, int]
    names: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())

    def __contains__(self, name: str) -> bool:
        return name in self.index


def _normal(name: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", name.casefold().replace("ё", "е")).split())


def guess(header: Sequence[str]) -> dict[str, str]:
    """Guess the column of each field by its name; fields without a likely column are left out.

    The column that has the field's own name wins, then the names that shops commonly use. No column is used twice.
    """
    first: dict[str, str] = {}
    for name in header:
        first.setdefault(_normal(name), name)
    guessed = {field_: first[_normal(field_)] for field_ in FIELDS if _normal(field_) in first}
    for field_ in FIELDS:
        if field_ in guessed:
            continue
        alias = next((alias for alias in ALIASES[field_] if first.get(alias) not in (None, *guessed.values())), None)
        if alias is not None:
            guessed[field_] = first[alias]
    return guessed


def parse_assignments(assignments: Sequence[str]) -> dict[str, str]:
    """Read ``FIELD=COLUMN`` texts.

    Raises:
        ColumnError: a text has no ``=``, names an unknown field, or a field stands there twice.
    """
    mapping: dict[str, str] = {}
    for text in assignments:
        name, equals, column = text.partition("=")
        name = name.strip().lower()
        if not equals:
            raise ColumnError(_("“%(text)s” is not FIELD=COLUMN.") % {"text": text})
        if name in mapping:
            raise ColumnError(_("The field “%(field)s” is mapped twice.") % {"field": name})
        mapping[name] = column.strip()
    return mapping


def resolve(header: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Find the column of every field.

    Args:
        header: the column names of the feed.
        mapping: field -> column, as the person said; an empty column means that the field is not imported. Fields
            that are not mentioned are guessed (see :func:`guess`) among the columns that are left.

    Raises:
        ColumnError: an unknown field or column, or nothing to tell products apart by.
    """
    for name in mapping:
        if name not in FIELDS:
            raise ColumnError(
                _("There is no field “%(field)s”. The fields are: %(fields)s.")
                % {"field": name, "fields": ", ".join(FIELDS)}
            )
    names = {name: _find(header, column) for name, column in mapping.items() if column}
    guessed = guess([column for column in header if column not in names.values()])
    names |= {name: column for name, column in guessed.items() if name not in mapping}
    if EXTERNAL_ID not in names:
        raise ColumnError(
            _("No column tells the products apart. Name it with external_id=COLUMN. The columns are: %(columns)s.")
            % {"columns": _listed(header)}
        )
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    notes = tuple(
        _("The column “%(column)s” stands in the header %(count)d times; the first one counts.")
        % {"column": name, "count": header.count(name)}
        for name in repeated
    )
    ordered = {name: names[name] for name in FIELDS if name in names}
    index = {name: header.index(column) for name, column in ordered.items()}
    return Columns(count=len(header), index=index, names=ordered, notes=notes)


def _find(header: Sequence[str], column: str) -> str:
    """The column as the header writes it: the very name, or else the same but for case."""
    if column in header:
        return column
    alike = next((name for name in header if name.casefold() == column.casefold()), None)
    if alike is None:
        raise ColumnError(
            _("There is no column “%(column)s”. The columns are: %(columns)s.")
            % {"column": column, "columns": _listed(header)}
        )
    return alike


def _listed(header: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in header if name))
