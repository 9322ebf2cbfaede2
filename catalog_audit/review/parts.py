"""How many labels of each part of a shop's catalogue are flagged, so that no page has to read them all.

Flags of a shop are counted anew when a decision or an audit has changed some, its labels after an import and when a
word was mapped, neither more often than once a minute: by the sweeper, and small shops by the page itself. Reading all
labels of a large shop takes seconds, its flags a fraction of that.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from catalog_audit.audits.models import Flag, FlagCount
from catalog_audit.catalog.models import Attribute, Label, Product, Synonym
from catalog_audit.catalog.naming import names
from catalog_audit.jobs.models import Job
from catalog_audit.review.intervals import Share, p_value
from catalog_audit.review.models import Part, Summary

#: What labels can have in common: the shop's own word, the day on which the products came (with one import), the
#: product's garment type, or its brand or supplier.
WORD, ARRIVAL, TYPE, BRAND = "word", "arrival", "type", "brand"
#: Parts with fewer labels are left out; the rest counts them.
FEWEST = 20
#: A summary may be so many seconds old.
FRESH = 55.0
#: Shops with at most so many products are counted by whoever asks.
SMALL = 2000

State = Flag.State
#: Who has been counting for so long has died.
GIVEN_UP = timedelta(minutes=10)

#: (shop, attribute, key) -> number.
Numbers = Counter[tuple[int, int, str]]


def refresh(*, small_only: bool = False, at_once: bool = False) -> None:
    """Count the shops anew that may have changed.

    Args:
        small_only: leave large shops to the sweeper.
        at_once: all, however fresh they are.
    """
    now = timezone.now()
    books = {book.name: book for book in Summary.objects.filter(name__startswith=_name(""))}
    shops = {one.slug: one.pk for one in names().shops.values()}
    asked = {slug for slug in shops if at_once or _is_old(books.get(_name(shops[slug])), now)}
    if not asked:
        return
    latest = FlagCount.objects.aggregate(latest=Max("pk"))["latest"] or 0
    words = Synonym.objects.aggregate(latest=Max("pk"))["latest"] or 0
    known = {slug: books[_name(shops[slug])] for slug in asked if _name(shops[slug]) in books}
    labels = asked if at_once else (asked - set(known)) | _with_other_labels(known, words)
    flags = _with_other_flags(known, shops) - labels
    wanted = {shops[slug] for slug in labels | flags if not small_only or _is_small(shops[slug])}
    mine = {shop for shop in wanted if _claim(shop, now)}
    try:
        if mine:
            found = _count(mine, {shops[slug] for slug in labels} & mine)
            _store(mine, found, {shops[slug] for slug in labels}, now, latest, words)
    finally:
        Summary.objects.filter(name__in=[_name(shop) for shop in mine], begun_at=now).update(begun_at=None)
    same = [book.pk for slug, book in known.items() if slug not in labels | flags]
    Summary.objects.filter(pk__in=same).update(seen=latest, counted_at=now)


def counted_at(shop: int | None) -> datetime | None:
    """When the labels of a shop were looked at last, or of the shop for which that is longest ago; None: never."""
    books = Summary.objects.filter(name__startswith=_name(""))
    if shop is not None:
        books = books.filter(name=_name(shop))
    moments = list(books.values_list("counted_at", flat=True))
    return min((moment for moment in moments if moment), default=None)


def _name(shop: int | str) -> str:
    return f"labels:{shop}"


def _is_old(book: Summary | None, now: datetime) -> bool:
    return book is None or book.counted_at is None or now - book.counted_at > timedelta(seconds=FRESH)


def _with_other_flags(known: dict[str, Summary], shops: dict[str, int]) -> set[str]:
    """The shops of which a flag has come, gone or changed since they were counted."""
    if not known:
        return set()
    least = min(book.seen for book in known.values())
    touched = FlagCount.objects.filter(pk__gt=least).order_by().values_list("shop").annotate(latest=Max("pk"))
    changed = dict(touched)
    return {slug for slug, book in known.items() if changed.get(shops[slug], 0) > book.seen}


def _with_other_labels(known: dict[str, Summary], words: int) -> set[str]:
    """The shops that had an import since they were counted, and all of them after a word was mapped."""
    moments = {slug: book.counted_at for slug, book in known.items() if book.counted_at}
    changed = {slug for slug, book in known.items() if book.words != words} | set(known) - set(moments)
    if moments:
        ended = Job.objects.filter(
            kind=Job.Kind.IMPORT, subject__in=list(moments), finished_at__gte=min(moments.values())
        )
        changed |= {slug for slug, end in ended.values_list("subject", "finished_at") if end and end >= moments[slug]}
    return changed


def _is_small(shop: int) -> bool:
    return Product.objects.filter(shop=shop)[: SMALL + 1].count() <= SMALL


def _claim(shop: int, now: datetime) -> bool:
    """Whether this process may count a shop: nobody else is doing it."""
    book = Summary.objects.get_or_create(name=_name(shop))[0]
    free = Summary.objects.filter(Q(begun_at=None) | Q(begun_at__lt=now - GIVEN_UP), pk=book.pk)
    return free.update(begun_at=now) == 1


def _store(shops: set[int], parts: list[Part], labelled: set[int], now: datetime, latest: int, words: int) -> None:
    with transaction.atomic():
        Part.objects.filter(shop__in=shops).delete()
        Part.objects.bulk_create(parts, batch_size=500)
        books = Summary.objects.filter(name__in=[_name(shop) for shop in shops])
        books.update(seen=latest, counted_at=now)
        books.filter(name__in=[_name(shop) for shop in labelled]).update(words=words)


def _count(shops: set[int], labelled: set[int]) -> list[Part]:
    """The parts of shops; labels are read of those alone that may have other ones."""
    parts = [part for by in (WORD, ARRIVAL, TYPE, BRAND) for part in _parts(labelled, by)] if labelled else []
    for part in Part.objects.filter(shop__in=shops - labelled):
        part.pk = None
        parts.append(part)
    hits = _hits(shops)
    flagged = {by: Counter[tuple[int, int]]() for by in hits}
    for by, numbers in hits.items():
        for (shop, attribute, _key), total in numbers.items():
            flagged[by][shop, attribute] += total
    for part in parts:
        its = hits[part.by][part.shop_id, part.attribute_id, part.key]
        all_of_it = flagged[part.by][part.shop_id, part.attribute_id]
        # A product may have come between labels and flags, so a part is never flagged more than it has labels.
        part.flagged = min(its, part.labels)
        part.rest_flagged = min(all_of_it - its, part.rest_labels)
        part.p_value = p_value(Share(part.flagged, part.labels), Share(part.rest_flagged, part.rest_labels))
    return parts


def _parts(shops: set[int], by: str) -> list[Part]:
    """The parts of shops' labels that are large enough; nothing is said of flags yet."""
    labels = Label.objects.filter(product__shop__in=shops).exclude(value=None)
    if by == WORD:
        labels = labels.annotate(part=F("raw"))
    elif by == ARRIVAL:
        labels = labels.annotate(part=TruncDate("product__created_at"))
    elif by == BRAND:
        labels = labels.exclude(product__brand="").annotate(part=F("product__brand"))
    else:
        labels = labels.exclude(attribute=_garment_type()).filter(
            product__labels__attribute=_garment_type(), product__labels__value__isnull=False
        )
        labels = labels.annotate(part=F("product__labels__value"))
    counted = labels.order_by().values_list("product__shop", "attribute", "part").annotate(total=Count("pk"))
    of = {(shop, attribute, str(key)): total for shop, attribute, key, total in counted}
    whole = Counter[tuple[int, int]]()
    for (shop, attribute, _part), total in of.items():
        whole[shop, attribute] += total
    return [
        Part(
            shop_id=shop,
            attribute_id=attribute,
            by=by,
            key=key,
            labels=total,
            rest_labels=whole[shop, attribute] - total,
        )
        for (shop, attribute, key), total in of.items()
        if total >= FEWEST
    ]


