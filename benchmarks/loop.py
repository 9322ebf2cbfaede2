"""How many wrong labels does a reviewer find when the model learns from the verdicts? On real pictures.

``python benchmarks/loop.py [--sample N] [--rounds N] [--data DIR] [--work DIR] [--out docs] [--seed N]``

In a tenth of the training designs' colour labels of the first shop errors are planted: once drawn by how often the shop
uses each colour, once all of them within three pairs that people confuse. Then, round by round: heads are trained out
of fold, the labels are ranked, a simulated reviewer decides the top 5% (and is wrong 3% of the time), and the heads are
trained again on the labels as they now stand, those that were seen counting more. What was seen is not shown again.

The arms differ in nothing but the ranking and in whether there is a second training. Columns, shares in 0..1:
``reviewed`` of the catalogue so far; ``found`` of the planted errors, corrected so far; ``precision``, share of the
labels reviewed in this round that were planted; ``accuracy`` on verified labels of held-out designs; ``ece``,
calibration error of the suspicion (cleanlab: 1 less its quality) over labels not yet reviewed.

Only heads are trained; ``loop_data.py`` says why the features know nothing of the labels. ``--sample`` takes the
garments whose file names have the lowest SHA-256. Features are kept in ``--work``; with them a run takes a few minutes.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks import loop_report as report  # noqa: E402
from benchmarks.loop_heads import HELD_OUT, LANDMARKS, Ridge, kernel_features  # noqa: E402
from benchmarks.loop_ranking import by_cleanlab, by_suspicion, by_verdicts  # noqa: E402
from benchmarks.loop_simulation import (  # noqa: E402
    PAIRS,
    Arm,
    Floats,
    Labels,
    Planted,
    Round,
    Standing,
    most_suspicious,
    plant_by_frequency,
    plant_in_pairs,
    simulate,
)

FloatArray = NDArray[np.float32]

DATA, WORK = ROOT.parent / "shared" / "data", ROOT / "var" / "loop"
SEGMENTER = ROOT / "inference" / "weights" / "segmentation.safetensors"

#: Share of the labels that are made wrong, and folds.
RATE, FOLDS = 0.10, 5

#: Head -> features that it reads, with their weight in the distance between two garments.
HEADS: Mapping[str, Mapping[str, float]] = {
    "all": {"histogram": 1.0, "measured": 0.7, "trunk": 0.7},
    "colours": {"histogram": 1.0, "measured": 0.7},
    "trunk": {"trunk": 1.0, "measured": 0.8},
}

#: Fewer garments leave some colours, or some folds, without any.
LEAST = 300

TITLES = {"frequency": "Planted by frequency", "pairs": "Planted in three confusable pairs"}


class Bag:
    """Several heads that learn the same labels; see :class:`benchmarks.loop_simulation.Learner`."""

    def __init__(self, heads: Sequence[Ridge]) -> None:
        self._heads = heads

    def __call__(self, labels: Labels, weights: Floats) -> tuple[list[Floats], Floats]:
        """Probabilities of every head, and of the held-out items the heads' mean."""
        answers = [head(labels, weights) for head in self._heads]
        return [inside for inside, _ in answers], np.mean([outside for _, outside in answers], axis=0)


