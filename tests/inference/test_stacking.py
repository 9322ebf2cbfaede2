"""The second reading: a linear layer on the networks' answers and on measurements."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inference.contract import PaletteEntry
from inference.fit.stacking import cross_fitted, learn_stack, meant
from inference.measured import MeasuredColours
from inference.outline import BANDS, PROFILE_WIDTH, outline_profile
from inference.stacking import Stack, colour_features, kinds_of, shape_features

MEASURED = MeasuredColours(
    ("red", "white"), np.array([[45.0, 65.0, 50.0], [96.0, 0.0, 0.0]]), np.tile(np.eye(3) * 50, (2, 1, 1))
)


def mixed_up(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Logits that take the first value for the second whenever a measurement beside them is high, and the truth."""
    random = np.random.default_rng(seed)
    truth, measured = random.integers(0, 3, count), random.normal(0, 1, count)
    said = np.where((truth == 1) & (measured > 0), 0, truth)
    measured = np.where(truth == 0, -abs(measured), measured)
    logits = np.eye(3)[said] * 2 + random.normal(0, 0.1, (count, 3))
    return np.column_stack([logits, measured]), truth


def test_it_corrects_what_the_networks_mix_up() -> None:
    features, truth = mixed_up(600)
    others, their_truth = mixed_up(600, seed=2)
    alone = (others[:, :3].argmax(1) == their_truth).mean()
    again = (learn_stack(features, truth, 3)(others).argmax(1) == their_truth).mean()
    assert alone < 0.9
    assert again > 0.97


def test_a_value_without_labels_is_never_named() -> None:
    features, truth = mixed_up(300)
    logits = learn_stack(features, truth, 5)(features)
    assert logits.shape == (300, 5)
    assert logits.argmax(1).max() == 2


def test_two_values_are_learnt_as_well() -> None:
    features, truth = mixed_up(300)
    rows = truth != 2
    found = learn_stack(features[rows], truth[rows], 2)(features[rows])
    assert (found.argmax(1) == truth[rows]).mean() > 0.97


def test_an_item_is_read_by_a_layer_that_did_not_learn_it() -> None:
    random = np.random.default_rng(3)
    features, labels = random.normal(0, 1, (60, 50)), random.integers(0, 2, 60)
    folds = np.arange(60) % 3
    own = (learn_stack(features, labels, 2)(features).argmax(1) == labels).mean()
    other = (cross_fitted(features, labels, folds, 2).argmax(1) == labels).mean()
    assert own > 0.9
    assert other < 0.75


def test_of_several_possible_values_the_networks_choose() -> None:
    targets = np.array([[True, True, False], [False, False, True]])
    assert meant(targets, np.array([[0.1, 0.5, 9.0], [5.0, 5.0, 0.0]], np.float32)).tolist() == [1, 2]


def test_it_comes_back_from_json() -> None:
    stack = learn_stack(*mixed_up(200), 3)
    again = Stack.from_json(json.loads(json.dumps(stack.to_json())))
    features, _ = mixed_up(20, seed=4)
    assert again(features) == pytest.approx(stack(features), abs=1e-3)


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Stack.from_json({"weight": [[1.0, 2.0]], "bias": [0.0]})


def test_features_of_a_colour() -> None:
    palette = (PaletteEntry("#c01818", 0.75), PaletteEntry("#f4f4f2", 0.25))
    found = colour_features(np.array([[1.0, 2.0]], np.float32), [palette], ["bottom"], MEASURED)[0]
    assert found[:2].tolist() == [1.0, 2.0]
    assert found[2:4] == pytest.approx([0.75, 0.25], abs=0.01)
    assert found[4:6] == pytest.approx(np.log([0.77, 0.27]), abs=0.02)
    assert found[12:14] == pytest.approx([0.75, 2 / 6])
    assert found[14:].tolist() == [0.0, 1.0, 0.0]


def test_without_a_palette_nothing_is_told() -> None:
    found = colour_features(np.zeros((1, 2), np.float32), [()], ["top"], MEASURED)[0]
    assert found[2:14].tolist() == [0.0] * 12


def test_features_of_a_shape() -> None:
    profiles = np.ones((2, PROFILE_WIDTH))
    found = shape_features(np.zeros((2, 5), np.float32), profiles, ["full_body", "elsewhere"])
    assert found.shape == (2, 5 + PROFILE_WIDTH + 3)
    assert kinds_of(["full_body", "elsewhere"]).tolist() == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]


def test_the_outline_of_a_flared_skirt_widens_downwards() -> None:
    side = 64
    rows, columns = np.mgrid[0:side, 0:side]
    mask = (np.abs(columns - side / 2) < rows / 2).astype(np.uint8) * np.uint8(255)
    profile = outline_profile(mask[None], np.array([[0.5, 0.4]], np.float32))[0]
    widths, in_heights = profile[2 : 2 + BANDS], profile[2 + BANDS :]
    assert profile[:2] == pytest.approx([0.5, 0.4])
    assert (np.diff(widths) > 0).all()
    assert in_heights == pytest.approx(np.log(widths + 0.05) - 0.5)
