"""What counts as a change between two audits: an effect that matters, and that chance hardly explains."""

from __future__ import annotations

import random
from math import log

import pytest

from catalog_audit.audits.sights import FEWEST, FLAGS, PROBLEMS, SURENESS, VALUES, Sight, by_chance, changes, stability


def sight(values: dict[str, int], sureness: float = 0.95, flagged: int = 0, problems: int = 0, first: int = 0) -> Sight:
    """So many labels of each value, all as surely recognised."""
    seen, key = Sight(), first
    for value, number in values.items():
        for _ in range(number):
            key += 1
            probabilities = {value: sureness, "else": (1 - sureness) / 2}
            seen.add(key, probabilities, 3, flagged=key <= first + flagged, disputed=False)
    for _ in range(problems):
        key += 1
        seen.fail(key, 3)
    return seen


def named(now: Sight, before: Sight) -> list[str]:
    return [change.what for change in changes(now, before)]


def test_the_index_is_the_formula():
    # Half a case in each class hardly shows in numbers of this size.
    share = [(0.5, 0.7), (0.5, 0.3)]
    wanted = sum((p - q) * log(p / q) for p, q in share)
    assert stability([50_000, 50_000], [70_000, 30_000]) == pytest.approx(wanted, rel=1e-3)


def test_the_same_mix_is_no_change():
    assert named(sight({"navy": 60, "red": 60}), sight({"navy": 300, "red": 300})) == []


def test_another_mix_is_a_change():
    assert named(sight({"navy": 20, "red": 100}), sight({"navy": 300, "red": 300})) == [VALUES]


def test_rare_values_make_no_change_by_themselves():
    rare = {f"value {n}": 1 for n in range(2)}
    assert named(sight({"navy": 98} | rare), sight({"navy": 400})) == []


def test_chance_is_no_change():
    """From one and the same distribution, 200 times, with small samples: hardly ever a change."""
    draws = random.Random(7)
    found = 0
    for _ in range(200):
        now, before = (
            sight({f"value {n}": sum(draws.random() < 0.1 for _ in range(60)) for n in range(10)}) for _side in range(2)
        )
        found += VALUES in named(now, before)
    assert found <= 2


def test_the_bound_of_chance_is_chi_square():
    # 0.999 quantiles of chi-square from the tables: 9 degrees of freedom 27.877, 4 degrees 18.467.
    assert by_chance(10, 100, 100) == pytest.approx(27.877 / 50, rel=0.02)
    assert by_chance(5, 200, 100) == pytest.approx(18.467 * 1.5 / 100, rel=0.02)


def test_less_sure_is_a_change_with_both_means():
    (change,) = changes(sight({"navy": 100}, 0.55), sight({"navy": 300}, 0.95))
    assert change.what == SURENESS
    assert (change.now, change.before) == (pytest.approx(0.55), pytest.approx(0.95))


@pytest.mark.parametrize(("flagged", "told"), [(10, []), (12, []), (30, [FLAGS])])
def test_a_share_of_flags_is_a_change_when_it_is_large_and_sure(flagged, told):
    assert named(sight({"navy": 150}, flagged=flagged), sight({"navy": 300}, flagged=15)) == told


def test_pictures_that_cannot_be_used_are_a_change():
    (change,) = changes(sight({"navy": 80}, problems=20), sight({"navy": 400}, problems=2))
    assert (change.what, change.now) == (PROBLEMS, 0.2)


def test_too_few_labels_say_nothing():
    few, many = sight({"red": FEWEST - 1}, 0.4, flagged=40), sight({"navy": 300})
    assert changes(few, many) == changes(many, few) == []


def test_the_least_sure_are_remembered_least_sure_first_and_survive_the_database():
    seen = Sight()
    for key, sureness in enumerate([0.9, 0.4, 0.7, 0.5, 0.99], start=1):
        seen.add(key, {"navy": sureness}, 3, flagged=False, disputed=False)
    again = Sight.from_json(seen.to_json())
    assert again.least == [(0.4, 2), (0.5, 4), (0.7, 3)]
    assert (again.looked, again.mean) == (5, pytest.approx(seen.mean))


def test_sums_add_up():
    one, other = sight({"navy": 3, "red": 1}, flagged=2, problems=1), sight({"red": 4}, 0.5)
    whole = Sight.sum([one, other])
    assert (whole.looked, whole.problems, whole.flagged, whole.labels) == (8, 1, 2, 9)
    assert whole.values == {"navy": 3, "red": 5}
    assert sum(whole.steps) == 8
    assert whole.mean == pytest.approx((4 * 0.95 + 4 * 0.5) / 8)
