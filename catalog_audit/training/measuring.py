"""The adapter between evaluation and the networks: figures, reports and the most suspicious labels of the shared data.

Importing it costs nothing; the networks are imported when used.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from catalog_audit.training.engine import Meanings, Report, labelled_items
from catalog_audit.training.options import TrainingOptions


def evaluate(
    options: TrainingOptions,
    meanings: Meanings,
    covers: Mapping[str, Mapping[str, Collection[str]]],
    segmenter: Path,
    classifier: Path,
    report: Report,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure models on photos and designs that no training saw.

    Args:
        options: where the data lie; outlines of packshots are measured against only where they exist.
        meanings: what the words in the shops' tables mean.
        covers: shop -> colour -> finer colours that the shop's word for it includes.
        segmenter: the segmentation network.
        classifier: the ensemble of attribute networks.
        report: told of the progress.

    Returns:
        The figures: ``segmentation``, and per shop the ``attributes``, ``verified`` and ``attention`` (what
        :mod:`inference.fit` measures). And, per shop, the predictions
        (:class:`inference.fit.attribute_figures.Predicted`).
    """
    from inference.classify import Classifier
    from inference.fit.attention_figures import attention_figures
    from inference.fit.attribute_figures import (
        accuracy_figures,
        joined,
        never_learnt,
        predict_items,
        verified_figures,
        with_colour,
    )
    from inference.fit.cutouts import cutout_figures
    from inference.fit.data_shop import TEST
    from inference.fit.regions import write_group_maps
    from inference.fit.segmentation_evaluate import evaluate_segmentation
    from inference.fit.suspects import suspect_figures
    from inference.segment import Segmenter

    device = settings.DEVICE or None
    network = Segmenter.load(segmenter, device)
    outlines = options.outlines if options.outlines.exists() else None
    figures: dict[str, Any] = {
        "segmentation": evaluate_segmentation(network, options.ccp, options.hm if outlines else None, outlines)
    }
    if options.teacher.exists():
        figures["cutouts"] = cutout_figures(network, options.hm, options.teacher)
    ensemble = Classifier.load(classifier, device)
    maps = options.work / "regions_of" / network.version
    predictions = {}
    for shop, folder in options.shops.items():
        pictures = sorted((folder / "images").glob("*.jpg"))
        for done, total in write_group_maps(pictures, segmenter, maps / shop, device):
            report({"done": done, "total": total, "shop": shop})
    # What a shop's flags are like depends on all of its labels; those that trained are judged out of fold.
    items = labelled_items(options, meanings, maps)
    for shop in options.shops:
        own = [item for item in items if item.origin == shop and item.part == TEST]
        predicted = predict_items(ensemble, never_learnt(ensemble, own))
        learnt = [item for item in items if item.origin == shop and item.part != TEST]
        whole = joined([predicted, predict_items(ensemble, learnt)]) if learnt else predicted
        predictions[shop] = with_colour(ensemble, whole)
        figures[shop] = {
            "found": len(predicted.items) / max(1, predicted.looked_at),
            "attributes": {name: accuracy_figures(ensemble, predicted, name) for name in ensemble.values},
            "verified": verified_figures(ensemble, predictions[shop], shop, covers[shop]),
            "attention": attention_figures(ensemble, predicted),
            "suspects": suspect_figures(shop),
        }
    return figures, predictions


def write_report(
    folder: Path,
    sheets: Path,
    figures: Mapping[str, Any],
    predictions: Mapping[str, Any],
    covers: Mapping[str, Mapping[str, Collection[str]]],
    classifier: Path,
) -> list[Path]:
    """Write ``evaluation.md`` with its plots into a folder, and sheets of hits and misses into another.

    Returns:
        The files.
    """
    from inference.classify import Classifier
    from inference.fit.report import write_report as write

    return write(folder, sheets, figures, predictions, covers, Classifier.load(classifier, settings.DEVICE or None))


def learn_second_look(
    predictions: Mapping[str, Any], covers: Mapping[str, Mapping[str, Collection[str]]], classifier: Path
) -> Path:
    """Learn how witnesses are weighed from labels that were looked at by eye; see :mod:`inference.second_look`.

    Args:
        predictions: shop -> what the ensemble said of all of its pictures, as :func:`evaluate` gives it.
        covers: shop -> colour -> finer colours that the shop's word for it includes.
        classifier: the ensemble.

    Returns:
        The file that was written.
    """
    from inference.classify import Classifier
    from inference.fit.attribute_figures import verdicts_of
    from inference.fit.second_figures import learn_from
    from inference.second_look import save_shipped

    ensemble = Classifier.load(classifier, settings.DEVICE or None)
    parts = [verdicts_of(ensemble, found, shop, covers[shop]) for shop, found in predictions.items()]
    return save_shipped({"colour": learn_from(parts)})


def write_suspects(
    options: TrainingOptions,
    meanings: Meanings,
    covers: Mapping[str, Mapping[str, Collection[str]]],
    classifier: Path,
    count: int,
) -> list[Path]:
    """Write the most suspicious labels of each whole catalogue, cut out by the maps that training used.

    Returns:
        A table for each shop; sheets of pictures lie beside it.
    """
    from inference.classify import Classifier
    from inference.fit.suspects import write_suspects as write

    ensemble = Classifier.load(classifier, settings.DEVICE or None)
    items = labelled_items(options, meanings, options.regions)
    return [
        write(
            ensemble,
            [item for item in items if item.origin == shop],
            covers[shop],
            options.work / "suspects" / shop,
            count,
        )
        for shop in options.shops
    ]