def witness(features: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """Blocks of features side by side: float32 (n, d), each centred, and of a total variance of its weight squared."""
    blocks = []
    for name, weight in weights.items():
        block = features[name] - features[name].mean(0)
        blocks.append(weight * block / np.sqrt(max(float(block.var(0).sum()), 1e-12)))
    return np.concatenate(blocks, 1).astype(np.float32)


def measure(data: Path, work: Path, sample: int | None, rounds: int, seed: int) -> report.Found:
    """Run all arms on both plantings, and the training on clean labels; for the arguments see :func:`main`."""
    from benchmarks.loop_data import read_catalogue
    from inference.fit.split import fold_of_design
    from inference.fit.verified_labels import calibration_labels, verified_labels

    catalogue = read_catalogue(data / "hm", work, SEGMENTER, sample, tell)
    known, values = ~catalogue.held_out, catalogue.values
    folds = np.array([fold_of_design(design, FOLDS) for design in catalogue.designs], np.int64)
    folds[~known] = HELD_OUT
    truth, held_out = catalogue.labels[known], catalogue.verified(verified_labels("hm"))
    blocks = [witness(catalogue.features, weights) for weights in HEADS.values()]
    features = [kernel_features(block, LANDMARKS, seed + number) for number, block in enumerate(blocks)]
    learner = Bag([Ridge(one, folds, len(values)) for one in features])
    taught, outside = learner(truth, np.ones(len(truth)))
    clean = held_out.accuracy(outside)
    random = np.random.default_rng(seed)
    plantings = {
        "frequency": plant_by_frequency(truth, len(values), RATE, random),
        "pairs": plant_in_pairs(truth, values, PAIRS, RATE, random),
    }
    seen = {**calibration_labels("hm"), **verified_labels("suspects_hm")}
    learnt = np.array(catalogue.files)[known]
    found: dict[str, list[Round]] = {name: [] for name in plantings}
    within = {name: ranked_first(taught, planted) for name, planted in plantings.items()}
    genuine: dict[str, Counter[str]] = {}
    for name, planted in plantings.items():
        for arm in arms():
            started = time.monotonic()
            own = list(simulate(arm, learner, planted, truth, held_out, rounds, seed))
            tell(f"{name}, {arm.name}: {time.monotonic() - started:.0f} s")
            found[name] += own
            if name not in genuine:
                rows = np.concatenate([one.rows for one in own])
                files = learnt[rows[~planted.wrong[rows]]].tolist()
                genuine[name] = Counter(seen[file].verdict if file in seen else report.UNKNOWN for file in files)
    counts = {
        "learnt": len(truth),
        "planted": int(plantings["frequency"].wrong.sum()),
        "held out": len(held_out.labels),
        "verified": int(held_out.defensible.any(1).sum()),
    }
    return report.Found(found, clean, counts, genuine, within)


def ranked_first(heads: Sequence[Floats], planted: Planted) -> float:
    """Share of the planted errors among the first :data:`report.REVIEWED` of the labels, by heads that met none."""
    nobody = np.zeros(len(planted.labels), bool)
    suspicion = by_suspicion(Standing(heads, planted.labels, planted.labels, nobody, nobody))
    first = most_suspicious(suspicion, nobody, round(report.REVIEWED * len(nobody)))
    return float(planted.wrong[first].sum() / max(1, planted.wrong.sum()))


def arms() -> Iterator[Arm]:
    """What is compared; ours first."""
    yield Arm("ours", by_verdicts)
    yield Arm("ours, no retraining", by_suspicion, retrains=False)
    yield Arm("suspicion.py alone", by_suspicion)
    for method in ("self_confidence", "normalized_margin"):
        yield Arm(f"cleanlab {method}", by_cleanlab(method))


def tell(news: str) -> None:
    """Progress goes to standard error, the table to standard output."""
    print(news, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, metavar="N", help="only N garments")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="default ../shared/data")
    parser.add_argument(
        "--work", type=Path, default=WORK, metavar="DIR", help="group maps and features; default var/loop"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write loop.md and loop.png there")
    parser.add_argument(
        "--seed", type=int, default=23, metavar="N", help="of errors, reviewer and landmarks; default 23"
    )
    options = parser.parse_args(arguments)
    if not (options.data / "hm" / "labels.csv").exists():
        print(f"skipped: no labels.csv in {options.data / 'hm'}")
        return
    if options.rounds < 1 or (options.sample is not None and options.sample < LEAST):
        parser.error(f"--rounds must be 1 or more, --sample {LEAST} or more")
    started = time.monotonic()
    found = measure(options.data, options.work, options.sample, options.rounds, options.seed)
    command = shlex.join(["python", "benchmarks/loop.py", *(sys.argv[1:] if arguments is None else arguments)])
    text = report.document(found, {name: TITLES[name] for name in found.rounds}, command)
    print(text)
    tell(f"{(time.monotonic() - started) / 60:.1f} minutes")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        report.plot(options.out / "loop.png", {TITLES[name]: own for name, own in found.rounds.items()}, found.clean[0])
        report.write_text(options.out / "loop.md", text)


if __name__ == "__main__":
    main()
