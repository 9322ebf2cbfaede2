"""The evaluation as a document: tables in Markdown, plots as PNG, sheets of hits and misses.

The sheets show shops' pictures; they go to a folder of their own, which is not the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.classify import Classifier
from inference.fit.attribute_figures import Predicted, audit_judge_of
from inference.fit.contact_sheet import Cell, sheets
from inference.fit.flag_figures import BY_FREQUENCY, Judge, draw_weights, plant
from inference.fit.verified_labels import ARGUABLE, WRONG, Verified, verified_labels
from inference.usage import ENOUGH

COMMAND = "python manage.py evaluate --data ../shared/data --report docs"

_SHOPS = {"hm": "first shop (packshots)", "myntra": "second shop (mostly worn)"}

#: Pictures on a sheet.
_SHEET = 48


def write_report(
    folder: Path,
    sheet_folder: Path,
    figures: Mapping[str, Any],
    predictions: Mapping[str, Predicted],
    covers: Mapping[str, Mapping[str, Collection[str]]],
    classifier: Classifier,
) -> list[Path]:
    """Write ``evaluation.md`` and its plots into ``folder``, contact sheets into ``sheet_folder``; returns the files.

    Args:
        folder: usually ``docs``.
        sheet_folder: outside the repository's history.
        figures: of :func:`catalog_audit.training.measuring.evaluate`.
        predictions: shop -> what the ensemble said of all of its pictures whose colour is known.
        covers: shop -> colour -> finer colours that the shop's word for it includes.
        classifier: the ensemble, for values and policy.
    """
    plots = folder / "evaluation"
    plots.mkdir(parents=True, exist_ok=True)
    files = []
    for shop, predicted in predictions.items():
        verified = verified_labels(shop)
        rows = [row for row, item in enumerate(predicted.items) if item.path.name in verified]
        seen = [verified[predicted.items[row].path.name] for row in rows]
        judge = audit_judge_of(classifier, predicted, covers[shop]).only(np.array(rows, np.int64))
        files += _plots(plots, shop, judge, seen, figures[shop])
        files += _sheets(sheet_folder, shop, judge, seen, predicted.only(rows))
    text = folder / "evaluation.md"
    text.write_text(markdown(figures), encoding="utf-8")
    return [text, *files]


def markdown(figures: Mapping[str, Any]) -> str:
    """All figures as one Markdown document."""
    lines = [
        "# Evaluation",
        "",
        f"Written by `{COMMAND}`; every figure below was measured by that run, on photos and designs that",
        "no training saw. `inference/fit/verified/README.md` tells how the labels were verified. Where a table says",
        "raw, the shop's own mistakes count as right labels.",
        "",
        "## Cutting out",
        "",
        *_segmentation(figures),
    ]
    for shop, title in _SHOPS.items():
        if shop in figures:
            lines += ["", f"## {title[0].upper()}{title[1:]}", "", *_shop(shop, figures[shop])]
    return "\n".join(lines) + "\n"


def _segmentation(figures: Mapping[str, Any]) -> list[str]:
    photos = figures["segmentation"]["photos"]
    rows = [
        ["pixel accuracy", f"{photos['pixel_accuracy']:.3f}"],
        ["mean IoU, seven groups", f"{photos['mean_iou']:.3f}"],
        *([f"IoU, {group.replace('_', ' ')}", f"{iou:.3f}"] for group, iou in photos["iou"].items()),
    ]
    lines = _table([f"{photos['count']} held-out street photos", ""], rows)
    if "flat_lays" in figures["segmentation"]:
        flat = figures["segmentation"]["flat_lays"]
        lines += ["", *_table(
            [f"{flat['count']} packshots of held-out designs, against the teacher's outlines", ""],
            [
                ["a product found", f"{flat['found']:.3f}"],
                ["mean IoU", f"{flat['mean_iou']:.3f}"],
                ["a wrong type refused", f"{flat['wrong_type_refused']:.3f}"],
            ],
        )]  # fmt: skip
    if "cutouts" in figures:
        lines += ["", *_table(
            ["packshots against masks checked by eye", "pictures", "mean IoU", "lowest IoU"],
            [
                [{"light": "light on light", "other": "others", "all": "all"}[kind], str(one["count"]),
                 f"{one['mean_iou']:.3f}", f"{one['lowest_iou']:.3f}"]
                for kind, one in figures["cutouts"].items()
            ],
        )]  # fmt: skip
    return lines


def _shop(shop: str, figures: Mapping[str, Any]) -> list[str]:
    verified = figures["verified"]
    low, high = verified["accuracy_interval"]
    lines = [
        f"A product was found in {figures['found']:.3f} of the pictures. Verified colours: {verified['right']} right, "
        f"{verified['wrong']} wrong, {verified['arguable']} arguable.",
        "",
        *_table(
            [
                "attribute",
                "labels",
                "values that occur",
                "accuracy (raw labels)",
                "calibration error",
                "by garment group",
            ],
            [
                [
                    name.replace("_", " "),
                    str(one["items"]),
                    str(sum(value["items"] > 0 for value in one["per_value"].values())),
                    f"{one['accuracy']:.3f}",
                    f"{one['calibration_error']:.3f}",
                    ", ".join(f"{group.replace('_', ' ')} {share:.3f}" for group, share in one["by_group"].items()),
                ]
                for name, one in figures["attributes"].items()
                if one["items"]
            ],
        ),
        "",
        f"Colour on verified labels: accuracy {verified['accuracy']:.3f} ({low:.3f} to {high:.3f}; arguable ones left "
        f"out, wrong ones corrected); {verified['accuracy_raw']:.3f} on the same pictures' raw labels; "
        f"{verified['accuracy_any_defensible']:.3f} when the arguable ones are in and any defensible value counts.",
        "",
        "### Planted errors",
        "",
    ]
    kinds = (
        ("planted", "verified right labels"),
        ("planted_first_look", f"the same by the first look alone (shops with fewer than {ENOUGH} labels)"),
        ("planted_raw", "raw labels"),
    )
    for key, title in kinds:
        lines += [
            *_table(
                [f"wrong, on {title}", "drawn by", "recall at 99%", "at 95%", "at 90% precision", "flags: precision",
                 "flags: recall", "disputed", "calibration error of p_wrong"],
                [
                    [f"{float(rate):.0%}", draw, *(f"{one[name]:.3f}" for name in (
                        "recall_at_99", "recall_at_95", "recall_at_90", "precision", "recall", "disputed",
                        "calibration_error"))]
                    for rate, draws in verified[key].items() for draw, one in draws.items()
                ],
            ),
            "",
        ]  # fmt: skip
    lines += ["### The talk's test: 100 right and 100 wrong, 50 draws", ""]
    talks = [("all garments", verified["talk_all"]), ("skirts", verified["talk_skirts"])]
    lines += _table(
        ["drawn from", "products", "precision of the flags", "95% of the draws", "recall"],
        [
            [name, f"{one['pool']:.0f}", f"{one['precision']:.3f}",
             "{:.3f} to {:.3f}".format(*one["precision_interval"]), f"{one['recall']:.3f}"]
            for name, one in talks if one
        ],
    )  # fmt: skip
    looks = verified["genuine"], verified["genuine_first_look"]

    def both(tell: Callable[[Mapping[str, float]], str]) -> list[str]:
        return [tell(one) for one in looks]

    lines += [
        "",
        "### The shop's own errors",
        "",
        *_table(
            ["", "all labels together", "the first look alone"],
            [
                [f"of the {looks[0]['wrong']:.0f} wrong labels, found among as many most suspicious (arguable left "
                 "out)", *both(lambda one: f"{one['found']:.3f}")],
                ["flags on the shop's labels as they are", *both(lambda one: f"{one['flags']:.0f}")],
                ["of them wrong / arguable / right", *both(lambda one: " / ".join(
                    f"{one[name]:.3f}" for name in ("flags_wrong", "flags_arguable", "flags_right")))],
                ["of the wrong labels flagged / disputed",
                 *both(lambda one: f"{one['wrong_flagged']:.3f} / {one['wrong_disputed']:.3f}")],
                ["of the arguable labels disputed", *both(lambda one: f"{one['arguable_disputed']:.3f}")],
                ["of the right labels disputed", *both(lambda one: f"{one['right_disputed']:.3f}")],
                ["calibration error of p_wrong, arguable labels counted as not wrong",
                 f"{verified['error_calibration']:.3f}", ""],
                ["found among as many by the mixture (inference/noise.py), fitted to the held-out part alone",
                 f"{verified['found_by_mixture']:.3f}", ""],
                ["attention inside the garment, median of {:.0f}".format(figures["attention"]["pictures"]),
                 f"{figures['attention']['median']:.3f}", ""],
            ],
        ),
        "",
        *_suspects(figures.get("suspects")),
        f"![Reliability](evaluation/{shop}_reliability.png)",
        f"![Precision and recall](evaluation/{shop}_precision_recall.png)",
        "",
        f"![Confusion](evaluation/{shop}_confusion.png)",
    ]  # fmt: skip
    return lines


def _suspects(figures: Mapping[str, float] | None) -> list[str]:
    if figures is None:
        return []
    return [
        f"Of the {figures['count']:.0f} most suspicious labels of the whole catalogue, judged out of fold and looked "
        f"at one by one, {figures['wrong']:.3f} are wrong ({figures['low']:.3f} to {figures['high']:.3f}), "
        f"{figures['arguable']:.3f} arguable and {figures['right']:.3f} right.",
        "",
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows)]


def _labels(judge: Judge, seen: Sequence[Verified]) -> NDArray[np.int64]:
    place = {value: number for number, value in enumerate(judge.values)}
    return np.array([place[one.label] for one in seen], np.int64)


def _plots(folder: Path, shop: str, judge: Judge, seen: Sequence[Verified], figures: Mapping[str, Any]) -> list[Path]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    labels = _labels(judge, seen)
    right = np.array([one.verdict not in (WRONG, ARGUABLE) for one in seen])
    own, labels = judge.only(right), labels[right]
    weights = draw_weights(own.values, own.frequencies, own.policy, BY_FREQUENCY)
    reliability, axes = pyplot.subplots(figsize=(4.5, 4), layout="constrained")
    curve, curve_axes = pyplot.subplots(figsize=(4.5, 4), layout="constrained")
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for rate, colour in ((0.05, "#1f6f5c"), (0.5, "#c2591b")):
        planted = [plant(labels, weights, rate, np.random.default_rng(seed)) for seed in range(10)]
        score = np.concatenate([own.scores(one.labels)[0] for one in planted])
        wrong = np.concatenate([one.wrong for one in planted])
        place = np.minimum((score * 10).astype(int), 9)
        inside = [number for number in range(10) if (place == number).sum() >= 20]
        axes.plot([score[place == n].mean() for n in inside], [wrong[place == n].mean() for n in inside], "o-",
                  color=colour, label=f"{rate:.0%} made wrong")  # fmt: skip
        hits = np.cumsum(wrong[np.argsort(-score, kind="stable")])
        curve_axes.plot(
            hits / wrong.sum(), hits / np.arange(1, len(hits) + 1), color=colour, label=f"{rate:.0%} made wrong"
        )
    axes.set(xlabel="p_wrong says", ylabel="share that is wrong", title="Reliability")
    curve_axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02), title="Planted errors, by frequency")
    files = []
    for name, plot, its in (("reliability", reliability, axes), ("precision_recall", curve, curve_axes)):
        its.legend(loc="best")
        files.append(folder / f"{shop}_{name}.png")
        plot.savefig(files[-1], dpi=80)
        pyplot.close(plot)
    one = figures["attributes"]["colour"]
    matrix = np.array(one["confusion"], float)
    plot, axes = pyplot.subplots(figsize=(7, 6.2), layout="constrained")
    axes.imshow(matrix / np.maximum(1, matrix.sum(1, keepdims=True)), cmap="Greens", vmin=0, vmax=1)
    names = [value.replace("_", " ") for value in one["values"]]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(xlabel="predicted", ylabel="the shop's label", title="Colour, share of each label")
    for row, column in np.argwhere(matrix > 0):
        axes.text(column, row, str(int(matrix[row, column])), ha="center", va="center", fontsize=6)
    files.append(folder / f"{shop}_confusion.png")
    plot.savefig(files[-1], dpi=80)
    pyplot.close(plot)
    return files


def _sheets(folder: Path, shop: str, judge: Judge, seen: Sequence[Verified], predicted: Predicted) -> list[Path]:
    """Sheets of the most suspicious labels, with what was seen, and of the wrong labels that are least suspicious."""
    scores, states = judge.scores(_labels(judge, seen))
    best = judge.probabilities.argmax(1)
    wrong = np.array([one.verdict == WRONG for one in seen])
    order = np.argsort(-scores, kind="stable")
    chosen: dict[str, Sequence[int]] = {
        "most_suspicious": order[:_SHEET].tolist(),
        "missed": [row for row in order[::-1].tolist() if wrong[row]][:_SHEET],
    }
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, rows in chosen.items():
        cells = [
            Cell(
                predicted.items[row].path,
                (
                    f"{seen[row].label} -> {judge.values[best[row]]}",
                    f"p {scores[row]:.2f} {states[row]}; {seen[row].verdict}",
                ),
            )
            for row in rows
        ]
        for number, page in enumerate(sheets(cells)):
            files.append(folder / f"{shop}_{name}_{number}.png")
            page.save(files[-1])
    return files
