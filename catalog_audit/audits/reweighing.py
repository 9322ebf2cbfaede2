"""Storing what a second look makes of predictions: new rows where it matters, and the flags that follow."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction

from catalog_audit.audits import arguable, engine, overlays, reckoning
from catalog_audit.audits.evidence import Seen, version_of
from catalog_audit.audits.findings import DISPUTED, FLAGGED, OK
from catalog_audit.audits.models import Flag, Prediction, Weighing
from catalog_audit.audits.precision import threshold_of
from catalog_audit.audits.reckoning import Weight
from catalog_audit.audits.storing import lock_waiting
from catalog_audit.catalog.models import Label, Value

logger = logging.getLogger(__name__)

#: A p_wrong that moves by less, and leaves the state as it was, is not worth a row.
WORTH = 0.005


def weights_of(weighing: Weighing, seen: Sequence[Seen]) -> list[Weight | None]:
    """What the second look says of labels; None where nothing was learnt for the classifier that saw them."""
    by_version: dict[str, list[int]] = defaultdict(list)
    for row, one in enumerate(seen):
        by_version[version_of(one.question)].append(row)
    found: list[Weight | None] = [None] * len(seen)
    for version, rows in by_version.items():
        card = seen[rows[0]].question.card
        if version in weighing.fitted and card is not None:
            labels = [seen[row].evidence for row in rows]
            threshold = threshold_of(weighing, version)
            outcome = reckoning.weigh(weighing.attribute.code, card, weighing.fitted[version], labels, threshold)
            for row, weight in zip(rows, outcome, strict=True):
                found[row] = weight
    return found


def store(weighing: Weighing, seen: Sequence[Seen], explain: bool = False) -> int:
    """Weigh labels and store what changed: all of them or none.

    A prediction whose state changes, or whose p_wrong does by more than :data:`WORTH`, makes room for a new one that
    says the same but for these. Flags that nobody has said anything about follow: they are raised, closed, or moved
    between the queue and the disputed ones. What a person has said stands; so do check items and samples.

    Args:
        weighing: what was learnt.
        seen: labels of the shop and attribute, one a product.
        explain: have the networks say where they looked, for labels that become flags; reads their pictures.

    Returns:
        How many labels got another state.
    """
    weights = {one.prediction.product_id: weight for one, weight in zip(seen, weights_of(weighing, seen), strict=True)}
    fresh = {
        one.prediction.product_id: one
        for one in seen
        if (weight := weights[one.prediction.product_id]) is not None and _differs(one, weight)
    }
    if not fresh:
        return 0
    keys, attribute = list(fresh), weighing.attribute
    values = {value.code: value for value in Value.objects.filter(attribute=attribute)}
    attention = _attention([one for key, one in fresh.items() if explain and _becomes_a_flag(one, weights[key])])
    with transaction.atomic():
        # Flags before labels, as people's decisions lock them.
        waiting = {flag.product_id: flag for flag in lock_waiting({attribute.pk: keys}) if flag.kind == Flag.Kind.FLAG}
        asked = set(
            Flag.objects.filter(
                product__in=keys, attribute=attribute, kind=Flag.Kind.SAMPLE, state__in=Flag.UNDECIDED
            ).values_list("product_id", flat=True)
        )
        labels = {
            label.product_id: label
            for label in Label.objects.select_for_update().filter(product__in=keys, attribute=attribute)
        }
        old = {one.prediction.pk for one in fresh.values()}
        still = set(Prediction.objects.filter(pk__in=old, current=True).values_list("pk", flat=True))
        pairs = [
            (one, weight)
            for key, one in fresh.items()
            if one.prediction.pk in still
            and (weight := weights[key]) is not None
            and _is_the_same(one, labels.get(key))
        ]
        states = {one.prediction.product_id: one.prediction.state for one, _weight in pairs}
        Prediction.objects.filter(pk__in=[one.prediction.pk for one, _weight in pairs]).update(current=False)
        rows = Prediction.objects.bulk_create([_again(one, weight, attention) for one, weight in pairs])
        wanted = [
            flag
            for (one, _weight), row in zip(pairs, rows, strict=True)
            if row.state in (FLAGGED, DISPUTED) and (flag := _flag(weighing, one, row, values)) is not None
        ]
        _follow(waiting, {row.product_id: row for row in rows}, arguable.without_arguable(wanted), asked)
    return sum(states[row.product_id] != row.state for row in rows)


def _differs(one: Seen, weight: Weight) -> bool:
    before = one.prediction.p_wrong
    return _state(one, weight) != one.prediction.state or before is None or abs(before - weight.p_wrong) > WORTH


def _state(one: Seen, weight: Weight) -> str:
    # A label that a person has looked at is not held up again.
    return OK if one.question.label and one.question.label.verdict else weight.state


def _is_the_same(one: Seen, label: Label | None) -> bool:
    seen = one.question.label
    return (
        label is not None
        and seen is not None
        and (label.value_id, label.verdict, label.correction_id) == (seen.value_id, seen.verdict, seen.correction_id)
    )


def _becomes_a_flag(one: Seen, weight: Weight | None) -> bool:
    return weight is not None and _state(one, weight) == FLAGGED and not one.prediction.attention


def _attention(flagged: Sequence[Seen]) -> dict[int, dict[str, str]]:
    """Product -> names of the two attention overlays; nothing where the networks cannot be asked."""
    if not flagged:
        return {}
    try:
        maps = engine.explain_stored([(one, _suggested(one) or "") for one in flagged])
    except Exception:
        # A flag shows without them, too.
        logger.exception("attention could not be worked out")
        return {}
    return {
        one.prediction.product_id: {
            "attention": overlays.store_content(suggested),
            "attention_label": overlays.store_content(label),
        }
        for one, (suggested, label) in zip(flagged, maps, strict=True)
    }


def _again(one: Seen, weight: Weight, attention: dict[int, dict[str, str]]) -> Prediction:
    """The same prediction with another outcome, as a new row."""
    fields = {
        field.attname: getattr(one.prediction, field.attname)
        for field in Prediction._meta.concrete_fields
        if field.attname not in ("id", "created_at")
    }
    fields |= {"p_wrong": weight.p_wrong, "state": _state(one, weight), "current": True}
    return Prediction(**fields | attention.get(one.prediction.product_id, {}))


def _suggested(one: Seen) -> str | None:
    """The most probable value that contradicts the label; None where there is none."""
    meant = {one.question.known_as or one.question.label_value.code, *one.question.covers}
    others = {code: share for code, share in one.prediction.probabilities.items() if code not in meant}
    return max(others, key=lambda code: others[code], default=None)


def _flag(weighing: Weighing, one: Seen, row: Prediction, values: dict[str, Value]) -> Flag | None:
    """The flag that a prediction asks for; None where there is no value to suggest."""
    question, suggested = one.question, _suggested(one)
    if suggested not in values or question.label is None:
        return None
    state = Flag.State.OPEN if row.state == FLAGGED else Flag.State.DISPUTED
    return Flag(
        shop=weighing.shop,
        product_id=row.product_id,
        attribute=weighing.attribute,
        label=question.label,
        prediction=row,
        run_id=row.run_id,
        garment_type=question.item.garment,
        label_value=question.label_value,
        suggested=values[suggested],
        p_wrong=row.p_wrong or 0.0,
        gain=(row.p_wrong or 0.0) * row.probabilities[suggested],
        raised_as=state,
        state=state,
    )


def _follow(waiting: dict[int, Flag], rows: dict[int, Prediction], wanted: Sequence[Flag], asked: set[int]) -> None:
    """Make the flags of products what their predictions say.

    Args:
        waiting: product -> its flag that waits for a person.
        rows: product -> its new prediction.
        wanted: the flags that there should be.
        asked: products about which a sample asks already.
    """
    asked_for = {flag.product_id: flag for flag in wanted}
    moved, closed, new = [], [], []
    for product, row in rows.items():
        flag, target = waiting.get(product), asked_for.get(product)
        if flag is None:
            if target is not None and product not in asked:
                new.append(target)
        elif flag.state in Flag.IN_DISPUTE:
            continue  # a person has said something
        elif target is None:
            closed.append(flag.pk)
        else:
            flag.prediction, flag.p_wrong, flag.gain = row, target.p_wrong, target.gain
            flag.state = flag.raised_as = target.state
            moved.append(flag)
    Flag.objects.filter(pk__in=closed).update(state=Flag.State.CLOSED, leased_to=None, leased_until=None)
    Flag.objects.bulk_update(moved, ["prediction", "p_wrong", "gain", "state", "raised_as"], batch_size=200)
    arguable.raise_flags(new)
