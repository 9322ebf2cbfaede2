"""The measured colours of a garment as a second witness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.contract import PaletteEntry
from inference.fit.measured_colours import ENOUGH, learn_colours
from inference.measured import MeasuredColours, lab_of
from inference.suspicion import Policy, assess, measured_evidence, suspicion_ratios

VALUES = ("black", "red", "white", "multicolour")
SHADES = {"black": "#101010", "red": "#c01818", "white": "#f4f4f2"}
POLICY = Policy(frequencies={"black": 0.4, "red": 0.3, "white": 0.2, "multicolour": 0.1}, measured_weight=0.75)


def palette(**shares: float) -> tuple[PaletteEntry, ...]:
    return tuple(PaletteEntry(SHADES[value], share) for value, share in shares.items())


def shade(value: str, random: np.random.Generator) -> str:
    """A colour near that of a value."""
    own = [int(SHADES[value][place : place + 2], 16) for place in (1, 3, 5)]
    red, green, blue = np.clip(np.array(own) + random.normal(0, 8, 3), 0, 255).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


@pytest.fixture(scope="module")
def colours() -> MeasuredColours:
    random = np.random.default_rng(3)
    labels = np.repeat([0, 1, 2, 3], 2 * ENOUGH)
    palettes = [(PaletteEntry(shade(VALUES[label % 3], random), 1.0),) for label in labels]
    return learn_colours(palettes, labels, np.eye(4, dtype=np.float32)[labels], VALUES)


def test_shares_follow_the_palette(colours: MeasuredColours) -> None:
    found = colours.shares(palette(red=0.7, white=0.3), VALUES)
    assert found[:3] == pytest.approx([0.0, 0.7, 0.3], abs=0.02)


def test_what_is_no_single_colour_is_not_measured(colours: MeasuredColours) -> None:
    assert colours.values == ("black", "red", "white")
    assert np.isnan(colours.shares(palette(red=1.0), VALUES)[3])
    assert np.isnan(colours.shares((), VALUES)).all()


def test_rare_words_and_doubtful_garments_teach_nothing() -> None:
    labels = np.array([0] * (ENOUGH - 1) + [1] * ENOUGH + [2] * ENOUGH)
    shares = np.eye(4, dtype=np.float32)[labels]
    shares[labels == 2] = (0.4, 0.0, 0.6, 0.0)
    palettes = [palette(**{VALUES[label]: 1.0}) for label in labels]
    assert learn_colours(palettes, labels, shares, VALUES).values == ("red",)


def test_it_comes_back_from_json(colours: MeasuredColours) -> None:
    again = MeasuredColours.from_json(colours.to_json())
    mixed = palette(black=0.5, red=0.5)
    assert again.shares(mixed, VALUES)[:3] == pytest.approx(colours.shares(mixed, VALUES)[:3], abs=1e-3)


def test_lab_of_known_colours() -> None:
    assert lab_of([PaletteEntry("#ffffff", 0.5), PaletteEntry("#ff0000", 0.5)]) == pytest.approx(
        np.array([[100.0, 0.0, 0.0], [53.24, 80.09, 67.2]]), abs=0.05
    )


def test_a_label_that_fits_nothing_of_the_garment_is_more_suspicious() -> None:
    covered = np.eye(4, dtype=bool)[[1, 1, 1]]
    measured = np.array([[1.0, 0.0, 0.0, np.nan], [0.5, 0.5, 0.0, np.nan], [0.0, 1.0, 0.0, np.nan]])
    nothing, half, all_of_it = measured_evidence(measured, covered)
    assert nothing > half > all_of_it
    shares = np.full((3, 4), 0.25, np.float32)
    ratios = suspicion_ratios(shares, covered, VALUES, POLICY, measured)
    without = suspicion_ratios(shares, covered, VALUES, replace(POLICY, measured_weight=0.0), measured)
    assert (ratios - without) == pytest.approx(0.75 * np.array([nothing, half, all_of_it]))


def test_a_finer_colour_that_the_word_includes_counts_for_it() -> None:
    measured = np.array([[0.6, 0.0, 0.4, np.nan]])
    assert measured_evidence(measured, np.array([[True, False, True, False]])) == pytest.approx(-np.log(1.02))


def test_what_was_not_measured_settles_nothing() -> None:
    unknown = measured_evidence(np.full((1, 4), np.nan), np.eye(4, dtype=bool)[[3]])
    fits, fails = measured_evidence(np.array([[1.0, 0, 0, 0], [0.0, 0, 0, 0]]), np.eye(4, dtype=bool)[[0, 0]])
    assert fits < unknown[0] < fails


def test_one_label_is_weighed_with_what_was_measured() -> None:
    shares = {"black": 0.9, "red": 0.06, "white": 0.03, "multicolour": 0.01}
    seen = assess(shares, "red", POLICY, measured={"black": 0.6, "red": 0.4, "white": 0.0})
    not_seen = assess(shares, "red", POLICY, measured={"black": 1.0, "red": 0.0, "white": 0.0})
    assert seen.p_wrong is not None
    assert not_seen.p_wrong is not None
    assert seen.p_wrong + 0.2 < not_seen.p_wrong


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="measured_weight"):
        replace(POLICY, measured_weight=-1.0)
