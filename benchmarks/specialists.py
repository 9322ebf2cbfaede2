"""Does a network per garment group beat one for all?

``python benchmarks/specialists.py --data ../shared/data [--work DIR] [--write]``

Takes the first network of the ensemble as ``manage.py train`` left it in its work folder, lets a copy go on learning on
each garment group alone (the same pictures, at a low rate), and prints the accuracy of both on held-out designs of
the first shop, by garment group and attribute. An equal further training on all groups stands beside it, so that what
more steps bring is not taken for what specialising brings. Goes on from checkpoints when interrupted.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent

if TYPE_CHECKING:
    from inference.fit.data_shop import Crops
    from inference.network import AttributeNetwork

Train = Callable[[str, "Crops"], "AttributeNetwork"]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with hm/ and myntra/")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="work folder of the training (training/ in the data folder)"
    )
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write docs/specialists.md")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog_audit.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.conf import settings

    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    work = (options.work or settings.DATA_DIR / "training").resolve()
    table = compare(options.data.resolve(), work)
    print(table)
    if options.write:
        command = "python benchmarks/specialists.py --data ../shared/data --write"
        text = "# One network for all garments, or one for each group\n\n"
        text += f"Written by `{command}`; its text says what is measured.\n"
        (ROOT / "docs" / "specialists.md").write_text(f"{text}\n{table}\n", encoding="utf-8")


def compare(data: Path, work: Path) -> str:
    """Train what is not trained yet and measure; returns a table in Markdown."""
    from catalog_audit.training import engine, running
    from catalog_audit.training.options import TrainingOptions
    from inference.contract import GARMENT_GROUPS
    from inference.fit.checkpoint import load_checkpoint, save_checkpoint
    from inference.fit.classification import accuracies_of, fit
    from inference.fit.classification_run import STORED_SIDE, Recipe, load_data
    from inference.fit.data_shop import HM, TEST, load_crops

    options = TrainingOptions(data, data, work, work, stages=())
    items = engine.labelled_items(options, running.meanings(options), options.regions)
    recipe = Recipe()
    learnt, _ = load_data(items, recipe)
    held_out = load_crops([one for one in items if one.part == TEST and one.origin == HM], recipe.values, STORED_SIDE)
    first = load_checkpoint(work / "attributes" / "fold0.pt")
    if first is None:
        raise SystemExit(f"{work / 'attributes'} holds no trained network; run manage.py train first")
    start = recipe.untrained()
    start.load_state_dict(first["network"])
    schedule = replace(recipe.finish, rate=1e-4, seed=23)

    def further(name: str, crops: Crops) -> AttributeNetwork:
        network, done = copy.deepcopy(start), work / "specialists" / f"{name}.pt"
        state = load_checkpoint(done)
        if state is not None:
            network.load_state_dict(state["network"])
            return network
        network = fit(network, crops, None, schedule, done.with_suffix(".checkpoint"), _say(name), resume=True)
        save_checkpoint(done, {"network": network.state_dict()})
        return network

    own = learnt.only([row for row, item in enumerate(learnt.items) if item.fold != 0])
    everything = further("all", own)
    rows = []
    for group in GARMENT_GROUPS:
        specialist = further(group, _of_group(own, group))
        tested = _of_group(held_out, group)
        figures = [accuracies_of(one, tested, recipe.side) for one in (start, everything, specialist)]
        for attribute in figures[0]:
            known = int((tested.targets[attribute].sum(1) > 0).sum())
            shares = " | ".join(f"{one[attribute]:.3f}" for one in figures)
            rows.append(f"| {group} | {attribute} | {known} | {shares} |")
    head = "| garment group | attribute | labels | one for all | trained on, all groups | trained on, this group |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def _of_group(crops: Crops, group: str) -> Crops:
    return crops.only([row for row, item in enumerate(crops.items) if item.garment_group == group])


def _say(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda news: print(name, news, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
