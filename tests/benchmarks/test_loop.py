"""The benchmark of the whole loop: what is planted, what the reviewer does, what the heads learn, what is printed."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import loop, loop_report
from benchmarks.loop_heads import HELD_OUT, Ridge, kernel_features
from benchmarks.loop_ranking import by_cleanlab, by_suspicion, by_verdicts
from benchmarks.loop_simulation import (
    Arm,
    HeldOut,
    Round,
    Standing,
    best_but,
    most_suspicious,
    plant_by_frequency,
    plant_in_pairs,
    review,
    simulate,
)
from benchmarks.loop_words import colour_words

VALUES = ("black", "navy", "white", "red")


def labels_of(count: int = 400) -> NDArray[np.int64]:
    return np.random.default_rng(1).choice(4, count, p=[0.5, 0.2, 0.2, 0.1])


def clouds(labels: NDArray[np.int64], spread: float = 0.3) -> NDArray[np.float32]:
    """Points around a corner for each value: easily told apart."""
    random = np.random.default_rng(2)
    return (np.eye(4)[labels] + spread * random.standard_normal((len(labels), 4))).astype(np.float32)


def test_planted_errors_have_the_wanted_share_and_are_never_the_true_value() -> None:
    truth = labels_of()
    planted = plant_by_frequency(truth, 4, 0.1, np.random.default_rng(3))
    assert planted.wrong.sum() == 40
    assert (planted.labels[planted.wrong] != truth[planted.wrong]).all()
    assert (planted.labels[~planted.wrong] == truth[~planted.wrong]).all()


def test_errors_by_frequency_fall_on_common_values_most() -> None:
    truth = np.full(1000, 3, np.int64)
    truth[:500], truth[500:600] = 0, 1
    planted = plant_by_frequency(truth, 4, 0.5, np.random.default_rng(3))
    reds = planted.labels[600:][planted.wrong[600:]]
    assert (reds == 0).sum() > 3 * (reds == 1).sum() > 0
    assert not (reds == 2).any(), "nobody uses white here"


def test_errors_in_pairs_stay_in_their_pair() -> None:
    truth = labels_of()
    planted = plant_in_pairs(truth, VALUES, [("navy", "black")], 0.1, np.random.default_rng(3))
    assert planted.wrong.sum() == 40
    pairs = set(zip(truth[planted.wrong].tolist(), planted.labels[planted.wrong].tolist(), strict=True))
    assert pairs == {(0, 1), (1, 0)}


def test_a_pair_of_a_value_that_does_not_occur_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="beige"):
        plant_in_pairs(labels_of(), VALUES, [("beige", "white")], 0.1, np.random.default_rng(3))


def test_the_reviewer_corrects_what_is_wrong_and_accepts_what_is_right() -> None:
    truth, labels, suggested = np.array([0, 1, 2]), np.array([0, 3, 2]), np.array([1, 2, 3])
    after = review(np.array([0, 1]), labels, truth, suggested, 0.0, np.random.default_rng(4))
    assert after.tolist() == [0, 1]


def test_a_slip_leaves_the_error_and_spoils_the_right_label() -> None:
    truth, labels, suggested = np.array([0, 1]), np.array([0, 3]), np.array([1, 2])
    after = review(np.array([0, 1]), labels, truth, suggested, 1.0, np.random.default_rng(4))
    assert after.tolist() == [1, 3]


def test_the_most_suspicious_are_shown_but_never_twice() -> None:
    suspicion = np.array([0.1, 0.9, 0.8, 0.7])
    seen = np.array([False, True, False, False])
    assert most_suspicious(suspicion, seen, 2).tolist() == [2, 3]
    assert most_suspicious(suspicion, seen, 9).tolist() == [2, 3, 0]


def test_the_suggestion_is_never_the_label_itself() -> None:
    shares = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3]])
    assert best_but(shares, np.array([0, 0])).tolist() == [1, 1]


def test_an_item_is_judged_without_its_own_fold() -> None:
    labels, folds = labels_of(120), np.arange(120) % 3
    points, weights = clouds(labels), np.ones(120)
    before, _ = Ridge(points, folds, 4)(labels, weights)
    changed = labels.copy()
    changed[folds == 0] = 3
    after, _ = Ridge(points, folds, 4)(changed, weights)
    # The temperature is one for all, so the order of the values is what must not change.
    assert (before[folds == 0].argsort(1) == after[folds == 0].argsort(1)).all()
    assert not (before[folds == 1].argsort(1) == after[folds == 1].argsort(1)).all()


def test_a_head_brought_up_to_date_equals_one_that_begins_anew() -> None:
    labels, folds = labels_of(150), np.where(np.arange(150) < 120, np.arange(150) % 3, HELD_OUT)
    points, known = clouds(labels), labels[:120]
    weights = np.where(np.arange(120) % 7, 1.0, 3.0)
    used = Ridge(points, folds, 4)
    used(known, np.ones(120))
    inside, outside = used(known, weights)
    new_inside, new_outside = Ridge(points, folds, 4)(known, weights)
    assert inside == pytest.approx(new_inside, abs=1e-4)
    assert outside == pytest.approx(new_outside, abs=1e-4)
    assert outside.shape == (30, 4)
    assert (outside.argmax(1) == labels[120:]).mean() > 0.9


def test_an_item_without_weight_teaches_nothing() -> None:
    labels, folds = labels_of(120), np.where(np.arange(120) < 100, np.arange(120) % 2, HELD_OUT)
    points, weights = clouds(labels), np.where(np.arange(100) < 90, 1.0, 0.0)
    _, outside = Ridge(points, folds, 4)(labels[:100], weights)
    spoiled = labels[:100].copy()
    spoiled[90:] = 0
    _, other = Ridge(points, folds, 4)(spoiled, weights)
    assert (outside.argsort(1) == other.argsort(1)).all()


def test_features_of_landmarks_multiply_to_the_kernel() -> None:
    points = clouds(labels_of(60))
    features = kernel_features(points, 60, 5)
    kernel = features @ features.T
    assert np.diag(kernel) == pytest.approx(np.ones(60), abs=1e-2)
    near, far = np.linalg.norm(points - points[0], axis=1).argsort()[[1, -1]]
    assert kernel[0, near] > kernel[0, far] > 0


class World:
    """Four clouds of points, a tenth of the labels wrong, and heads that learn them."""

    def __init__(self) -> None:
        every = labels_of(500)
        folds = np.where(np.arange(500) < 400, np.arange(500) % 4, HELD_OUT)
        self.truth = every[:400]
        self.planted = plant_by_frequency(self.truth, 4, 0.1, np.random.default_rng(6))
        self.learner = loop.Bag([Ridge(kernel_features(clouds(every), 100, 7), folds, 4)])
        self.held_out = HeldOut(every[400:], np.eye(4, dtype=bool)[every[400:]])

    def rounds(self, arm: Arm, count: int = 3) -> list[Round]:
        return list(simulate(arm, self.learner, self.planted, self.truth, self.held_out, count, 8))


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_most_errors_are_found_early_and_nothing_is_shown_twice(world: World) -> None:
    rounds = world.rounds(Arm("ours", by_verdicts))
    assert [one.number for one in rounds] == [0, 1, 2, 3]
    assert [one.reviewed for one in rounds] == pytest.approx([0, 0.05, 0.1, 0.15])
    assert rounds[0].found == 0
    assert math.isnan(rounds[0].precision)
    assert rounds[1].precision > 0.9
    assert rounds[3].found > 0.8
    assert rounds[3].shown >= rounds[3].found
    assert rounds[3].accuracy > 0.9
    assert 0 <= rounds[3].ece < 0.1
    rows = np.concatenate([one.rows for one in rounds])
    assert len(np.unique(rows)) == len(rows) == 60


def test_without_retraining_the_model_stays_as_it_is(world: World) -> None:
    rounds = world.rounds(Arm("ours", by_suspicion, retrains=False))
    assert len({one.accuracy for one in rounds}) == 1
    assert rounds[3].found > 0.5


def test_cleanlab_ranks_the_same_answers_in_its_own_way(world: World) -> None:
    rounds = world.rounds(Arm("cleanlab", by_cleanlab("self_confidence")), 2)
    assert rounds[2].found > 0.6


def test_accuracy_leaves_out_what_nobody_verified() -> None:
    shares = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])
    held_out = HeldOut(np.array([0, 1, 0]), np.array([[True, False], [False, False], [True, True]]))
    assert held_out.accuracy(shares) == (1.0, pytest.approx(1 / 3))


def line(arm: str, number: int, found: float, accuracy: float) -> Round:
    return Round(arm, number, 0.05 * number, found, math.nan, accuracy, 0.01, found, 0.8, np.zeros(0, np.int64))


def test_the_table_has_its_columns_and_a_dash_for_what_was_not_measured() -> None:
    head, _rule, first = loop_report.table([line("ours", 0, 0.0, 0.9)]).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == [
        "arm", "round", "reviewed", "found", "precision", "accuracy", "ece",
    ]  # fmt: skip
    assert [cell.strip() for cell in first.strip("|").split("|")] == [
        "ours", "0", "0.000", "0.000", "-", "0.900", "0.010",
    ]  # fmt: skip


def test_the_aims_are_judged_at_fifteen_hundredths_and_at_the_end() -> None:
    rounds = [line("ours", number, found, 0.9) for number, found in enumerate([0, 0.5, 0.8, 0.96, 0.97])]
    found, accuracy = loop_report.aims(rounds, 0.905)
    assert "0.960 of the planted errors" in found
    assert "reached" in found
    assert "reached" in accuracy
    found, accuracy = loop_report.aims(rounds[:3], 0.92)
    assert "missed" in found
    assert "missed" in accuracy


def test_the_document_has_both_plantings_with_their_aims_and_what_people_had_judged(tmp_path: Path) -> None:
    rounds = [line("ours", number, found, 0.9) for number, found in enumerate([0, 0.5, 0.8, 0.96])]
    rounds += [line("cleanlab", number, 0.2 * number, 0.88) for number in range(4)]
    told = Counter({"wrong": 3, "arguable": 2, loop_report.UNKNOWN: 9})
    counts = {"learnt": 400, "planted": 40, "held out": 100, "verified": 70}
    found = loop_report.Found({"pairs": rounds}, (0.905, 0.8), counts, {"pairs": told}, {"pairs": 0.93})
    text = loop_report.document(found, {"pairs": "Planted in pairs"}, "python benchmarks/loop.py --out docs")
    assert "## Planted in pairs" in text
    assert "0.960 of the planted errors" in text
    assert "5 had been judged" in text
    assert "3 are errors of the shop's own, 2 arguable, 0 right" in text
    assert text.count("| cleanlab |") == 5, "a line in the summary and four rounds"
    loop_report.plot(tmp_path / "loop.png", {"Planted in pairs": rounds}, 0.905)
    assert [file.name for file in tmp_path.iterdir()] == ["loop.png"]


def test_verdicts_teach_where_the_shop_draws_its_line() -> None:
    """Red for white is always accepted, navy for black always overturned; the heads are equally sure of both."""
    given = np.repeat([0, 2], 200).astype(np.int64)
    head = np.full((400, 4), 0.05)
    head[:200, 0], head[:200, 1], head[200:, 2], head[200:, 3] = 0.2, 0.7, 0.2, 0.7
    seen = np.arange(400) % 2 == 0
    overturned = seen & (given == 0)
    nobody = np.zeros(400, bool)
    before = by_verdicts(Standing([head], given, given, nobody, nobody))
    after = by_verdicts(Standing([head], given, given, seen, overturned))
    assert np.array_equal(before, by_suspicion(Standing([head], given, given, nobody, nobody)))
    assert after[:200].min() > 0.9
    assert after[200:].max() < 0.1


def test_a_sample_too_small_to_learn_from_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hm").mkdir()
    (tmp_path / "hm" / "labels.csv").touch()
    with pytest.raises(SystemExit):
        loop.main(["--data", str(tmp_path), "--sample", "5"])
    assert "--sample 300 or more" in capsys.readouterr().err


def test_every_value_of_the_shops_words_is_one_that_networks_know(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file,colour\na.jpg,Dark Blue\nb.jpg,Off White\nc.jpg,Nonsense\nd.jpg,\n", encoding="utf-8")
    assert colour_words(table) == {"Dark Blue": "navy", "Off White": "white"}


def test_a_folder_without_the_shop_is_said_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop.main(["--data", str(tmp_path)])
    assert f"skipped: no labels.csv in {tmp_path / 'hm'}" in capsys.readouterr().out
