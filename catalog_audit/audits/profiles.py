"""What a run saw, summed up when it is over and kept with it, so that runs can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from catalog_audit.audits import overlaps
from catalog_audit.audits.findings import DISPUTED, FLAGGED, NO_MODEL, NO_TYPE
from catalog_audit.audits.models import AuditRun, Prediction, RunProfile
from catalog_audit.audits.sights import Sight
from catalog_audit.catalog.models import Attribute, Label, Shop
from catalog_audit.jobs.models import Job

#: A run is compared with so many before it, and so many are summed up later where that was not done at their end.
LOOK_BACK = 5
#: Of each attribute and part so many pictures are remembered, of the least sure ones.
PICTURES = 12

#: Parts that are compared by themselves: products that no audit had seen; garment types; brands.
NEW, TYPE, BRAND = "new", "type", "brand"
#: Of each kind of part only the largest are kept.
_LARGEST = 30
_BATCH = 1000

#: Not the picture's fault.
_NOT_SEEN = {NO_TYPE, NO_MODEL}


@dataclass(slots=True)
class Profile:
    """The sums of a run.

    Attributes:
        attributes: attribute code -> everything that was seen of it.
        parts: attribute code -> kind of part -> its name -> what was seen of it. Garment types go by their codes;
            the only name of :data:`NEW` is "".
    """

    attributes: dict[str, Sight] = field(default_factory=dict)
    parts: dict[str, dict[str, dict[str, Sight]]] = field(default_factory=dict)

    def part(self, attribute: str, kind: str, name: str) -> Sight:
        """One part; empty where the run saw nothing of it."""
        return self.parts.get(attribute, {}).get(kind, {}).get(name) or Sight()


def close(run: AuditRun) -> None:
    """Sum up a run that is over, and the shop's latest ones whose process ended before it could do so."""
    over = AuditRun.objects.filter(shop=run.shop_id, profile=None).exclude(job__state__in=Job.ACTIVE)
    for one in over.order_by("-pk")[:LOOK_BACK]:
        profile = measure(one)
        figures = to_json(profile)
        if profile.attributes and one == run:
            figures["overlaps"] = overlaps.measure(run.shop)
        RunProfile.objects.get_or_create(run=one, defaults={"figures": figures})


def read(run: AuditRun) -> Profile | None:
    """What was kept of a run, or None."""
    row = RunProfile.objects.filter(run=run).first()
    return from_json(row.figures) if row else None


def earlier(run: AuditRun) -> dict[AuditRun, Profile]:
    """The runs that a run is compared with, latest first: of the same shop and networks, and that saw something."""
    rows = RunProfile.objects.filter(run__shop=run.shop_id, run__lt=run.pk).select_related("run__job")
    found: dict[AuditRun, Profile] = {}
    for row in rows.order_by("-run").iterator():
        profile = from_json(row.figures)
        if profile.attributes and row.run.model_versions == run.model_versions:
            found[row.run] = profile
            if len(found) == LOOK_BACK:
                break
    return found


def has_predecessor(run: AuditRun) -> bool:
    """Whether the shop was audited before, with whatever networks."""
    return Prediction.objects.filter(run__in=AuditRun.objects.filter(shop=run.shop_id, pk__lt=run.pk)).exists()


def overlaps_of(shops: Iterable[Shop]) -> list[list[Any]]:
    """What :func:`overlaps.measure` found at the end of the latest audit that saw something, of all shops together."""
    rows = RunProfile.objects.filter(run__shop=OuterRef("pk"), figures__has_key="overlaps").order_by("-run")
    keys = [shop.pk for shop in shops]
    latest = Shop.objects.filter(pk__in=keys).annotate(latest=Subquery(rows.values("run")[:1]))
    found = RunProfile.objects.in_bulk([run for run in latest.values_list("latest", flat=True) if run])
    return [row for profile in found.values() for row in profile.figures["overlaps"]]


def measure(run: AuditRun) -> Profile:
    """Sum up what a run saw: one pass over its predictions, in batches of a thousand, constant memory.

    Where the same run has several about a label (it was weighed again), the latest counts.
    """
    codes = dict(Attribute.objects.values_list("pk", "code"))
    profile = Profile()
    later = Prediction.objects.filter(
        product=OuterRef("product"), attribute=OuterRef("attribute"), run=run, pk__gt=OuterRef("pk")
    )
    rows = Prediction.objects.filter(~Exists(later), run=run).select_related("product").order_by("pk")
    for batch in _batches(rows.iterator(_BATCH)):
        products = {row.product_id for row in batch}
        before = Prediction.objects.filter(product__in=products, run__lt=run.pk)
        known = set(before.values_list("product", flat=True))
        types = _types(products)
        for row in batch:
            brand = getattr(row.product, "brand", "")  # a catalogue without brands has no such part
            parts = {TYPE: types.get(row.product_id, ""), BRAND: str(brand or "")}
            named = [(kind, name) for kind, name in parts.items() if name]
            if row.product_id not in known:
                named.append((NEW, ""))
            _count(profile, codes[row.attribute_id], row, named)
    return profile


def _count(profile: Profile, attribute: str, row: Prediction, parts: Iterable[tuple[str, str]]) -> None:
    if not row.probabilities and (not row.problem or row.problem in _NOT_SEEN):
        return
    own = profile.parts.setdefault(attribute, {})
    sights = [profile.attributes.setdefault(attribute, Sight())]
    sights += [own.setdefault(kind, {}).setdefault(name, Sight()) for kind, name in parts]
    for sight in sights:
        if row.probabilities:
            wrong, arguable = row.state == FLAGGED, row.state == DISPUTED
            sight.add(row.pk, row.probabilities, PICTURES, flagged=wrong, disputed=arguable)
        else:
            sight.fail(row.pk, PICTURES)


def _types(products: Iterable[int]) -> dict[int, str]:
    """Product -> code of its garment type."""
    labels = Label.objects.filter(product__in=products, attribute__code=Attribute.GARMENT_TYPE)
    rows = labels.values_list("product", "correction__code", "value__code")
    return {product: correction or value for product, correction, value in rows if correction or value}


def _batches(rows: Iterator[Prediction]) -> Iterator[list[Prediction]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def to_json(profile: Profile) -> dict[str, Any]:
    """For the database; of each kind of part the largest."""
    parts = {}
    for attribute, kinds in profile.parts.items():
        parts[attribute] = {kind: _largest(named) for kind, named in kinds.items()}
    return {"attributes": {code: sight.to_json() for code, sight in profile.attributes.items()}, "parts": parts}


def _largest(named: Mapping[str, Sight]) -> dict[str, Any]:
    ordered = sorted(named.items(), key=lambda item: (-item[1].labels, item[0]))
    return {name: sight.to_json() for name, sight in ordered[:_LARGEST]}


def from_json(stored: Mapping[str, Any]) -> Profile:
    """What :func:`to_json` wrote."""
    return Profile(
        {code: Sight.from_json(one) for code, one in stored.get("attributes", {}).items()},
        {
            code: {kind: {name: Sight.from_json(one) for name, one in named.items()} for kind, named in kinds.items()}
            for code, kinds in stored.get("parts", {}).items()
        },
    )
