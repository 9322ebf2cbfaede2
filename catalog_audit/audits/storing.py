"""Storing what an audit found: overlays as files first, then all rows of a chunk in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from catalog_audit.audits import arguable, overlays
from catalog_audit.audits.findings import DISPUTED, FLAGGED, Finding
from catalog_audit.audits.items import Item
from catalog_audit.audits.models import AuditRun, Flag, Prediction
from catalog_audit.catalog.models import Attribute, Label, Value
from catalog_audit.jobs import chunks
from catalog_audit.jobs.models import Chunk

#: The files of a prediction; fields of the same names hold their bytes in a finding and their names in the row.
_OVERLAYS = ("mask", "attention", "attention_label")


def store(run: AuditRun, chunk: Chunk, items: Sequence[Item], findings: Sequence[Finding]) -> int:
    """Store a chunk's findings.

    Everything or nothing: the chunk is marked as done in the same transaction, so a worker that dies on the way leaves
    no trace, and one that was too slow (its chunk went to another worker) stores nothing.

    Args:
        run: the audit.
        chunk: what was worked on.
        items: its products; what nobody asks of them any more is closed.
        findings: what was found about them. Other labels of theirs keep their prediction and flag.

    Returns:
        How many flags were raised (disputed ones not counted).

    Raises:
        catalog_audit.jobs.chunks.Lost: the chunk is another worker's by now.
        catalog_audit.catalog.files.StorageFull: the disk is full.
    """
    files = [{kind: overlays.store_content(getattr(finding, kind)) for kind in _OVERLAYS} for finding in findings]
    replaced = _replaced(items, findings)
    values = {(value.attribute_id, value.code): value for value in Value.objects.filter(attribute__in=list(replaced))}
    with transaction.atomic():
        chunks.complete(chunk)
        # Flags before labels, as people's decisions lock them: the other way round the two could wait for each other.
        waiting = lock_waiting(replaced)
        # A label may have been decided, or imported anew, while the networks were looking: what was found about the
        # old one must not raise a flag. The next audit sees another fingerprint and looks again.
        labels = Label.objects.select_for_update().filter(product__in=chunk.payload, attribute__in=list(replaced))
        current = {(label.product_id, label.attribute_id): label for label in labels}
        kept = _close(waiting, current)
        for attribute_id, products in replaced.items():
            Prediction.objects.filter(product__in=products, attribute=attribute_id, current=True).update(current=False)
        rows = [_prediction(run, finding, names, values) for finding, names in zip(findings, files, strict=True)]
        Prediction.objects.bulk_create(rows)
        flags = [
            _flag(run, finding, row, values)
            for finding, row in zip(findings, rows, strict=True)
            if finding.state in (FLAGGED, DISPUTED)
            and _still_the_same(finding, current.get((row.product_id, row.attribute_id)))
            and (row.product_id, row.attribute_id) not in kept
        ]
        raised = arguable.raise_flags(flags)
    return sum(flag.state == Flag.State.OPEN for flag in raised)


def _replaced(items: Sequence[Item], findings: Sequence[Finding]) -> dict[int, list[int]]:
    """Attribute -> the products whose prediction and flag about it make room for new ones, or for none."""
    pairs: list[tuple[Attribute, Item]] = [(finding.question.attribute, finding.item) for finding in findings]
    pairs += [(attribute, item) for item in items for attribute in item.dropped]
    replaced: dict[int, list[int]] = defaultdict(list)
    for attribute, item in pairs:
        replaced[attribute.pk].append(item.product.pk)
    return replaced


def lock_waiting(replaced: dict[int, list[int]]) -> list[Flag]:
    """What waits for a person about the labels, locked in the order in which decisions lock it."""
    asked = Q(pk__in=[])
    for attribute_id, products in replaced.items():
        asked |= Q(product__in=products, attribute=attribute_id)
    flags = Flag.objects.select_for_update().filter(asked, state__in=Flag.UNDECIDED)
    return list(flags.only("product", "attribute", "label_value", "state", "kind").order_by("pk"))


def _close(waiting: Sequence[Flag], current: dict[tuple[int, int], Label]) -> set[tuple[int, int]]:
    """Close what waits, but for flags of which a person has said something while the label is the same.

    Returns:
        (product, attribute) of the flags that stay.
    """
    kept: set[tuple[int, int]] = set()
    closed: list[int] = []
    for flag in waiting:
        key = (flag.product_id, flag.attribute_id)
        label = current.get(key)
        stands = label is not None and label.value_id == flag.label_value_id
        if flag.state in Flag.IN_DISPUTE and flag.kind != Flag.Kind.CHECK and stands:
            kept.add(key)
        else:
            closed.append(flag.pk)
    Flag.objects.filter(pk__in=closed).update(state=Flag.State.CLOSED, leased_to=None, leased_until=None)
    return kept


def _still_the_same(finding: Finding, label: Label | None) -> bool:
    seen = finding.question.label
    return (
        label is not None
        and seen is not None
        and (label.value_id, label.verdict, label.correction_id) == (seen.value_id, seen.verdict, seen.correction_id)
    )


def _prediction(
    run: AuditRun, finding: Finding, files: dict[str, str], values: dict[tuple[int, str], Value]
) -> Prediction:
    item, question = finding.item, finding.question
    looked = bool(finding.probabilities)
    return Prediction(
        run=run,
        product=item.product,
        attribute=question.attribute,
        picture=finding.picture,
        fingerprint=question.fingerprint,
        parts=question.parts,
        segmenter=item.scope.segmenter,
        classifier=item.classifier if looked else None,
        label_value=question.label.value if question.label else None,
        problem=finding.problem,
        top_value=values.get((question.attribute.pk, finding.top)),
        p_wrong=finding.p_wrong,
        state=finding.state,
        probabilities=finding.probabilities,
        palette=[list(entry) for entry in finding.palette],
        region_share=finding.region_share,
        **files,
    )


def _flag(run: AuditRun, finding: Finding, prediction: Prediction, values: dict[tuple[int, str], Value]) -> Flag:
    item, question = finding.item, finding.question
    state = Flag.State.OPEN if finding.state == FLAGGED else Flag.State.DISPUTED
    return Flag(
        shop=run.shop,
        product=item.product,
        attribute=question.attribute,
        label=question.label,
        prediction=prediction,
        run=run,
        garment_type=item.garment,
        label_value=question.label_value,
        suggested=values[question.attribute.pk, finding.suggested],
        p_wrong=finding.p_wrong or 0.0,
        gain=(finding.p_wrong or 0.0) * finding.probabilities.get(finding.suggested, 0.0),
        raised_as=state,
        state=state,
    )
