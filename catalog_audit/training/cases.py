"""What a comparison asks: products whose right answers are known, from three sources.

``set``: the held-out part of a training set, at most :data:`MOST` designs of it, drawn by a hash.
``check``: check items, whose answers never train. ``verdict``: every flag and sample that people settled.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from catalog_audit.audits.items import MOST_PICTURES
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Product, Shop
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import LABEL_IN
from catalog_audit.training.models import TrainingSet
from catalog_audit.training.sets import TEST, Example, examples_of

SET, CHECK, VERDICT = "set", "check", "verdict"
SOURCES = (SET, CHECK, VERDICT)

#: Designs of a training set's held-out part that are asked about.
MOST = 5000

_BATCH = 1000


@dataclass(slots=True)
class Ask:
    """A label and what is known of it.

    Attributes:
        label: code of the value that is weighed, or "" where nothing is to be weighed.
        truth: codes of the right values, at least one.
        sources: some of :data:`SOURCES`.
        verified: whether a person has said so; otherwise it is the shop's word.
    """

    label: str
    truth: list[str]
    sources: list[str]
    verified: bool = True


@dataclass(slots=True)
class Case:
    """A product with what is asked of it.

    Attributes:
        product: its key, or None for pictures from outside the catalogue.
        shop: slug of the shop, or the name of the outside set.
        garment_group: which part of the pictures is the product; "" where the catalogue says.
        pictures: (file, SHA-256) of the pictures, below the data folder; empty for those that the product has now.
        asks: attribute code -> label and answer.
    """

    product: int | None
    shop: str
    garment_group: str = ""
    pictures: list[tuple[str, str]] = field(default_factory=list)
    asks: dict[str, Ask] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON types, for a chunk."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Case:
        """Read what :meth:`to_json` gave."""
        asks = {code: Ask(**one) for code, one in found["asks"].items()}
        pictures = [(file, digest) for file, digest in found["pictures"]]
        return cls(found["product"], found["shop"], found["garment_group"], pictures, asks)


def gather(training_set: TrainingSet | None) -> list[Case]:
    """All that a comparison can ask; a product is asked about once, whatever the number of sources.

    Args:
        training_set: the set whose held-out part is asked about, or None.

    Raises:
        SetError: the file of the set is missing or damaged.
    """
    found = people_cases()
    held_out = list(_with_products(set_cases(training_set))) if training_set else []
    others = []
    for case in held_out:
        known = found.get(case.product) if case.product else None
        if known is None:
            others.append(case)
            continue
        known.pictures, known.garment_group = case.pictures, case.garment_group
        for code, ask in case.asks.items():
            if code in known.asks:
                known.asks[code].sources.append(SET)
            else:
                known.asks[code] = ask
    return [*found.values(), *others]


def people_have_answered() -> bool:
    """Whether there is a check item, or a flag that people settled."""
    settled = Flag.objects.filter(kind__in=[Flag.Kind.FLAG, Flag.Kind.SAMPLE], state__in=list(LABEL_IN))
    return settled.exists() or Flag.objects.filter(kind=Flag.Kind.CHECK).exists()


# --- people's answers -------------------------------------------------------------------------------------------------


def people_cases() -> dict[int, Case]:
    """Product -> its settled flags, samples and check items.

    Of several about one label a check item counts, else the latest.
    """
    found: dict[int, Case] = {}
    for shop in Shop.objects.all():
        latest: dict[tuple[int, int], int] = {}
        for kind, state in [(kind, state) for kind in (Flag.Kind.FLAG, Flag.Kind.SAMPLE) for state in LABEL_IN]:
            for flags in _flags(kind=kind, state=state, shop=shop):
                verdicts = _verdicts(flags)
                for flag in flags:
                    key = flag.product_id, flag.attribute_id
                    if flag.pk in verdicts and latest.get(key, 0) < flag.pk:
                        latest[key] = flag.pk
                        _add(found, flag, shop, verdicts[flag.pk], VERDICT)
        for flags in _flags(kind=Flag.Kind.CHECK, shop=shop):
            for flag in flags:
                if flag.known_value:
                    _add(found, flag, shop, [flag.known_value.code], CHECK)
    return found


def _flags(**which: Any) -> Iterator[list[Flag]]:
    last = 0
    rows = Flag.objects.filter(**which).select_related(
        "attribute", "label_value", "suggested", "known_value", "garment_type"
    )
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:_BATCH]):
        yield batch
        last = batch[-1].pk


def _verdicts(flags: Sequence[Flag]) -> dict[int, list[str]]:
    """Flag -> codes of the values that are right, by the latest verdict that stands."""
    rows = {flag.pk: flag for flag in flags}
    said = Decision.objects.said().filter(flag__in=list(rows), after__in=list(LABEL_IN)).order_by("pk")
    found = {}
    for decision in said.select_related("new_value"):
        flag = rows[decision.flag_id]
        if decision.verdict == Decision.Verdict.BOTH:
            found[flag.pk] = [flag.label_value.code, flag.suggested.code]
        else:
            found[flag.pk] = [decision.new_value.code if decision.new_value else flag.label_value.code]
    return found


def _add(found: dict[int, Case], flag: Flag, shop: Shop, truth: list[str], source: str) -> None:
    group = flag.garment_type.garment_group if flag.garment_type else ""
    case = found.setdefault(flag.product_id, Case(flag.product_id, shop.slug, group))
    case.garment_group = case.garment_group or group
    known = case.asks.get(flag.attribute.code)
    sources = [source, *(one for one in known.sources if one != source)] if known else [source]
    case.asks[flag.attribute.code] = Ask(flag.label_value.code, truth, sources)


# --- the held-out part of a training set ------------------------------------------------------------------------------


def set_cases(training_set: TrainingSet) -> dict[tuple[str, str], Case]:
    """(shop, external id) -> a product of the held-out part of a training set; products not looked up yet.

    Raises:
        SetError: the file of the set is missing or damaged.
    """
    chosen = _chosen({example.design for example in _held_out(training_set)})
    found: dict[tuple[str, str], Case] = {}
    for example in _held_out(training_set):
        if example.design not in chosen:
            continue
        case = found.setdefault(
            (example.shop, example.external_id), Case(None, example.shop, garment_group=example.garment_group)
        )
        if (example.picture, example.sha256) not in case.pictures and len(case.pictures) < MOST_PICTURES:
            case.pictures.append((example.picture, example.sha256))
        if example.attribute not in case.asks:
            truth = list(example.weights)
            label = truth[0] if len(truth) == 1 else ""
            case.asks[example.attribute] = Ask(label, truth, [SET], example.verified)
    return found


def _held_out(training_set: TrainingSet) -> Iterator[Example]:
    return (example for example in examples_of(training_set) if example.part == TEST)


def _chosen(designs: Collection[str]) -> set[str]:
    """The designs that are asked about: all where they are few, else those with the lowest digests."""
    if len(designs) <= MOST:
        return set(designs)
    return set(sorted(designs, key=lambda design: hashlib.sha256(design.encode()).digest())[:MOST])


def _with_products(cases: Mapping[tuple[str, str], Case]) -> Iterator[Case]:
    """The same with the keys of the products that the catalogue has."""
    by_shop: dict[str, list[str]] = {}
    for slug, external_id in cases:
        by_shop.setdefault(slug, []).append(external_id)
    for shop in Shop.objects.filter(slug__in=list(by_shop)):
        ids = by_shop[shop.slug]
        for start in range(0, len(ids), _BATCH // 2):
            part = Product.objects.filter(shop=shop, external_id__in=ids[start : start + _BATCH // 2])
            for external_id, pk in part.values_list("external_id", "pk"):
                cases[shop.slug, external_id].product = pk
    yield from cases.values()


def numbers(cases: Sequence[Case]) -> dict[str, int]:
    """Source -> number of labels; ``products``: number of cases."""
    counted = Counter(source for case in cases for ask in case.asks.values() for source in ask.sources)
    return {"products": len(cases)} | {source: counted[source] for source in SOURCES}


def usage(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    """Attribute -> value -> how often it is a right answer; what a set from outside the catalogue uses."""
    counts: dict[str, Counter[str]] = {}
    for case in cases:
        for code, ask in case.asks.items():
            counts.setdefault(code, Counter()).update(ask.truth)
    return {code: dict(found) for code, found in counts.items()}
