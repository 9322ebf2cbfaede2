"""How many labels of each part of a shop's catalogue are flagged, so that no page has to read them all.

A shop's labels are counted anew when a decision, an audit, an import or a mapped word may have changed them, but not
more often than once a minute: by the sweeper, and small shops by the page itself. Reading a large shop takes seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, Count, F, Max, Q, QuerySet
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
_CHANGES = (Job.Kind.IMPORT, Job.Kind.AUDIT)

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
    if not at_once:
        asked &= _changed(asked, shops, books, latest, words)
    for slug in sorted(asked):
        if small_only and Product.objects.filter(shop=shops[slug])[: SMALL + 1].count() > SMALL:
            continue
        _refresh(shops[slug], now, latest, words)


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


def _changed(
    asked: Collection[str], shops: dict[str, int], books: dict[str, Summary], latest: int, words: int
) -> set[str]:
    """The shops whose flags or labels may have changed since they were counted; of the others is noted that not."""
    known = {slug: books[_name(shops[slug])] for slug in asked if _name(shops[slug]) in books}
    changed = set(asked) - set(known)
    if not known:
        return changed
    slugs = {pk: slug for slug, pk in shops.items()}
    least = min(book.seen for book in known.values())
    touched = FlagCount.objects.filter(pk__gt=least).order_by().values_list("shop").annotate(latest=Max("pk"))
    for shop, last in touched:
        slug = slugs.get(shop, "")
        if slug in known and last > known[slug].seen:
            changed.add(slug)
    first = min(book.counted_at for book in known.values() if book.counted_at)
    jobs = Job.objects.filter(kind__in=_CHANGES, subject__in=list(known)).filter(
        Q(state__in=Job.ACTIVE) | Q(finished_at__gte=first)
    )
    for slug, finished in jobs.values_list("subject", "finished_at"):
        if finished is None or finished >= (known[slug].counted_at or first):
            changed.add(slug)
    changed |= {slug for slug, book in known.items() if book.words != words}
    same = [book.pk for slug, book in known.items() if slug not in changed]
    Summary.objects.filter(pk__in=same).update(seen=latest, counted_at=timezone.now())
    return changed


def _refresh(shop: int, now: datetime, latest: int, words: int) -> None:
    Summary.objects.get_or_create(name=_name(shop))
    with transaction.atomic():
        rows = Summary.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        held = rows.filter(name=_name(shop)).first()
        if held is None or (held.counted_at and held.counted_at > now):
            return
        found = [part for by in (WORD, ARRIVAL, TYPE, BRAND) for part in _parts(shop, by)]
        Part.objects.filter(shop=shop).delete()
        Part.objects.bulk_create(found, batch_size=500)
        Summary.objects.filter(pk=held.pk).update(seen=latest, words=words, counted_at=now)


def _parts(shop: int, by: str) -> list[Part]:
    labels = Label.objects.filter(product__shop=shop).exclude(value=None)
    flags = Flag.objects.filter(
        shop=shop,
        kind=Flag.Kind.FLAG,
        raised_as=State.OPEN,
        state__in=(State.OPEN, State.SECOND, State.SETTLING, State.FIXED),
        label_value=F("label__value"),
    )
    of, hits = _counted(_keyed(labels, by, "raw")), _counted(_keyed(flags, by, "label__raw"))
    whole, flagged = Counter[int](), Counter[int]()
    for (attribute, key), total in of.items():
        whole[attribute] += total
        flagged[attribute] += hits.get((attribute, key), 0)
    parts = []
    for (attribute, key), total in of.items():
        if total < FEWEST:
            continue
        its = Share(hits.get((attribute, key), 0), total)
        rest = Share(flagged[attribute] - its.hits, whole[attribute] - its.of)
        parts.append(
            Part(
                shop_id=shop,
                attribute_id=attribute,
                by=by,
                key=key,
                labels=its.of,
                flagged=its.hits,
                rest_labels=rest.of,
                rest_flagged=rest.hits,
                p_value=p_value(its, rest),
            )
        )
    return parts


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
