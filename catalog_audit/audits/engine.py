"""The one adapter between audits and the networks. Importing it costs nothing; the networks are imported when used."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from catalog_audit.audits import overlays
from catalog_audit.audits.findings import DISPUTED, FLAGGED, UNREADABLE, Finding, without_looking
from catalog_audit.audits.items import Item
from catalog_audit.catalog.files import picture_path
from catalog_audit.catalog.mapping import roll_up
from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.service import ModelsMissing, active_models, file_of

if TYPE_CHECKING:
    from inference.contract import Bundle, Reading
    from inference.pipeline import Pipeline

logger = logging.getLogger(__name__)


def bundle_of(models: Sequence[ModelVersion]) -> Bundle:
    """The files of a set of models.

    Raises:
        ModelsMissing: there is no segmentation network among them.
    """
    from inference.contract import Bundle

    segmenters = [model for model in models if model.kind == ModelVersion.Kind.SEGMENTATION]
    if not segmenters:
        raise ModelsMissing("there is no segmentation network")
    return Bundle(
        segmenter=file_of(segmenters[0]),
        classifiers={
            (model.attribute, model.garment_group): file_of(model)
            for model in models
            if model.kind == ModelVersion.Kind.CLASSIFICATION
        },
    )


@lru_cache(maxsize=1)
def _loaded(segmenter: Path, classifiers: tuple[tuple[tuple[str, str], Path], ...], versions: str) -> Pipeline:
    from inference.contract import Bundle
    from inference.pipeline import Pipeline

    logger.info("loading models %s", versions)
    return Pipeline.load(Bundle(segmenter, dict(classifiers)), settings.DEVICE or None)


def pipeline_of(models: Sequence[ModelVersion]) -> Pipeline:
    """The networks of a set of models, loaded once per process and again when a model is promoted.

    Raises:
        ModelsMissing: a file holds another version by now (the program was upgraded in mid-audit): what it says must
            not be recorded under the old version's name.
    """
    bundle = bundle_of(models)
    versions = {
        f"{model.attribute}/{model.garment_group}" if model.attribute else "segmenter": model.version
        for model in models
    }
    named = " ".join(f"{role}={version}" for role, version in sorted(versions.items()))
    pipeline = _loaded(bundle.segmenter, tuple(sorted(bundle.classifiers.items())), named)
    for role, version in versions.items():
        if pipeline.versions[role] != version:
            raise ModelsMissing(f"version {version} of the model {role} is no longer there; start the audit again")
    return pipeline


def look(items: Sequence[Item], models: Sequence[ModelVersion]) -> list[Finding]:
    """Look at products: segment, classify, weigh the labels, explain the flags.

    Returns:
        One finding per item, in the same order.
    """
    findings = [without_looking(item) for item in items]
    waiting = [number for number, finding in enumerate(findings) if finding is None]
    if waiting:
        pipeline = pipeline_of(models)
        readings = pipeline.read([_request(items[number]) for number in waiting])
        seen = [_weigh(items[number], reading) for number, reading in zip(waiting, readings, strict=True)]
        _explain(pipeline, seen, readings)
        for number, finding in zip(waiting, seen, strict=True):
            findings[number] = finding
    return [finding for finding in findings if finding is not None]


def _request(item: Item) -> Any:
    from inference.contract import PictureRequest

    if item.picture is None:
        raise ValueError(f"product {item.product.pk} has no picture")
    return PictureRequest(
        key=str(item.product.pk),
        path=picture_path(item.picture),
        garment_group=item.garment_group,
        attributes=(item.attribute.code,),
    )


def _weigh(item: Item, reading: Reading) -> Finding:
    """Compare the label that holds now with what was seen."""
    from inference.suspicion import Policy, assess

    if reading.problem:
        return Finding(item, UNREADABLE, reading.problem)
    if item.classifier is None or item.label is None:
        raise ValueError(f"product {item.product.pk} cannot be weighed")
    probabilities = dict(reading.probabilities.get(item.attribute.code, {}))
    policy = Policy.from_json(item.classifier.card["policy"])
    label = roll_up(item.label_value, probabilities) or ""
    verdict = assess(probabilities, label, policy)
    # A label that a person has looked at is not held up again.
    state = "ok" if item.label.verdict else verdict.state
    return Finding(
        item,
        state,
        top=verdict.suggested,
        p_wrong=verdict.p_wrong,
        probabilities={code: round(share, 5) for code, share in probabilities.items()},
        palette=[(entry.hex, round(entry.share, 4)) for entry in reading.palette],
        region_share=reading.region_share,
        mask=overlays.mask_png(reading.region) if reading.region is not None else b"",
    )


def _explain(pipeline: Pipeline, findings: Sequence[Finding], readings: Sequence[Reading]) -> None:
    """Attention of the predicted value, for flags and disputed labels only."""
    from inference.contract import ExplainRequest

    chosen = []
    requests = []
    for finding, reading in zip(findings, readings, strict=True):
        if finding.state in (FLAGGED, DISPUTED) and reading.region is not None:
            request = _request(finding.item)
            chosen.append(finding)
            requests.append(
                ExplainRequest(
                    request.key,
                    request.path,
                    reading.region,
                    request.garment_group,
                    finding.item.attribute.code,
                    finding.top,
                )
            )
    for finding, attention in zip(chosen, pipeline.explain(requests), strict=True):
        finding.attention = overlays.attention_png(attention)


def segment_pictures(paths: Sequence[Path]) -> list[Any]:
    """Group maps of pictures.

    Args:
        paths: files.

    Returns:
        Per picture a uint8 array (height, width) of group numbers 0..6 in the picture's own size, or the
        :class:`inference.pictures.PictureError` that says why there is none.
    """
    from inference.pictures import PictureError, read_picture

    segmenter = pipeline_of(active_models()).segmenter
    results: list[Any] = []
    for path in paths:
        try:
            image = read_picture(path)
        except PictureError as error:
            results.append(error)
        else:
            results.append(segmenter.predict([image])[0])
    return results
