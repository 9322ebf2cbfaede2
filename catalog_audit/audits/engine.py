"""The one adapter between audits and the networks. Importing it costs nothing; the networks are imported when used."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from catalog_audit.audits import overlays
from catalog_audit.audits.evidence import Seen
from catalog_audit.audits.findings import FLAGGED, OK, UNREADABLE, Finding, without_looking
from catalog_audit.audits.items import Item, Question
from catalog_audit.audits.pooling import Pooled, pool
from catalog_audit.catalog.files import picture_path
from catalog_audit.catalog.models import Picture
from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.service import ModelsMissing, active_models, file_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.contract import Bundle, ExplainRequest, PaletteEntry, PictureRequest, Reading
    from inference.pipeline import Pipeline

logger = logging.getLogger(__name__)

#: Pictures whose regions are in memory at a time; each is as large as its picture.
_PICTURES_AT_ONCE = 32


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
            model.garment_group: file_of(model) for model in models if model.kind == ModelVersion.Kind.CLASSIFICATION
        },
    )


#: Sets of networks in memory: those in use, and a candidate that is compared with them, chunk by chunk in turn.
_SETS = 2


@lru_cache(maxsize=_SETS)
def _loaded(segmenter: Path, classifiers: tuple[tuple[str, Path], ...], versions: str) -> Pipeline:
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
    versions = {model.role: model.version for model in models}
    named = " ".join(f"{role}={version}" for role, version in sorted(versions.items()))
    pipeline = _loaded(bundle.segmenter, tuple(sorted(bundle.classifiers.items())), named)
    for role, version in versions.items():
        if pipeline.versions[role] != version:
            raise ModelsMissing(f"version {version} of the model {role} is no longer there; start the audit again")
    return pipeline


def look(questions: Sequence[Question], models: Sequence[ModelVersion]) -> list[Finding]:
    """Look at products: segment, classify, weigh the labels, explain the flags.

    Every picture is looked at once, whatever is asked about its product.

    Args:
        questions: those of one product one after the other.
        models: what to look with.

    Returns:
        One finding per question, in the same order.
    """
    findings = [without_looking(question) for question in questions]
    waiting = [number for number, finding in enumerate(findings) if finding is None]
    if waiting:
        pipeline = pipeline_of(models)
        items = {questions[number].item.product.pk: questions[number].item for number in waiting}
        seen = {one.item.product.pk: one for one in _read(pipeline, list(items.values()))}
        weighed = [_weigh(questions[number], seen[questions[number].item.product.pk]) for number in waiting]
        _explain(pipeline, weighed, seen)
        for number, finding in zip(waiting, weighed, strict=True):
            findings[number] = finding
    return [finding for finding in findings if finding is not None]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of one product.

    Attributes:
        item: the product.
        pooled: what all its pictures say together.
        picture: the one that is shown for all.
        region: bool (height, width), where the product is in that picture, or None.
        region_share: the region's share of it, 0..1.
        palette: the colours inside the region.
        mask: the region as an overlay, or b"".
    """

    item: Item
    pooled: Pooled
    picture: Picture
    region: NDArray[np.bool_] | None
    region_share: float
    palette: tuple[PaletteEntry, ...]
    mask: bytes


def _read(pipeline: Pipeline, items: Sequence[Item]) -> Iterator[_Seen]:
    """Look at every picture of products, a few products at a time."""
    for batch in _batches(items):
        readings = iter(pipeline.read([_request(item, picture) for item in batch for picture in item.pictures]))
        for item in batch:
            yield _together(item, [next(readings) for _ in item.pictures])


