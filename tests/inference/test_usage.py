"""How a shop uses its words, learnt from its own labels, and what speaks against one of them."""

from __future__ import annotations

import numpy as np
import pytest

from inference.contract import PaletteEntry
from inference.fit.flag_figures import Judge, genuine_figures, planted_figures
from inference.fit.second_figures import UNLEARNT, Verdicts, audit_judge, learn_from
from inference.measured import MeasuredColours
from inference.suspicion import FLAGGED, Policy
from inference.usage import FOLDS, Usage, fold_of, learn_usage
from inference.witnesses import NAMES, Labelled, witnesses

VALUES = ("black", "navy", "red")
HEX = {"black": "#101010", "navy": "#101840", "red": "#c01020"}
POLICY = Policy(frequencies={"black": 0.4, "navy": 0.3, "red": 0.3})
COLOURS = MeasuredColours(
    VALUES, np.array([[5.0, 0, 0], [10.0, 10, -25], [40.0, 62, 38]]), np.tile(np.eye(3) * 60.0, (3, 1, 1))
)


def shop(count: int = 600, wrong: int = 30, seed: int = 1) -> tuple[Labelled, np.ndarray]:
    """A shop that calls everything dark navy, whatever the networks say, with some labels mixed up."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, count)
    shares = np.full((count, 3), 0.05)
    shares[np.arange(count), truth] = 0.9
    shares[truth == 0] = [0.6, 0.35, 0.05]
    labels = np.where(truth == 0, 1, truth)
    mixed = np.zeros(count, bool)
    mixed[random.choice(count, wrong, replace=False)] = True
    labels[mixed] = np.where(truth[mixed] == 2, 1, 2)
    palettes = [(PaletteEntry(HEX[VALUES[one]], 1.0),) for one in truth]
    folds = np.array([fold_of(str(number)) for number in range(count)])
    covered, groups = np.eye(3, dtype=bool)[labels], ["top"] * count
    return Labelled(VALUES, shares.astype(np.float32), labels, covered, palettes, groups, folds), mixed


def test_a_shops_own_word_is_learnt():
    labelled, mixed = shop()
    usage = learn_usage(labelled, COLOURS)
    shares = usage(labelled, COLOURS)
    dark = labelled.probabilities.argmax(1) == 0
    assert len(usage.layers) == FOLDS
    assert shares.sum(1) == pytest.approx(1)
    assert shares[dark & ~mixed, 1].mean() > shares[dark & ~mixed, 0].mean()


def test_few_labels_leave_it_to_the_networks():
    labelled, _ = shop(count=100, wrong=3)
    usage = learn_usage(labelled, COLOURS)
    assert usage == Usage()
    assert usage(labelled, COLOURS) == pytest.approx(labelled.probabilities, abs=1e-5)


def test_more_labels_are_trusted_more():
    assert learn_usage(shop(550)[0], COLOURS).trust < learn_usage(shop(900)[0], COLOURS).trust < 1


def test_no_label_judges_itself():
    labelled, _ = shop()
    usage = learn_usage(labelled, COLOURS)
    fold = labelled.folds == 2
    labelled.labels[fold] = 0  # only their own fold changes
    again = learn_usage(labelled, COLOURS)
    assert again(labelled, COLOURS)[fold] == pytest.approx(usage(labelled, COLOURS)[fold])


def test_it_survives_json():
    labelled, _ = shop(550)
    usage = learn_usage(labelled, COLOURS)
    again = Usage.from_json(usage.to_json())
    assert again(labelled, COLOURS) == pytest.approx(usage(labelled, COLOURS), abs=1e-3)


def test_designs_are_dealt_into_the_same_folds_everywhere():
    assert [fold_of(one) for one in ("a", "b", "P-17")] == [fold_of(one) for one in ("a", "b", "P-17")]
    assert {fold_of(str(one)) for one in range(100)} == set(range(FOLDS))


def test_witnesses_speak_against_the_wrong_word():
    labelled, mixed = shop()
    rows = witnesses(labelled, POLICY, COLOURS, learn_usage(labelled, COLOURS)(labelled, COLOURS))
    assert rows.shape == (len(labelled), len(NAMES))
    for name in ("ratio", "measured", "usage", "distance"):
        column = rows[:, NAMES.index(name)]
        assert column[mixed].mean() > column[~mixed].mean(), name


def test_a_garment_of_several_colours_is_known_by_its_palette():
    labelled, _ = shop(3, 0)
    two = (PaletteEntry("#101010", 0.5), PaletteEntry("#c01020", 0.5))
    mixed = Labelled(
        VALUES, labelled.probabilities, labelled.labels, labelled.covered, [two, labelled.palettes[1], ()], ["top"] * 3,
        labelled.folds,
    )  # fmt: skip
    rows = witnesses(mixed, POLICY, COLOURS, np.full((3, 3), 1 / 3))
    assert rows[0, 4:].min() > 0.5
    assert rows[1:, 4:] == pytest.approx(0, abs=1e-6)
    assert np.isfinite(rows).all()


def test_learning_from_verdicts_makes_a_judge_that_flags_the_wrong_labels():
    labelled, mixed = shop(900, 60)
    judge = Judge(labelled.probabilities, VALUES, POLICY, np.eye(3, dtype=bool))
    none, every = np.zeros(len(mixed), bool), np.arange(len(labelled))
    seen = Verdicts(audit_judge(judge, labelled, COLOURS, UNLEARNT), every, mixed, none, ~none)
    own = audit_judge(judge, labelled, COLOURS, learn_from([seen]))

    p_wrong, states = own.scores(labelled.labels, adapt=False)
    assert p_wrong[mixed].mean() > 0.6 > 0.1 > p_wrong[~mixed].mean()
    flagged = states == FLAGGED
    assert (flagged & mixed).sum() / flagged.sum() >= 0.75
    some = own.only(np.flatnonzero(~mixed)[:200])
    found = planted_figures(some, some.labelled.labels, 0.05, "frequency", repeats=2)
    assert found["recall_at_90"] > 0.5
    assert genuine_figures(own, labelled.labels, mixed, none)["flags_wrong"] >= 0.75
