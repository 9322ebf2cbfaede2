"""The dictionary on the database: what a shop's raw words mean, and which of them mean nothing yet.

The words that are in the database count, not those of the CSV files: an admin's changes hold at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.catalog import words
from catalog_audit.catalog.dictionary import Dictionary, Entry
from catalog_audit.catalog.models import Attribute, Label, Picture, Shop, Synonym, Value

#: (attribute code, raw word) -> primary key of the value, or None.
FindValue = Callable[[str, str], int | None]

_EXAMPLES = 4
#: SQLite and PostgreSQL both take this many parameters in one statement.
_WORDS_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class UnmappedWord:
    """A word of a shop that means no value yet.

    Attributes:
        attribute: what the shop labels with it.
        raw: the word; of several spellings of it (case, dashes, endings) the most used one.
        count: labels that have it, in all spellings.
        pictures: a few pictures of products that have it.
    """

    attribute: Attribute
    raw: str
    count: int
    pictures: tuple[Picture, ...]


def dictionary() -> Dictionary:
    """The dictionary as the database has it now, without the shops' own words."""
    rows = Value.objects.values_list(
        "attribute__code", "code", "name_en", "name_ru", "swatch", "parent__code", "garment_group", "position"
    )
    entries = [Entry(*row[:5], row[5] or "", *row[6:]) for row in rows]
    synonyms = Synonym.objects.filter(shop=None).values_list("attribute__code", "word", "value__code")
    return Dictionary.with_rules(entries, synonyms)


def shop_words(shop: Shop) -> dict[str, dict[str, str]]:
    """The shop's own words: attribute code -> normalised word -> value code."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    rows = Synonym.objects.filter(shop=shop).values_list("attribute__code", "word", "value__code")
    for attribute, word, code in rows:
        found[attribute][word] = code
    return found


def value_finder(shop: Shop | None) -> FindValue:
    """A function that maps raw words for one shop (None: a shop that does not exist yet), for many calls.

    It does not see words that are mapped after it was made.
    """
    shared = dictionary()
    own = shop_words(shop) if shop else {}
    keys = {(attribute, code): pk for attribute, code, pk in Value.objects.values_list("attribute__code", "code", "pk")}

    def find(attribute: str, raw: str) -> int | None:
        code = shared.find(attribute, raw, own.get(attribute))
        return keys.get((attribute, code)) if code else None

    return find


def map_word(shop: Shop, attribute: Attribute, raw: str, value: Value, user: User) -> int:
    """Say once for the whole shop what a word means; every label that has it follows.

    What people decided about labels stays. Labels are looked at again by the next audit.

    Args:
        shop: the shop whose word it is.
        attribute: what the shop labels with it.
        raw: the word; other spellings of it are the same word, see :func:`catalog_audit.catalog.words.exact_key`.
        value: what it means.
        user: the admin who says so.

    Returns:
        How many labels have another value now.

    Raises:
        PermissionDenied: the person is no admin.
        ValueError: ``value`` is of another attribute, or ``raw`` is blank.
    """
    if not may_administer(user):
        raise PermissionDenied
    if value.attribute_id != attribute.pk:
        raise ValueError(f"{value.code} is no value of {attribute.code}")
    word = words.exact_key(raw)
    if not word:
        raise ValueError("a word cannot be blank")
    with transaction.atomic():
        Synonym.objects.update_or_create(
            shop=shop, attribute=attribute, word=word, defaults={"value": value, "created_by": user}
        )
        same = [
            other
            for other in _raw_words(Label.objects.filter(product__shop=shop, attribute=attribute))
            if word in (words.exact_key(other), words.key(other))
        ]
        return _point(shop, attribute, value_finder(shop), same)


def remap(shop: Shop) -> int:
    """Give all labels of the shop the values that their words mean today; returns how many have another value now.

    For when words of the dictionary were added, changed or deleted. What people decided about labels stays.
    """
    find = value_finder(shop)
    with transaction.atomic():
        return sum(
            _point(shop, attribute, find, _raw_words(Label.objects.filter(product__shop=shop, attribute=attribute)))
            for attribute in Attribute.objects.all()
        )


def unmapped_words(shop: Shop) -> list[UnmappedWord]:
    """The shop's words that map to nothing, the commonest first, with example pictures."""
    unmapped = Label.objects.filter(product__shop=shop, value=None).exclude(raw="")
    spellings: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    for attribute_id, raw, count in unmapped.values_list("attribute_id", "raw").annotate(Count("pk")):
        spellings[attribute_id, words.exact_key(raw)].append((count, raw))
    examples = _examples(unmapped)
    attributes = Attribute.objects.in_bulk()
    found = []
    for (attribute_id, _key), counted in spellings.items():
        counted.sort(key=lambda pair: (-pair[0], pair[1]))
        pictures = [picture for _count, raw in counted for picture in examples.get((attribute_id, raw), ())]
        found.append(
            UnmappedWord(
                attribute=attributes[attribute_id],
                raw=counted[0][1],
                count=sum(count for count, _raw in counted),
                pictures=tuple(pictures[:_EXAMPLES]),
            )
        )
    return sorted(found, key=lambda word: (-word.count, word.attribute.position, word.raw))


