"""Values that people and networks themselves confuse: which pairs an admin may want to call arguable.

Two sources say so. People: they keep the label although the audit suggests the other value, say that both are right,
are not sure, or do not agree with who spoke first. Networks: they give both values much of the same probability, see
:mod:`catalog_audit.audits.overlaps`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core.cache import cache
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from catalog_audit.audits import counting, profiles
from catalog_audit.audits.models import ArguableRule, Flag
from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.review.intervals import Share
from catalog_audit.review.models import Decision

#: Verdicts of so many days count, and of fewer verdicts than this nothing is concluded.
WINDOW, FEWEST = 731, 3
#: So many pairs are kept for so many seconds.
LISTED, KEPT = 40, 60
#: Examples of a pair, at most so many each way round.
EXAMPLES = 3

_GENERATION = "confusions"

Verdict = Decision.Verdict


@dataclass(frozen=True, slots=True)
class Part:
    """Where to look; None and "" do not narrow.

    Attributes:
        shop: key.
        garment_group: "top", "bottom" or "full_body".
        attribute: key.
    """

    shop: int | None = None
    garment_group: str = ""
    attribute: int | None = None

    def is_under(self, rule: ArguableRule) -> bool:
        """Whether a rule covers all of this part."""
        return rule.shop_id in (None, self.shop) and rule.garment_group in ("", self.garment_group)


@dataclass(frozen=True, slots=True)
class Confusion:
    """A pair of values, whichever of them is the label.

    Attributes:
        low, high: keys of the values; the lower one first.
        waiting: flags about the pair that wait for a person.
        kept: verdicts that the label is right.
        both: verdicts that both values are right.
        unsure: verdicts of people who were not sure.
        unlike: second verdicts that were not what the first person leant to.
        changed: verdicts that changed the label.
        doubt: verdicts of the first four sorts, of all verdicts about the pair.
        overlap: mean probability that the networks give both values, 0..1, of ``products``.
        products: products with one of the two values, of which the overlap was measured; 0 where it was not.
        examples: keys of a few flags that wait, the surest first.
    """

    low: int
    high: int
    waiting: int
    kept: int
    both: int
    unsure: int
    unlike: int
    changed: int
    doubt: Share
    overlap: float
    products: int
    examples: tuple[int, ...] = ()

    @property
    def score(self) -> float:
        """0..1, by which pairs are ranked: how sure it is that people doubt (the lower end of the interval), and the
        overlap; either of them alone brings a pair up (``1 - (1 - a)(1 - b)``)."""
        doubt = self.doubt.interval[0] if self.doubt.of >= FEWEST else 0.0
        return 1 - (1 - doubt) * (1 - min(self.overlap, 1.0))


def confusions(part: Part) -> list[Confusion]:
    """The pairs of a part, the most confused first; those that a rule covers are left out. At most a minute old."""
    key = f"confusions:{cache.get(_GENERATION)}:{part.shop}:{part.garment_group}:{part.attribute}"
    found: list[Confusion] | None = cache.get(key)
    if found is None:
        found = _gather(part)
        cache.set(key, found, KEPT)
    rules = ArguableRule.objects.filter(ended_at=None)
    covered = {(rule.low_id, rule.high_id) for rule in rules if part.is_under(rule)}
    return [one for one in found if (one.low, one.high) not in covered]


def forget() -> None:
    """Gather anew next time: a rule has just closed flags, or given them back."""
    cache.set(_GENERATION, uuid4().hex)


def _gather(part: Part) -> list[Confusion]:
    kinds = Value.objects.filter(attribute__code=Attribute.GARMENT_TYPE, garment_group=part.garment_group)
    types = list(kinds.values_list("pk", flat=True)) if part.garment_group else None
    said = _verdicts(part, types)
    waits = _waiting(part, types)
    overlaps = _overlaps(part)
    found = []
    for low, high in said.keys() | waits.keys() | overlaps.keys():
        counts = said.get((low, high), Counter())
        overlap, products = overlaps.get((low, high), (0.0, 0))
        doubt = Share(counts["doubt"], counts["all"])
        found.append(
            Confusion(
                low=low,
                high=high,
                waiting=waits.get((low, high), 0),
                kept=counts["kept"],
                both=counts["both"],
                unsure=counts["unsure"],
                unlike=counts["unlike"],
                changed=counts["changed"],
                doubt=doubt,
                overlap=overlap,
                products=products,
            )
        )
    ranked = sorted(found, key=lambda one: (-one.score, -one.waiting, one.low, one.high))
    listed = [one for one in ranked if one.score > 0][:LISTED]
    shown = _examples(listed, part, types)
    return [replace(one, examples=tuple(shown.get((one.low, one.high), ()))) for one in listed]


def _examples(
    pairs: Sequence[Confusion], part: Part, types: Collection[int] | None
) -> dict[tuple[int, int], list[int]]:
    """The surest waiting flags of each pair, in one query."""
    about = Q(pk__in=[])
    for one in pairs:
        about |= Q(label_value=one.low, suggested=one.high) | Q(label_value=one.high, suggested=one.low)
    flags = Flag.objects.filter(about, kind=Flag.Kind.FLAG, state__in=Flag.UNDECIDED)
    narrowing = {"shop": part.shop, "garment_type__in": types}
    flags = flags.filter(**{name: row for name, row in narrowing.items() if row is not None})
    place = Window(
        RowNumber(), partition_by=[F("label_value"), F("suggested")], order_by=[F("p_wrong").desc(), F("pk")]
    )
    rows = flags.annotate(place=place).filter(place__lte=EXAMPLES).order_by("place", "pk")
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for key, label, suggested in rows.values_list("pk", "label_value", "suggested"):
        low, high = sorted((label, suggested))
        found[low, high].append(key)
    return dict(found)


def _verdicts(part: Part, types: Collection[int] | None) -> dict[tuple[int, int], Counter[str]]:
    since = timezone.now() - timedelta(days=WINDOW)
    decisions = Decision.objects.said().filter(created_at__gte=since)
    decisions = decisions.exclude(flag__kind__in=(Flag.Kind.CHECK, Flag.Kind.SAMPLE))
    narrowing = {"flag__shop": part.shop, "flag__garment_type__in": types, "flag__attribute": part.attribute}
    decisions = decisions.filter(**{name: row for name, row in narrowing.items() if row is not None})
    unlike = Q(before=Flag.State.SECOND, after=Flag.State.SETTLING)
    doubting = Q(verdict__in=(Verdict.ACCEPT, Verdict.BOTH, Verdict.DISPUTE)) | unlike
    rows = (
        decisions.order_by()
        .values(one=F("flag__label_value"), other=F("flag__suggested"))
        .annotate(
            all=Count("pk"),
            doubt=Count("pk", filter=doubting),
            kept=Count("pk", filter=Q(verdict=Verdict.ACCEPT)),
            both=Count("pk", filter=Q(verdict=Verdict.BOTH)),
            unsure=Count("pk", filter=Q(verdict=Verdict.DISPUTE)),
            unlike=Count("pk", filter=unlike),
            changed=Count("pk", filter=Q(verdict=Verdict.FIX)),
        )
    )
    found: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for row in rows:
        low, high = sorted((row["one"], row["other"]))
        found[low, high].update({name: number for name, number in row.items() if name not in ("one", "other")})
    return found


def _waiting(part: Part, types: Collection[int] | None) -> dict[tuple[int, int], int]:
    narrowing: dict[str, Any] = {"shop": part.shop, "garment_type__in": types, "attribute": part.attribute}
    criteria = {name: row for name, row in narrowing.items() if row is not None}
    numbers = counting.numbers_by("label_value_id", "suggested_id", state__in=list(Flag.UNDECIDED), **criteria)
    found: Counter[tuple[int, int]] = Counter()
    for (label, suggested), number in numbers.items():
        low, high = sorted((label, suggested))
        found[low, high] += number
    return found


def _overlaps(part: Part) -> dict[tuple[int, int], tuple[float, int]]:
    """Pair -> (mean overlap, products) over the garment groups and shops of a part."""
    shops: Iterable[Shop] = Shop.objects.all() if part.shop is None else Shop.objects.filter(pk=part.shop)
    values = Value.objects.filter(attribute=part.attribute).values_list("pk", flat=True)
    known = set(values) if part.attribute is not None else None
    sums: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0])
    for low, high, group, products, mean in profiles.overlaps_of(shops):
        if part.garment_group in ("", group) and (known is None or low in known):
            sums[low, high][0] += mean * products
            sums[low, high][1] += products
    return {pair: (total / products, int(products)) for pair, (total, products) in sums.items() if products}