def _hits(shops: set[int]) -> dict[str, Numbers]:
    """Flags that wait or turned out right, of labels that still say the same; two questions."""
    flags = Flag.objects.filter(
        shop__in=shops,
        kind=Flag.Kind.FLAG,
        raised_as=State.OPEN,
        state__in=(State.OPEN, State.SECOND, State.SETTLING, State.FIXED),
        label_value=F("label__value"),
    ).order_by()
    found: dict[str, Numbers] = {by: Counter() for by in (WORD, ARRIVAL, TYPE, BRAND)}
    words = flags.values_list("shop", "attribute", "label__raw", "garment_type").annotate(total=Count("pk"))
    for shop, attribute, word, kind, total in words:
        found[WORD][shop, attribute, word] += total
        if kind and attribute != _garment_type():
            found[TYPE][shop, attribute, str(kind)] += total
    days = flags.annotate(part=TruncDate("product__created_at"))
    for shop, attribute, day, total in days.values_list("shop", "attribute", "part").annotate(total=Count("pk")):
        found[ARRIVAL][shop, attribute, str(day)] += total
    brands = flags.exclude(product__brand="").values_list("shop", "attribute", "product__brand")
    for shop, attribute, brand, total in brands.annotate(total=Count("pk")):
        found[BRAND][shop, attribute, brand] += total
    return found


def _garment_type() -> int:
    kind = names().attribute(Attribute.GARMENT_TYPE)
    return kind.pk if kind else 0