def _together(item: Item, readings: Sequence[Reading]) -> _Seen:
    pooled = pool(readings)
    shown = readings[pooled.shown]
    return _Seen(
        item,
        pooled,
        item.pictures[pooled.shown],
        shown.region,
        shown.region_share,
        shown.palette,
        overlays.mask_png(shown.region) if shown.region is not None else b"",
    )


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Products whose pictures go through the networks together."""
    batch: list[Item] = []
    pictures = 0
    for item in items:
        if batch and pictures + len(item.pictures) > _PICTURES_AT_ONCE:
            yield batch
            batch, pictures = [], 0
        batch.append(item)
        pictures += len(item.pictures)
    if batch:
        yield batch


def _request(item: Item, picture: Picture) -> PictureRequest:
    from inference.contract import PictureRequest

    return PictureRequest(
        key=f"{item.product.pk}.{picture.position}",
        path=picture_path(picture),
        garment_group=item.garment_group,
        digest=picture.sha256,
    )


def _weigh(question: Question, seen: _Seen) -> Finding:
    """Compare the label that holds now with what was seen."""
    from inference.suspicion import Policy, assess

    if seen.pooled.problem:
        return Finding(question, UNREADABLE, seen.pooled.problem, seen.picture)
    if question.card is None or question.label is None:
        raise ValueError(f"{question.attribute.code} of product {question.item.product.pk} cannot be weighed")
    probabilities = dict(seen.pooled.probabilities.get(question.attribute.code, {}))
    covers = question.covers
    label = question.known_as or question.label_value.code
    # A heading that the networks do not know (printed) is weighed as all the values below it.
    weighed_as = question.known_as or next(iter(covers), "")
    measured = _measured(question.card, probabilities, seen.palette)
    verdict = assess(probabilities, weighed_as, Policy.from_json(question.card["policy"]), covers, measured)
    others = {code: share for code, share in probabilities.items() if code != label and code not in covers}
    return Finding(
        question,
        # A label that a person has looked at is not held up again.
        OK if question.label.verdict else verdict.state,
        picture=seen.picture,
        top=verdict.suggested if verdict.suggested in others else label,
        suggested=max(others, key=lambda code: others[code], default=""),
        p_wrong=verdict.p_wrong,
        probabilities={code: round(share, 5) for code, share in probabilities.items()},
        palette=[(entry.hex, round(entry.share, 4)) for entry in seen.palette],
        region_share=seen.region_share,
        mask=seen.mask,
    )


def _measured(
    card: Mapping[str, Any], values: Iterable[str], palette: Sequence[PaletteEntry]
) -> dict[str, float] | None:
    """Value -> share of the product that the word fits, where the model knows the colours of words."""
    from inference.measured import MeasuredColours

    if "measured" not in card:
        return None
    codes = list(values)
    shares = MeasuredColours.from_json(card["measured"]).shares(palette, codes)
    return dict(zip(codes, shares.tolist(), strict=True))


def _explain(pipeline: Pipeline, findings: Sequence[Finding], seen: Mapping[int, _Seen]) -> None:
    """Attention of the suggested value and of the label's, for flags only: it costs more than all other networks."""
    flagged = [finding for finding in findings if finding.state == FLAGGED]
    wanted = [(one, value) for one in flagged for value in (one.suggested, one.question.known_as) if value]
    maps = pipeline.explain([_explanation(finding, seen[finding.item.product.pk], value) for finding, value in wanted])
    for (finding, value), attention in zip(wanted, maps, strict=True):
        if value == finding.suggested:
            finding.attention = overlays.attention_png(attention)
        else:
            finding.attention_label = overlays.attention_png(attention)


def _explanation(finding: Finding, seen: _Seen, value: str) -> ExplainRequest:
    from inference.contract import ExplainRequest

    request = _request(seen.item, seen.picture)
    if seen.region is None:
        raise ValueError(f"nothing was found in picture {request.key}")
    attribute = finding.question.attribute.code
    return ExplainRequest(request.key, request.path, seen.region, request.garment_group, attribute, value)


def explain_stored(wanted: Sequence[tuple[Seen, str]]) -> list[tuple[bytes, bytes]]:
    """Attention of labels that became suspicious after they were looked at; only their pictures are read again.

    Args:
        wanted: labels with the value that is suggested in their place.

    Returns:
        For each the overlays of the suggested value and of the label's, as PNG; b"" where the networks do not know the
        value, or the picture or its mask is gone.
    """
    requests: list[tuple[int, int, ExplainRequest]] = []
    for row, (seen, suggested) in enumerate(wanted):
        region = overlays.region_of(seen.prediction.mask)
        picture = seen.prediction.picture
        if region is None or picture is None:
            continue
        for place, value in enumerate((suggested, seen.question.known_as)):
            if value:
                requests.append((row, place, _stored(seen, picture, region, value)))
    found = [[b"", b""] for _ in wanted]
    if requests:
        maps = pipeline_of(active_models()).explain([request for _row, _place, request in requests])
        for (row, place, _asked), attention in zip(requests, maps, strict=True):
            found[row][place] = overlays.attention_png(attention)
    return [(suggested, label) for suggested, label in found]


def _stored(seen: Seen, picture: Picture, region: NDArray[np.bool_], value: str) -> ExplainRequest:
    from inference.contract import ExplainRequest

    item, attribute = seen.question.item, seen.question.attribute.code
    request = _request(item, picture)
    return ExplainRequest(request.key, request.path, region, request.garment_group, attribute, value)


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
