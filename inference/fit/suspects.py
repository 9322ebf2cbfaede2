"""The most suspicious labels of whole catalogues, those that trained the networks included, for a person to look at.

Pictures that took part in training are judged by the member that did not learn them. What was seen in the pictures of
one such run stands in ``verified/suspects_hm.csv`` and ``verified/suspects_myntra.csv``.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from inference.classify import Classifier
from inference.fit.attribute_figures import judge_of, predict_items
from inference.fit.contact_sheet import Cell, sheets
from inference.fit.data_shop import EITHER, Item
from inference.fit.verified_labels import ARGUABLE, RIGHT, WRONG, verified_labels


def write_suspects(
    classifier: Classifier, items: Sequence[Item], covers: Mapping[str, Collection[str]], out: Path, count: int
) -> Path:
    """Rank the colour labels of a catalogue by p_wrong and write the first ones.

    Args:
        classifier: the ensemble.
        items: of one shop, all parts.
        covers: colour -> finer colours that the shop's word for it includes.
        out: folder for ``suspects.csv`` (file, label, suggested, p_wrong) and sheets; made when absent.
        count: so many labels.

    Returns:
        The table.
    """
    values = classifier.values["colour"]
    labelled = [item for item in items if item.values.get("colour", "").split(EITHER)[0] in values]
    predicted = predict_items(classifier, labelled)
    labels = np.array([values.index(item.values["colour"].split(EITHER)[0]) for item in predicted.items], np.int64)
    judge = judge_of(classifier, predicted, covers)
    scores, _ = judge.scores(labels, adapt=False)
    rows = np.argsort(-scores, kind="stable")[:count].tolist()
    best = judge.probabilities.argmax(1)
    out.mkdir(parents=True, exist_ok=True)
    table = out / "suspects.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "label", "suggested", "p_wrong"])
        for row in rows:
            name = predicted.items[row].path.name
            writer.writerow([name, values[labels[row]], values[best[row]], f"{scores[row]:.4f}"])
    cells = [
        Cell(
            predicted.items[row].path,
            (f"#{number} {predicted.items[row].garment_group}", f"label {values[labels[row]]}; {values[best[row]]}?"),
        )
        for number, row in enumerate(rows)
    ]
    for number, page in enumerate(sheets(cells)):
        page.save(out / f"suspects_{number:02d}.png")
    return table


def suspect_figures(shop: str) -> dict[str, float] | None:
    """What was seen in the most suspicious labels of a shop; None where nobody has looked.

    Returns:
        ``count``, the shares ``wrong``, ``arguable`` and ``right``, and the interval ``low`` to ``high`` that holds
        the share of wrong ones with 95% (Wilson, JASA 1927).
    """
    try:
        seen = list(verified_labels(f"suspects_{shop}").values())
    except FileNotFoundError:
        return None
    count = len(seen)
    share = {verdict: sum(one.verdict == verdict for one in seen) / count for verdict in (WRONG, ARGUABLE, RIGHT)}
    centre = (share[WRONG] + 1.96**2 / (2 * count)) / (1 + 1.96**2 / count)
    spread = (
        1.96 / (1 + 1.96**2 / count) * math.sqrt(share[WRONG] * (1 - share[WRONG]) / count + 1.96**2 / (4 * count**2))
    )
    return {"count": float(count), **share, "low": centre - spread, "high": centre + spread}
