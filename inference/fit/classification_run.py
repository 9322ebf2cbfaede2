"""The recipe of the colour classifiers: a network over all garments, specialists, calibration, figures, artefacts.

Every stage leaves its result in the work folder and is skipped when the result is there, so an interrupted run goes
on where it stopped.

Usage:
    python -m inference.fit.classification_run --hm ../shared/data/hm --masks var/training/pseudo/hm --words words.csv \
        --rendered var/training/rendered --work var/training/colour --out inference/weights
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from inference.artifact import save_artifact
from inference.classify import KIND, Classifier
from inference.contract import GARMENT_GROUPS
from inference.fit.checkpoint import load_checkpoint, save_checkpoint
from inference.fit.classification import Report, Schedule, fit, new_network
from inference.fit.classification_evaluate import evaluate_classifier, predict_items, usable
from inference.fit.classification_policy import choose_policy, fit_temperature, value_frequencies, with_temperature
from inference.fit.data_shop import (
    CALIBRATION,
    EXTRA,
    RENDERED,
    SHOP,
    TEST,
    TRAIN,
    Crops,
    Item,
    hm_items,
    load_crops,
    myntra_items,
    read_words,
    rendered_items,
)
from inference.network import EMBEDDING, TRUNK, AttributeNetwork

#: Values of the colour attribute that the networks know, in the order of their outputs.
COLOURS: tuple[str, ...] = (
    "black",
    "white",
    "grey",
    "beige",
    "brown",
    "navy",
    "blue",
    "light_blue",
    "turquoise",
    "green",
    "khaki",
    "yellow",
    "orange",
    "red",
    "burgundy",
    "pink",
    "purple",
    "multicolour",
    "floral_print",
)

#: Side of the squares kept in memory.
STORED_SIDE = 184


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a training run does.

    Attributes:
        attribute: code of the attribute.
        values: codes of its values.
        architecture: arguments of the network, see :class:`inference.network.AttributeNetwork`.
        universal: schedule of the network over all garments.
        specialist: schedule of the networks that go on from it, one per garment group.
        shares: how far from universal to specialist the weights of a group may lie; the best on CALIBRATION is taken.
        start: finished network of an earlier run (``universal.pt``) from whose weights the universal network goes on,
            so that more data are learnt at a fraction of the time; ImageNet weights where there is none.
        data: what the weights were trained on and under which terms, for the model's card.
    """

    attribute: str = "colour"
    values: tuple[str, ...] = COLOURS
    architecture: Mapping[str, Any] = field(default_factory=lambda: {"trunk": TRUNK, "embedding": EMBEDDING})
    universal: Schedule = field(default_factory=Schedule)
    specialist: Schedule = field(default_factory=lambda: Schedule(sides=(160, 160), rate=1e-4, head_factor=2.0, seed=8))
    shares: tuple[float, ...] = (0.0, 0.5, 1.0)
    start: Path | None = None
    data: str = ""

    @property
    def side(self) -> int:
        """Side of the networks' input."""
        return self.universal.sides[-1]


def _stage(network: AttributeNetwork, file: Path) -> bool:
    """Load the result of a finished stage into ``network``; False when the stage is still to be done."""
    state = load_checkpoint(file)
    if state is None:
        return False
    network.load_state_dict(state["network"])
    return True


def _labelled(report: Report, **labels: Any) -> Report:
    return lambda entry: report({**labels, **entry})


def train_networks(
    items: Sequence[Item], work: Path, recipe: Recipe, report: Report, device: str = "cpu"
) -> dict[str, AttributeNetwork]:
    """Train the universal network, then one specialist per garment group.

    Args:
        items: all parts; only TRAIN is learnt from, and CALIBRATION is watched.
        work: folder for checkpoints and results; a run goes on from what lies there.
        recipe: what to do.
        report: called with dictionaries of progress.
        device: where to train.

    Raises:
        FileNotFoundError: ``recipe.start`` does not exist.

    Returns:
        ``universal`` and the garment groups -> networks.
    """
    universal = new_network(len(recipe.values), **recipe.architecture).to(device)
    if recipe.start is not None and not _stage(universal, recipe.start):
        raise FileNotFoundError(f"there is no network to go on from: {recipe.start}")
    groups = [group for group in GARMENT_GROUPS if any(item.garment_group == group for item in items)]
    networks = {name: copy.deepcopy(universal) for name in ("universal", *groups)}
    finished = [_stage(network, work / f"{name}.pt") for name, network in networks.items()]
    if all(finished):
        return networks
    crops = load_crops([item for item in items if item.part == TRAIN], recipe.values, STORED_SIDE)
    watched = load_crops(
        [item for item in items if item.part == CALIBRATION and item.origin == SHOP], recipe.values, STORED_SIDE
    )
    report({"stage": "data", "train": len(crops), "watched": len(watched)})
    for name in networks:
        if _stage(networks[name], work / f"{name}.pt"):
            continue
        schedule = recipe.universal if name == "universal" else recipe.specialist
        networks[name] = fit(
            networks[name] if name == "universal" else copy.deepcopy(networks["universal"]),
            crops if name == "universal" else _of_group(crops, name),
            watched if name == "universal" else _of_group(watched, name),
            schedule,
            work / f"{name}.checkpoint",
            _labelled(report, stage=name),
            resume=True,
        )
        save_checkpoint(work / f"{name}.pt", {"network": networks[name].state_dict()})
    return networks


