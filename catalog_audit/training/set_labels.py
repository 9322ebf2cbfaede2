"""What the labels of a catalogue teach: the rules, and products read in batches.

A label teaches its value, or it is left out and counted under a reason:

- What a person decided (accepted or fixed) is verified. Its origin is ``reviewer``, or ``settled`` where reviewers did
  not agree and an admin had the last word.
- Where a person said that two values are both right, each has its share of the weight.
- What nobody has decided and no audit has flagged is the shop's word, as it is.
- Left out are labels with a flag that waits for somebody (open, disputed, second, settling), labels whose word means
  nothing, labels of products that cannot be judged from their pictures, and check items: their answers measure models
  and people, and would measure nothing if they had been learnt. A sample that waits was not flagged, so it is not left
  out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import Q

from catalog_audit.audits.items import MOST_PICTURES
from catalog_audit.audits.models import ArguablePair, Flag, Prediction
from catalog_audit.catalog.files import location
from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Shop, Value
from catalog_audit.feeds.writers import harmless
from catalog_audit.review.models import Decision
from catalog_audit.training.sets import REVIEWER, SETTLED, SHOP, values_cell
from inference.contract import GARMENT_GROUPS

#: Why a label does not train.
WAITS: Final = "waits"
UNSETTLED: Final = "unsettled"
HELD: Final = "held"
UNMAPPED: Final = "unmapped"
UNREADABLE: Final = "unreadable"
UNKNOWN_GARMENT: Final = "unknown_garment"

_BATCH = 2000

#: Control characters would end a line or a field, and change the order.
_BREAKS = str.maketrans(dict.fromkeys(map(chr, [*range(32), 127]), " "))

_Key = tuple[int, int]


class Lesson(NamedTuple):
    """An example whose part and fold are not known yet, in the order by which examples are sorted."""

    sha256: str
    shop: str
    external_id: str
    picture: str
    attribute: str
    design: str
    garment_group: str
    values: str
    origin: str
    verified: str


class _Label(NamedTuple):
    product: int
    attribute: int
    value: int | None
    verdict: str
    correction: int | None


@dataclass(slots=True)
class _Facts:
    """What is known about the labels of a batch of products.

    Attributes:
        waiting: label -> state and value of the undecided flag about it.
        held: labels with a check item.
        unreadable: labels about which the networks could say nothing.
        pairs: label -> pairs of values that are both right.
        settled: labels about which an admin had the last word after reviewers did not agree.
    """

    waiting: dict[_Key, tuple[str, int]] = field(default_factory=dict)
    held: set[_Key] = field(default_factory=set)
    unreadable: set[_Key] = field(default_factory=set)
    pairs: dict[_Key, list[tuple[int, int]]] = field(default_factory=dict)
    settled: set[_Key] = field(default_factory=set)


class Lessons:
    """The lessons of a shop's catalogue.

    Attributes:
        left_out: reason -> number of labels that teach nothing, of the products read so far.
        products: products read so far.
    """

    def __init__(self, shop: Shop) -> None:
        self.left_out: Counter[str] = Counter()
        self.products = 0
        self._shop = shop
        self._attributes = dict(Attribute.objects.values_list("pk", "code"))
        self._values = dict(Value.objects.order_by().values_list("pk", "code"))
        self._groups = dict(Value.objects.order_by().values_list("pk", "garment_group"))

    def batches(self) -> Iterator[list[Lesson]]:
        """All lessons, some thousand products at a time, by primary key; constant memory, six queries a batch."""
        last = 0
        products = Product.objects.filter(shop=self._shop).order_by("pk").values_list("pk", "external_id", "group")
        while rows := list(products.filter(pk__gt=last)[:_BATCH]):
            yield self._lessons(rows)
            self.products += len(rows)
            last = rows[-1][0]

    def _lessons(self, products: Sequence[tuple[int, str, str]]) -> list[Lesson]:
        keys = [pk for pk, _external_id, _group in products]
        # Flags before labels: what somebody decides in between is then seen as decided, never as the shop's word.
        facts = _facts(keys)
        labels: dict[int, list[_Label]] = defaultdict(list)
        columns = ("product_id", "attribute_id", "value_id", "verdict", "correction_id")
        for row in Label.objects.filter(product__in=keys).exclude(raw="").values_list(*columns):
            labels[row[0]].append(_Label(*row))
        pictures = _pictures(keys)
        facts.settled = _settled([pk for pk, own in labels.items() if any(label.verdict for label in own)])
        lessons: list[Lesson] = []
        for pk, external_id, group in products:
            lessons += self._of_product(external_id, group, labels[pk], pictures.get(pk, {}), facts)
        return lessons

    def _of_product(
        self, external_id: str, group: str, labels: list[_Label], pictures: dict[str, str], facts: _Facts
    ) -> Iterator[Lesson]:
        garment_group = self._garment_group(labels)
        for label in labels:
            told = _teaching(label, facts)
            if isinstance(told, str):
                self.left_out[told] += 1
            elif not pictures:
                self.left_out[UNREADABLE] += 1
            elif garment_group not in GARMENT_GROUPS:
                self.left_out[UNKNOWN_GARMENT] += 1
            else:
                values, origin = told
                for sha256, path in pictures.items():
                    yield Lesson(
                        sha256=sha256,
                        shop=self._shop.slug,
                        external_id=one_line(external_id),
                        picture=path,
                        attribute=self._attributes[label.attribute],
                        design=one_line(f"{self._shop.slug}:{group or external_id}"),
                        garment_group=garment_group,
                        values=values_cell(self._values[value] for value in values),
                        origin=origin,
                        verified="0" if origin == SHOP else "1",
                    )

    def _garment_group(self, labels: list[_Label]) -> str:
        for label in labels:
            if self._attributes[label.attribute] == Attribute.GARMENT_TYPE:
                return self._groups.get(label.correction or label.value or 0, "")
        return ""


def one_line(text: str) -> str:
    """The text without what would end a line or a field, and without what a spreadsheet would take for a formula."""
    return harmless(text.translate(_BREAKS))


def _teaching(label: _Label, facts: _Facts) -> tuple[tuple[int, ...], str] | str:
    """The values that a label teaches and who says so, or why it teaches nothing; the module's text has the rules."""
    key = (label.product, label.attribute)
    if key in facts.held:
        return HELD
    person = SETTLED if key in facts.settled else REVIEWER
    if label.verdict == Label.Verdict.FIXED and label.correction:
        return (label.correction,), person
    if label.value is None:
        return UNMAPPED
    both = {value for pair in facts.pairs.get(key, ()) if label.value in pair for value in pair}
    if both:
        return tuple(both), person
    if label.verdict == Label.Verdict.ACCEPTED:
        return (label.value,), person
    state, about = facts.waiting.get(key, ("", 0))
    if state and about == label.value:
        return UNSETTLED if state in Flag.IN_DISPUTE else WAITS
    return UNREADABLE if key in facts.unreadable else ((label.value,), SHOP)


