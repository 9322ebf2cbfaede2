"""How many labels of each part of a shop's catalogue are flagged, so that no page has to read them all.

Flags of a shop are counted anew when a decision or an audit has changed some, its labels after an import and when a
word was mapped, neither more often than once a minute: by the sweeper, and small shops by the page itself. Reading all
labels of a large shop takes seconds, its flags a fraction of that.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, Count, F, Max, QuerySet
from django.db.models.functions import Cast, TruncDate
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
#: (attribute, key) -> number.
Numbers = dict[tuple[int, str], int]


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
    for slug in sorted(labels | flags):
        if small_only and Product.objects.filter(shop=shops[slug])[: SMALL + 1].count() > SMALL:
            continue
        _refresh(shops[slug], now, latest, words, labels_too=slug in labels)
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


def _refresh(shop: int, now: datetime, latest: int, words: int, *, labels_too: bool) -> None:
    Summary.objects.get_or_create(name=_name(shop))
    with transaction.atomic():
        rows = Summary.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        held = rows.filter(name=_name(shop)).first()
        if held is None or (held.counted_at and held.counted_at > now):
            return
        if labels_too:
            found = [part for by in (WORD, ARRIVAL, TYPE, BRAND) for part in _parts(shop, by)]
            held.words = words
        else:
            found = list(Part.objects.filter(shop=shop))
        for by in (WORD, ARRIVAL, TYPE, BRAND):
            _compare([part for part in found if part.by == by], _counted(_keyed(_flags(shop), by, "label__raw")))
        Part.objects.filter(shop=shop).delete()
        for part in found:
            part.pk = None
        Part.objects.bulk_create(found, batch_size=500)
        held.seen, held.counted_at = latest, now
        held.save()


def _parts(shop: int, by: str) -> list[Part]:
    """The parts of a shop's labels that are large enough; nothing is said of flags yet."""
    of = _counted(_keyed(Label.objects.filter(product__shop=shop).exclude(value=None), by, "raw"))
    whole = Counter[int]()
    for (attribute, _part), total in of.items():
        whole[attribute] += total
    return [
        Part(
            shop_id=shop,
            attribute_id=attribute,
            by=by,
            key=key,
            labels=total,
            rest_labels=whole[attribute] - total,
        )
        for (attribute, key), total in of.items()
        if total >= FEWEST
    ]


def _flags(shop: int) -> QuerySet[Flag]:
    """Flags that wait or turned out right, of labels that still say the same."""
    return Flag.objects.filter(
        shop=shop,
        kind=Flag.Kind.FLAG,
        raised_as=State.OPEN,
        state__in=(State.OPEN, State.SECOND, State.SETTLING, State.FIXED),
        label_value=F("label__value"),
    )


def _compare(parts: list[Part], hits: Numbers) -> None:
    """Say of parts of one kind how many of their labels are flagged, of the others, and how likely that is."""
    flagged = Counter[int]()
    for (attribute, _key), total in hits.items():
        flagged[attribute] += total
    for part in parts:
        # A product may have come between labels and flags, so a part is never flagged more than it has labels.
        part.flagged = min(hits.get((part.attribute_id, part.key), 0), part.labels)
        part.rest_flagged = min(flagged[part.attribute_id] - part.flagged, part.rest_labels)
        its, rest = Share(part.flagged, part.labels), Share(part.rest_flagged, part.rest_labels)
        part.p_value = p_value(its, rest)


def _keyed(rows: QuerySet[Any], by: str, word: str) -> QuerySet[Any]:
    if by == WORD:
        return rows.annotate(part=F(word))
    if by == ARRIVAL:
        return rows.annotate(part=TruncDate("product__created_at"))
    if by == BRAND:
        return rows.exclude(product__brand="").annotate(part=F("product__brand"))
    kinds = rows.exclude(attribute__code=Attribute.GARMENT_TYPE).filter(
        product__labels__attribute__code=Attribute.GARMENT_TYPE, product__labels__value__isnull=False
    )
    return kinds.annotate(part=Cast("product__labels__value", CharField()))


def _counted(rows: QuerySet[Any]) -> Numbers:
    counted = rows.order_by().values_list("attribute", "part").annotate(total=Count("pk"))
    return {(attribute, str(key)): total for attribute, key, total in counted}