def _of_group(crops: Crops, group: str) -> Crops:
    return crops.only([row for row, item in enumerate(crops.items) if item.garment_group == group])


def blend(one: AttributeNetwork, other: AttributeNetwork, share: float) -> AttributeNetwork:
    """A network whose weights lie between two of the same origin, ``share`` of the way towards ``other``.

    Halfway, a fine-tuned network often beats both ends (Wortsman et al., "Robust fine-tuning of zero-shot models",
    CVPR 2022). The weights are rounded as a model file rounds them, so that figures belong to what is shipped.
    """
    mixed = copy.deepcopy(one)
    target = other.state_dict()
    mixed.load_state_dict(
        {
            name: torch.lerp(tensor, target[name], share).half().float() if tensor.is_floating_point() else tensor
            for name, tensor in one.state_dict().items()
        }
    )
    return mixed


def _classifier(network: AttributeNetwork, group: str, recipe: Recipe, **more: Any) -> Classifier:
    card = {
        "attribute": recipe.attribute,
        "garment_group": group,
        "architecture": dict(recipe.architecture),
        "values": list(recipe.values),
        "side": recipe.side,
        "temperature": 1.0,
        **more,
    }
    return Classifier(network, card, device=str(next(network.parameters()).device))


def calibrate(
    networks: dict[str, AttributeNetwork], items: Sequence[Item], recipe: Recipe, report: Report
) -> dict[str, Classifier]:
    """Choose how far each group's network moves to its specialist; fit temperature and policy. CALIBRATION only.

    The weights whose calibrated predictions make the labels likeliest are taken, so that a specialist that learnt its
    few pictures by heart is not. Only items of origin SHOP count.
    """
    kept = usable([item for item in items if item.part == CALIBRATION and item.origin == SHOP], recipe.values)
    labels = np.array([recipe.values.index(item.value) for item in kept], np.int64)
    calibrated = np.zeros((len(kept), len(recipe.values)), np.float32)
    chosen: dict[str, tuple[AttributeNetwork, float, float]] = {}
    for group in GARMENT_GROUPS:
        rows = np.array([row for row, item in enumerate(kept) if item.garment_group == group], np.int64)
        if group not in networks or not rows.size:
            continue
        own, best = [kept[row] for row in rows], np.inf
        for share in recipe.shares:
            network = blend(networks["universal"], networks[group], share)
            raw = predict_items({group: _classifier(network, group, recipe)}, own)
            temperature = fit_temperature(raw, labels[rows])
            probabilities = with_temperature(raw, temperature)
            loss = float(-np.log(np.clip(probabilities[np.arange(len(rows)), labels[rows]], 1e-9, 1)).mean())
            report(
                {
                    "stage": "calibrate",
                    "group": group,
                    "specialist_share": share,
                    "items": len(rows),
                    "accuracy": round(float((probabilities.argmax(1) == labels[rows]).mean()), 4),
                    "loss": round(loss, 4),
                    "temperature": round(temperature, 3),
                }
            )
            if loss < best:
                best, calibrated[rows] = loss, probabilities
                chosen[group] = (network, share, temperature)
    policy = choose_policy(calibrated, labels, recipe.values, value_frequencies(labels, recipe.values))
    report({"stage": "policy", **{key: value for key, value in policy.to_json().items() if isinstance(value, float)}})
    return {
        group: _classifier(
            network, group, recipe, specialist_share=share, temperature=temperature, policy=policy.to_json()
        )
        for group, (network, share, temperature) in chosen.items()
    }