def _pictures(products: Sequence[int]) -> dict[int, dict[str, str]]:
    """Product -> content -> path, of the usable pictures that an audit looks at."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    usable = Picture.objects.filter(product__in=products, problem="").exclude(sha256="")
    for product, sha256, suffix in usable.order_by("product_id", "position").values_list(
        "product_id", "sha256", "suffix"
    ):
        if len(found[product]) < MOST_PICTURES:
            found[product].setdefault(sha256, relative(location(sha256, suffix)))
    return found


def relative(path: Path) -> str:
    """A path as examples name it: relative to the data folder where it lies in it."""
    folder = Path(settings.DATA_DIR)
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def _facts(products: Sequence[int]) -> _Facts:
    """Read what is known about the labels of products, but for who had the last word."""
    facts = _Facts()
    asked = Flag.objects.filter(product__in=products).filter(Q(kind=Flag.Kind.CHECK) | Q(state__in=Flag.UNDECIDED))
    for product, attribute, kind, state, value in asked.values_list(
        "product_id", "attribute_id", "kind", "state", "label_value_id"
    ):
        if kind == Flag.Kind.CHECK:
            facts.held.add((product, attribute))
        elif kind == Flag.Kind.FLAG or state in Flag.IN_DISPUTE:
            facts.waiting[product, attribute] = (state, value)
    failed = Prediction.objects.filter(product__in=products, current=True).exclude(problem="")
    facts.unreadable = set(failed.values_list("product_id", "attribute_id"))
    pairs = ArguablePair.objects.filter(product__in=products)
    for product, attribute, low, high in pairs.values_list("product_id", "attribute_id", "low_id", "high_id"):
        facts.pairs.setdefault((product, attribute), []).append((low, high))
    return facts


def _settled(products: Sequence[int]) -> set[_Key]:
    """Labels whose latest verdict ended a flag that waited for an admin; of products with a verdict."""
    if not products:
        return set()
    said = Decision.objects.said().filter(product__in=products, after__in=(Flag.State.ACCEPTED, Flag.State.FIXED))
    latest = {
        (product, attribute): before
        for product, attribute, before in said.exclude(flag__kind=Flag.Kind.CHECK)
        .order_by("pk")
        .values_list("product_id", "attribute_id", "before")
    }
    return {key for key, before in latest.items() if before == Flag.State.SETTLING}
