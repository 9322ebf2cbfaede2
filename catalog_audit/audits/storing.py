"""Storing what an audit found: overlays as files first, then all rows of a chunk in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.db import transaction

from catalog_audit.audits import overlays
from catalog_audit.audits.findings import DISPUTED, FLAGGED, Finding
from catalog_audit.audits.models import AuditRun, Flag, Prediction
from catalog_audit.catalog.models import Attribute, Label, Value
from catalog_audit.jobs import chunks
from catalog_audit.jobs.models import Chunk


def store(run: AuditRun, chunk: Chunk, attribute: Attribute, findings: Sequence[Finding]) -> int:
    """Store a chunk's findings.

    Everything or nothing: the chunk is marked as done in the same transaction, so a worker that dies on the way leaves
    no trace, and one that was too slow (its chunk went to another worker) stores nothing.

    Returns:
        How many flags were raised (disputed ones not counted).

    Raises:
        catalog_audit.jobs.chunks.Lost: the chunk is another worker's by now.
        catalog_audit.catalog.files.StorageFull: the disk is full.
    """
    files = [(_overlay(finding, "mask"), _overlay(finding, "attention")) for finding in findings]
    values = {value.code: value for value in Value.objects.filter(attribute=attribute)}
    products = [finding.item.product.pk for finding in findings]
    with transaction.atomic():
        chunks.complete(chunk)
        # Flags before labels, as people's decisions lock them: the other way round the two could wait for each other.
        Flag.objects.filter(product__in=products, attribute=attribute, state__in=Flag.UNDECIDED).update(
            state=Flag.State.CLOSED
        )
        # A label may have been decided, or imported anew, while the networks were looking: what was found about the
        # old one must not raise a flag. The next audit sees another fingerprint and looks again.
        labels = Label.objects.select_for_update().filter(product__in=products, attribute=attribute)
        current = {label.product_id: label for label in labels}
        Prediction.objects.filter(product__in=products, attribute=attribute, current=True).update(current=False)
        rows = [
            _prediction(run, finding, mask, attention, values)
            for finding, (mask, attention) in zip(findings, files, strict=True)
        ]
        Prediction.objects.bulk_create(rows)
        flags = [
            _flag(run, finding, row)
            for finding, row in zip(findings, rows, strict=True)
            if finding.state in (FLAGGED, DISPUTED) and _still_the_same(finding, current.get(finding.item.product.pk))
        ]
        Flag.objects.bulk_create(flags)
    return sum(flag.state == Flag.State.OPEN for flag in flags)


def _still_the_same(finding: Finding, label: Label | None) -> bool:
    seen = finding.item.label
    return (
        label is not None
        and seen is not None
        and (label.value_id, label.verdict, label.correction_id) == (seen.value_id, seen.verdict, seen.correction_id)
    )


def _overlay(finding: Finding, kind: str) -> str:
    """Store one overlay; the name comes from all that its content depends on, and is random to whoever guesses."""
    data = finding.mask if kind == "mask" else finding.attention
    if not data:
        return ""
    name = hashlib.sha256(data).hexdigest()[:40]
    return overlays.store(f"{name[:2]}/{name}.png", data)


def _prediction(run: AuditRun, finding: Finding, mask: str, attention: str, values: dict[str, Value]) -> Prediction:
    item = finding.item
    looked = bool(finding.probabilities)
    return Prediction(
        run=run,
        product=item.product,
        attribute=item.attribute,
        picture=item.picture,
        fingerprint=item.fingerprint,
        segmenter=item.segmenter,
        classifier=item.classifier if looked else None,
        label_value=item.label.value if item.label else None,
        problem=finding.problem,
        top_value=values.get(finding.top),
        p_wrong=finding.p_wrong,
        state=finding.state,
        probabilities=finding.probabilities,
        palette=[list(entry) for entry in finding.palette],
        region_share=finding.region_share,
        mask=mask,
        attention=attention,
    )


def _flag(run: AuditRun, finding: Finding, prediction: Prediction) -> Flag:
    item = finding.item
    state = Flag.State.OPEN if finding.state == FLAGGED else Flag.State.DISPUTED
    return Flag(
        shop=run.shop,
        product=item.product,
        attribute=item.attribute,
        label=item.label,
        prediction=prediction,
        garment_type=item.garment.current if item.garment else None,
        label_value=item.label_value,
        suggested=prediction.top_value,
        p_wrong=finding.p_wrong or 0.0,
        raised_as=state,
        state=state,
    )