def run(
    items: Sequence[Item], work: Path, out: Path, recipe: Recipe, report: Report, device: str = "cpu"
) -> dict[str, Any]:
    """Train, calibrate, measure on the TEST part and write one artefact per garment group.

    Args:
        items: pictures with masks and labels, all parts.
        work: folder for checkpoints.
        out: folder for ``<attribute>_<group>.safetensors`` and cards.
        recipe: what to do.
        report: called with dictionaries of progress.
        device: where to train.

    Returns:
        The figures that the cards carry, see :func:`inference.fit.classification_evaluate.evaluate_classifier`;
        besides, the accuracy of either choice for all groups as ``accuracy_universal`` and ``accuracy_specialist``, and
        of other origins' held-out pictures as ``accuracy_extra`` and ``accuracy_rendered``.
    """
    networks = train_networks(items, work, recipe, report, device)
    classifiers = calibrate(networks, items, recipe, report)
    held_out = [item for item in items if item.part == TEST and item.origin == SHOP]
    figures = evaluate_classifier(classifiers, held_out)
    for name in ("universal", "specialist"):
        one = {
            group: _classifier(networks["universal" if name == "universal" else group], group, recipe)
            for group in classifiers
        }
        figures[f"accuracy_{name}"] = evaluate_classifier(one, held_out)["accuracy"]
    for origin in (EXTRA, RENDERED):
        others = [item for item in items if item.part == TEST and item.origin == origin and item.value in recipe.values]
        if others:
            figures[f"accuracy_{origin}"] = evaluate_classifier(classifiers, others)["accuracy"]
    for group, classifier in classifiers.items():
        card = {
            **classifier.card,
            "data": recipe.data,
            "split": "designs by SHA-256 of the product code: one in five measured, one in ten of the rest calibrates",
            "reproduce": "python -m inference.fit.classification_run (see its text)",
            "schedule": {"universal": asdict(recipe.universal), "specialist": asdict(recipe.specialist)},
            "figures": figures,
        }
        save_artifact(out / f"{recipe.attribute}_{group}.safetensors", KIND, classifier.network.state_dict(), card)
    report({"stage": "done", **{key: value for key, value in figures.items() if isinstance(value, float)}})
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Train the colour classifiers.")
    parser.add_argument("--hm", type=Path, required=True, help="folder with labels.csv and images")
    parser.add_argument("--masks", type=Path, required=True, help="masks of those pictures, PNG")
    parser.add_argument("--grouped", action="store_true", help="the masks hold group numbers, not 0 and 255")
    parser.add_argument("--words", type=Path, required=True, help="CSV with the columns raw and value")
    parser.add_argument("--rendered", type=Path, help="folder of a drawn catalogue")
    parser.add_argument("--myntra", type=Path, help="folder with labels.csv and images")
    parser.add_argument("--myntra-masks", type=Path, help="masks of those pictures with group numbers")
    parser.add_argument("--myntra-words", type=Path, help="like --words; joins values that a word may mean by |")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", default="", help="text for the cards: training data and their terms")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--start", type=Path, help="universal.pt of an earlier run to go on from")
    parser.add_argument("--rate", type=float, help="highest learning rate of the universal network")
    parser.add_argument("--specialist-sides", type=int, nargs="+", help="like --sides, for the specialists")
    parser.add_argument(
        "--sides", type=int, nargs="+", help="side of the input, one per epoch of the universal network"
    )
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    words = read_words(options.words)
    items = hm_items(options.hm / "labels.csv", options.hm / "images", options.masks, words, options.grouped)
    if options.rendered:
        items += rendered_items(options.rendered)
    if options.myntra:
        myntra_words = read_words(options.myntra_words)
        items += myntra_items(
            options.myntra / "labels.csv", options.myntra / "images", options.myntra_masks, myntra_words
        )
    recipe = Recipe(start=options.start, data=options.data)
    universal, specialist = recipe.universal, recipe.specialist
    if options.sides:
        universal = replace(universal, sides=tuple(options.sides))
    if options.rate:
        universal = replace(universal, rate=options.rate)
    if options.specialist_sides:
        specialist = replace(specialist, sides=tuple(options.specialist_sides))
    recipe = replace(recipe, universal=universal, specialist=specialist)
    options.work.mkdir(parents=True, exist_ok=True)
    with (options.work / "progress.jsonl").open("a", encoding="utf-8") as log:

        def report(entry: dict[str, Any]) -> None:
            line = json.dumps({"time": time.strftime("%H:%M:%S"), **entry})
            print(line, flush=True)
            log.write(line + "\n")
            log.flush()

        figures = run(items, options.work, options.out, recipe, report)
    (options.work / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
