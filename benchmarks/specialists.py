"""One network for all, or one for each garment group and attribute? And what is left of it in another shop?

``python benchmarks/specialists.py --data ../shared/data [--work DIR] [--only NAME ...] [--write]``

Trains, each exactly as a member of the shipped ensemble is trained (:class:`inference.fit.classification_run.Recipe`):

``hm``, ``myntra``: a network for all garments and attributes that never saw the other shop.
``resnet34``: the same as ``hm`` with ResNet34 as its trunk, all of it learning, since no ImageNet weights of it come as
    a package; its time a step stands beside it.

and from ``hm``, at a low rate, one epoch on the packshots of the first shop:

``universal``: all garments, all attributes: what more steps bring.
``top``, ``bottom``, ``full_body``: one garment group, all attributes.
``top.colour`` ...: one garment group, one attribute.

Prints, on held-out designs of the first shop, each one's accuracy by garment group and attribute; and for ``hm`` and
``myntra``, on the verified labels of the shop that they never saw, accuracy and recall at 95% precision with half of
the labels made wrong. Needs the outlines, drawn garments and group maps that ``manage.py train`` leaves in its work
folder. Goes on from checkpoints when interrupted; ``--only`` trains some and prints what is there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent

if TYPE_CHECKING:
    from catalog_audit.training.options import TrainingOptions
    from inference.fit.classification_run import Recipe
    from inference.fit.data_shop import Crops, Item
    from inference.network import AttributeNetwork

#: The fold that every network leaves out; it calibrates what is measured in the other shop.
FOLD = 0
RESNET = "resnet34"
#: Side and rate of the further epoch.
FURTHER_RATE = 2e-4
PRECISION = "recall_at_95"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with hm/ and myntra/")
    parser.add_argument("--work", type=Path, metavar="DIR", help="work folder of the training")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="train only these of what is missing")
    parser.add_argument("--write", action="store_true", help="write docs/specialists.md")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog_audit.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.conf import settings

    study = Study.of(options.data.resolve(), (options.work or settings.DATA_DIR / "training").resolve())
    for name in study.names():
        if options.only is None or name in options.only:
            study.train(name)
    text = "\n\n".join([study.table(), study.transfer()])
    print(text)
    if options.write:
        command = "python benchmarks/specialists.py --data ../shared/data --write"
        told = (__doc__ or "").split("\n\n", 2)[2].strip()
        head = f"# One network for all, or specialists; and another shop\n\nWritten by `{command}`.\n\n{told}"
        (ROOT / "docs" / "specialists.md").write_text(f"{head}\n\n{text}\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Study:
    """What is learnt from and measured on.

    Attributes:
        options: the folders.
        items: all items of both shops and the drawn ones.
        meanings: what the shops' words mean.
        work: folder of the checkpoints.
    """

    options: TrainingOptions
    items: tuple[Item, ...]
    meanings: Mapping[str, Mapping[str, Mapping[str, str]]]
    work: Path

    @classmethod
    def of(cls, data: Path, work: Path) -> Study:
        """Read the tables."""
        from catalog_audit.training import engine, running
        from catalog_audit.training.options import TrainingOptions
        from inference.fit.data_shop import rendered_items

        options = TrainingOptions(data, data, work, work, stages=())
        meanings = running.meanings(options)
        items = engine.labelled_items(options, meanings, options.regions)
        return cls(options, (*items, *rendered_items(options.drawn)), meanings, work / "specialists")

    @staticmethod
    def names() -> list[str]:
        """All networks, in the order in which they build on each other."""
        from inference.contract import GARMENT_GROUPS
        from inference.fit.values import VALUES

        pairs = [f"{group}.{name}" for group in GARMENT_GROUPS for name in VALUES if (group, name) in _judged()]
        return ["hm", "universal", *GARMENT_GROUPS, *pairs, "myntra", RESNET]

    def recipe(self, name: str) -> Recipe:
        """How a network is trained."""
        from inference.fit.classification_run import Recipe

        recipe = Recipe()
        if name != RESNET:
            return recipe
        return replace(recipe, architecture={**recipe.architecture, "trunk": RESNET})

    def crops(self, origins: tuple[str, ...]) -> tuple[Crops, Crops]:
        """(what is learnt from, what calibrates) of some origins."""
        from inference.fit.classification_run import load_data

        return load_data([item for item in self.items if item.origin in origins], self.recipe(""))

    def train(self, name: str) -> None:
        """Train a network, or go on with it; a finished one is left alone."""
        from inference.fit.classification_run import train_member
        from inference.fit.data_shop import HM, MYNTRA, RENDERED

        if self.state(name) is not None:
            return
        started = time.monotonic()
        if name in (HM, MYNTRA, RESNET):
            learnt, _watched = self.crops((MYNTRA if name == MYNTRA else HM, RENDERED))
            train_member(FOLD, learnt, None, self.work / name, self.recipe(name), _say(name))
        else:
            self._further(name)
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)

    def _further(self, name: str) -> None:
        """Go on from ``hm`` with a garment group, an attribute, or both."""
        from inference.fit.checkpoint import save_checkpoint
        from inference.fit.classification import fit
        from inference.fit.data_shop import HM

        group, _, attribute = name.partition(".")
        recipe, start = self.recipe(name), self.network("hm")
        learnt, _ = self.crops((HM,))
        rows = [
            row
            for row, item in enumerate(learnt.items)
            if item.fold != FOLD and group in ("universal", item.garment_group)
        ]
        weights = dict(recipe.finish.weights)
        if attribute:
            weights = {one: float(one == attribute) for one in recipe.values}
        schedule = replace(recipe.finish, rate=FURTHER_RATE, seed=23, weights=weights)
        path = self.work / name / f"fold{FOLD}.pt"
        network = fit(
            start, learnt.only(rows), None, schedule, path.with_suffix(".checkpoint"), _say(name), resume=True
        )
        save_checkpoint(path, {"network": network.state_dict()})

    def state(self, name: str) -> dict[str, Any] | None:
        """The finished weights of a network, or None."""
        from inference.fit.checkpoint import load_checkpoint

        return load_checkpoint(self.work / name / f"fold{FOLD}.pt")

    def network(self, name: str) -> AttributeNetwork:
        """A finished network."""
        state = self.state(name)
        if state is None:
            raise SystemExit(f"{name} is not trained yet")
        network = self.recipe(name).untrained()
        network.load_state_dict(state["network"])
        return network.eval()

    def table(self) -> str:
        """Accuracy on held-out designs of the first shop, in Markdown."""
        from inference.contract import GARMENT_GROUPS
        from inference.fit.classification import accuracies_of
        from inference.fit.classification_run import STORED_SIDE
        from inference.fit.data_shop import HM, TEST, load_crops

        recipe = self.recipe("")
        held_out = load_crops(
            [one for one in self.items if one.part == TEST and one.origin == HM], recipe.values, STORED_SIDE
        )
        lines = [
            "| garment group | attribute | labels | hm | universal | per group | per group and attribute | resnet34 |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for group in GARMENT_GROUPS:
            tested = held_out.only([row for row, item in enumerate(held_out.items) if item.garment_group == group])
            names = [one for one in self.names() if one.partition(".")[0] in ("hm", "universal", group, RESNET)]
            trained = [one for one in names if self.state(one) is not None]
            figures = {name: accuracies_of(self.network(name), tested, recipe.side) for name in trained}
            for attribute in recipe.values:
                if (group, attribute) not in _judged():
                    continue
                known = int(tested.targets[attribute].any(1).sum())
                cells = [
                    f"{figures[name][attribute]:.3f}" if attribute in figures.get(name, {}) else "-"
                    for name in ("hm", "universal", group, f"{group}.{attribute}", RESNET)
                ]
                lines.append(f"| {group} | {attribute} | {known} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def transfer(self) -> str:
        """What a network is worth in the shop that it never saw, in Markdown."""
        from inference.fit.data_shop import HM, MYNTRA

        lines = [
            "| learnt from | measured in | verified labels | accuracy, verified / raw | half wrong: recall at 95% |",
            "|---|---|---|---|---|",
        ]
        for own, other in ((HM, MYNTRA), (MYNTRA, HM)):
            if self.state(own) is not None:
                lines.append(self._transfer(own, other))
        return "\n".join(lines)

    def _transfer(self, own: str, other: str) -> str:
        from catalog_audit.training import running
        from inference.artifact import read_card
        from inference.classify import Classifier
        from inference.fit.attribute_figures import (
            never_learnt,
            predict_items,
            verified_figures,
            with_colour,
        )
        from inference.fit.classification import logits_of
        from inference.fit.classification_run import STORED_SIDE, rounded
        from inference.fit.data_shop import CALIBRATION, TRAIN, load_crops
        from inference.fit.export import calibrate_logits, save_ensemble, training_digests

        recipe, member = self.recipe(own), rounded(self.network(own))
        mine = [one for one in self.items if one.origin == own]
        watched = [one for one in mine if one.part == CALIBRATION]
        unseen = [*(one for one in mine if one.part == TRAIN and one.fold == FOLD), *watched]
        learnt, other_part = (load_crops(some, recipe.values, STORED_SIDE) for some in (unseen, watched))
        logits = [logits_of(member, crops, recipe.side).numpy() for crops in (learnt, other_part)]
        slices = {"colour": member.slices["colour"]}
        shipped = read_card(ROOT / "inference" / "weights" / "attributes.safetensors")["attributes"]
        attributes = shipped | calibrate_logits(slices, *logits, learnt, other_part, recipe.values)
        file = self.work / own / "transfer.safetensors"
        digests = training_digests(self.crops((own,))[0], FOLD + 1)
        save_ensemble(file, [member], attributes, digests, recipe, {"title": own})
        classifier = Classifier.load(file)
        # Nothing of this shop was learnt, so all of it may be looked at, as an audit does.
        theirs = [item for item in self.items if item.origin == other]
        predicted = with_colour(classifier, predict_items(classifier, never_learnt(classifier, theirs)))
        covers = running.covers(self.options, self.meanings)[other]
        found = verified_figures(classifier, predicted, other, covers)
        (self.work / own / "transfer.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
        recall = found["planted"]["0.50"]["frequency"][PRECISION]
        shares = f"{found['accuracy']:.3f} / {found['accuracy_raw']:.3f}"
        return f"| {own} | {other} | {found['right'] + found['wrong']} | {shares} | {recall:.3f} |"


def _judged() -> set[tuple[str, str]]:
    """Garment groups and attributes that go together: skirts and dresses have lengths, tops have none."""
    from inference.contract import GARMENT_GROUPS
    from inference.fit.values import VALUES

    return {(group, one) for group in GARMENT_GROUPS for one in VALUES if (group, one) != ("top", "length")}


def _say(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda news: print(name, json.dumps(news), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