def roll_up(value: Value, known: Set[str] | Mapping[str, object]) -> str | None:
    """The code of the nearest ancestor-or-self of a value among ``known`` (what a model can tell apart), or None."""
    ancestor: Value | None = value
    while ancestor is not None and ancestor.code not in known:
        ancestor = ancestor.parent
    return ancestor.code if ancestor is not None else None


def shop_word_for(shop: Shop, attribute: Attribute, value: Value) -> str:
    """How the shop itself would write a value.

    Its most used word for exactly this value; where it has none, the dictionary's name in the language that most of
    the shop's words of the attribute are in.
    """
    labels = Label.objects.filter(product__shop=shop, attribute=attribute)
    own = labels.filter(value=value).exclude(raw="").values_list("raw").annotate(count=Count("pk"))
    most_used = own.order_by("-count", "raw").first()
    if most_used is not None:
        return most_used[0]
    counted = labels.exclude(raw="").values_list("raw").annotate(Count("pk"))
    cyrillic = sum(count if words.is_cyrillic(raw) else -count for raw, count in counted)
    return value.name_ru if cyrillic > 0 else value.name_en


def _point(shop: Shop, attribute: Attribute, find: FindValue, raw_words: Iterable[str]) -> int:
    """Give the labels with these words the values that they mean: one statement for each value."""
    meant: dict[int | None, list[str]] = defaultdict(list)
    for raw in raw_words:
        meant[find(attribute.code, raw)].append(raw)
    changed = 0
    for value_id, same in meant.items():
        other = Q(value__isnull=False) if value_id is None else ~Q(value=value_id) | Q(value=None)
        for start in range(0, len(same), _WORDS_PER_STATEMENT):
            labels = Label.objects.filter(
                product__shop=shop, attribute=attribute, raw__in=same[start : start + _WORDS_PER_STATEMENT]
            )
            changed += labels.filter(other).update(value=value_id)
    return changed


def _raw_words(labels: QuerySet[Label]) -> list[str]:
    return list(labels.exclude(raw="").order_by().values_list("raw", flat=True).distinct())


def _examples(unmapped: QuerySet[Label]) -> dict[tuple[int, str], list[Picture]]:
    """(attribute, raw word) -> first pictures of the first products that have it."""
    pictures = Picture.objects.filter(position=0, problem="", product__labels__in=unmapped).annotate(
        attribute_id=F("product__labels__attribute_id"),
        raw=F("product__labels__raw"),
        number=Window(
            RowNumber(),
            partition_by=[F("product__labels__attribute_id"), F("product__labels__raw")],
            order_by=F("product_id").asc(),
        ),
    )
    found: dict[tuple[int, str], list[Picture]] = defaultdict(list)
    for picture in pictures.filter(number__lte=_EXAMPLES).order_by("product_id"):
        found[picture.attribute_id, picture.raw].append(picture)
    return found
