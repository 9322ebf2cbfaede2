"""Samples: labels that an audit found nothing wrong with, shown to people all the same.

Only so can be told how many errors the audit misses. They are drawn when an audit is over, lie outside the queue, and
are mixed in by :mod:`catalog_audit.review.mixing`.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from catalog_audit.audits.findings import OK
from catalog_audit.audits.models import AuditRun, Flag, Prediction, ReviewPolicy
from catalog_audit.catalog.models import Attribute, Label, Value

#: Of each attribute at least and at most so many, if there are so many.
FEWEST, MOST = 20, 500

_BATCH = 500


def draw(run: AuditRun) -> int:
    """Draw a run's samples: of each attribute as many as ``sample_share`` of its flags; returns how many in all.

    The same run draws the same ones. Constant memory, one pass over the run's predictions.
    """
    share = ReviewPolicy.current().sample_share
    if share <= 0:
        return 0
    flags = Counter(
        Flag.objects.filter(run=run, kind=Flag.Kind.FLAG, raised_as=Flag.State.OPEN, set_aside=None).values_list(
            "attribute", flat=True
        )
    )
    chosen: list[int] = []
    for attribute_id in Attribute.objects.values_list("pk", flat=True):
        wanted = min(max(round(share * flags[attribute_id]), FEWEST), MOST)
        chosen += _some(_candidates(run, attribute_id).values_list("pk", flat=True).iterator(), wanted, seed=run.pk)
    return sum(_store(run, chosen[start : start + _BATCH]) for start in range(0, len(chosen), _BATCH))


def _candidates(run: AuditRun, attribute_id: int) -> QuerySet[Prediction]:
    """Current answers about labels that have still the same value and that nobody has decided or asks about."""
    label = Label.objects.filter(
        product=OuterRef("product"), attribute=OuterRef("attribute"), value=OuterRef("label_value"), verdict=""
    )
    asked = Flag.objects.filter(
        product=OuterRef("product"),
        attribute=OuterRef("attribute"),
        state__in=Flag.UNDECIDED,
        kind__in=(Flag.Kind.FLAG, Flag.Kind.SAMPLE),
    )
    found = Prediction.objects.filter(run=run, attribute=attribute_id, state=OK, problem="", current=True)
    return found.exclude(top_value=None).filter(Exists(label), ~Exists(asked)).order_by("pk")


def _some(keys: Iterable[int], wanted: int, seed: int) -> list[int]:
    """Each key equally likely, in one pass (reservoir sampling)."""
    draws, kept = random.Random(seed), []
    for number, key in enumerate(keys):
        if number < wanted:
            kept.append(key)
        elif (place := draws.randint(0, number)) < wanted:
            kept[place] = key
    return kept


def _store(run: AuditRun, keys: list[int]) -> int:
    predictions = list(Prediction.objects.filter(pk__in=keys).select_related("label_value"))
    products = [one.product_id for one in predictions]
    labels = {(one.product_id, one.attribute_id): one for one in Label.objects.filter(product__in=products)}
    garments: dict[int, int | None] = {
        label.product_id: label.correction_id or label.value_id
        for label in Label.objects.filter(product__in=products, attribute__code=Attribute.GARMENT_TYPE)
    }
    values: dict[int, dict[str, Value]] = defaultdict(dict)
    for value in Value.objects.filter(attribute__in={one.attribute_id for one in predictions}):
        values[value.attribute_id][value.code] = value
    samples = []
    for one in predictions:
        rival = _rival(one, values[one.attribute_id])
        if rival is None or one.label_value is None:
            continue
        value, probability = rival
        samples.append(
            Flag(
                kind=Flag.Kind.SAMPLE,
                shop_id=run.shop_id,
                product_id=one.product_id,
                attribute_id=one.attribute_id,
                label=labels[one.product_id, one.attribute_id],
                prediction=one,
                run=run,
                garment_type_id=garments.get(one.product_id),
                label_value=one.label_value,
                suggested=value,
                p_wrong=one.p_wrong or 0.0,
                gain=(one.p_wrong or 0.0) * probability,
            )
        )
    # A product that another audit has asked about in the meantime is passed over.
    Flag.objects.bulk_create(samples, ignore_conflicts=True)
    return len(samples)


def _rival(prediction: Prediction, values: dict[str, Value]) -> tuple[Value, float] | None:
    """The most probable value that is not the label's, nor what the network sees in its place."""
    agreed = {prediction.label_value_id, prediction.top_value_id}
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    return next(
        ((values[code], chance) for code, chance in ranked if code in values and values[code].pk not in agreed), None
    )
