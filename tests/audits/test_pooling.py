"""The pictures of a product answer together; those that show nothing abstain."""

from __future__ import annotations

import numpy as np
import pytest

from catalog_audit.audits.items import MOST_PICTURES
from catalog_audit.audits.models import Flag, Prediction
from catalog_audit.audits.pooling import geometric_mean, pool
from inference.contract import Reading
from tests import factories
from tests.audits.conftest import audit, make_dress, sure_of

REGION = np.ones((2, 2), np.bool_)


def reading(**shares: float) -> Reading:
    return Reading("", region=REGION, probabilities={"colour": shares})


def test_one_picture_is_taken_as_it_is():
    assert pool([reading(navy=0.7, black=0.3)]).probabilities == {"colour": {"navy": 0.7, "black": 0.3}}


def test_pictures_that_agree_are_as_sure_as_each():
    assert geometric_mean([{"navy": 0.8, "black": 0.2}] * 3) == pytest.approx({"navy": 0.8, "black": 0.2})


def test_pictures_that_disagree_alike_leave_both_values_open():
    assert geometric_mean([{"navy": 0.9, "black": 0.1}, {"navy": 0.1, "black": 0.9}]) == pytest.approx(
        {"navy": 0.5, "black": 0.5}
    )


def test_an_unsure_picture_says_little():
    pooled = geometric_mean([{"navy": 0.5, "black": 0.5}, {"navy": 0.99, "black": 0.01}])
    assert pooled["navy"] > 0.9
    assert sum(pooled.values()) == pytest.approx(1)


def test_a_probability_of_nothing_does_not_rule_a_value_out():
    assert geometric_mean([{"navy": 1.0, "black": 0.0}, {"navy": 0.0, "black": 1.0}]) == pytest.approx(
        {"navy": 0.5, "black": 0.5}
    )


def test_a_picture_without_the_product_abstains_and_the_first_with_it_is_shown():
    pooled = pool([Reading("", "no_region"), reading(navy=0.7, black=0.3), reading(navy=0.7, black=0.3)])
    assert (pooled.shown, pooled.problem) == (1, "")
    assert pooled.probabilities["colour"] == pytest.approx({"navy": 0.7, "black": 0.3})


def test_when_all_abstain_the_first_ones_problem_counts():
    pooled = pool([Reading("", "truncated"), Reading("", "no_region")])
    assert (pooled.shown, pooled.problem, pooled.probabilities) == (0, "truncated", {})


# --- in an audit ------------------------------------------------------------------------------------------------------


@pytest.fixture
def dress(boutique):
    """Two pictures."""
    dress = make_dress(boutique)
    factories.make_picture(dress, 1, sha256="b" * 64, suffix="jpg")
    return dress


def test_every_picture_of_a_product_is_looked_at(boutique, dress, networks):
    audit(boutique)
    assert [request.key for request in networks.asked] == [f"{dress.pk}.0", f"{dress.pk}.1"]


def test_a_detail_picture_does_not_decide_alone(boutique, dress, networks):
    networks.sees_in[dress.pk, 1] = {"navy": 0.3, "black": 0.4, "red": 0.3}
    audit(boutique)
    assert Prediction.objects.get().state == "ok"


def test_pictures_that_agree_on_another_value_flag_the_label(boutique, dress, networks):
    networks.sees[dress.pk] = sure_of("red")
    audit(boutique)
    assert Flag.objects.get().suggested.code == "red"


def test_the_picture_that_shows_the_product_is_kept_with_the_prediction(boutique, dress, networks):
    networks.sees_in[dress.pk, 0] = "no_region"
    networks.sees_in[dress.pk, 1] = sure_of("red")
    audit(boutique)
    prediction = Prediction.objects.get()
    assert (prediction.picture.position, prediction.state) == (1, "flagged")
    assert prediction.mask
    assert prediction.attention


def test_a_product_that_no_picture_shows_is_unreadable(boutique, dress, networks):
    networks.sees_in[dress.pk, 0] = "no_region"
    networks.sees_in[dress.pk, 1] = "truncated"
    audit(boutique)
    prediction = Prediction.objects.get()
    assert (prediction.state, prediction.problem, prediction.picture.position) == ("unreadable", "no_region", 0)


def test_a_picture_that_cannot_be_used_is_left_out(boutique, dress, networks):
    dress.pictures.filter(position=0).update(problem="truncated", sha256="")
    audit(boutique)
    assert [request.key for request in networks.asked] == [f"{dress.pk}.1"]
    assert Prediction.objects.get().picture.position == 1


def test_a_picture_given_twice_counts_once(boutique, dress, networks):
    factories.make_picture(dress, 2, sha256="b" * 64, suffix="jpg")
    audit(boutique)
    assert len(networks.asked) == 2


def test_there_is_an_end_to_looking(boutique, dress, networks):
    for place in range(2, 12):
        factories.make_picture(dress, place, sha256=f"{place:064}", suffix="jpg")
    audit(boutique)
    assert len(networks.asked) == MOST_PICTURES


def test_a_further_picture_lets_the_product_be_looked_at_again(boutique, dress, networks):
    audit(boutique)
    networks.looked.clear()
    factories.make_picture(dress, 2, sha256="c" * 64, suffix="jpg")
    audit(boutique)
    assert networks.looked == [dress.pk] * 3


def test_products_with_many_pictures_go_through_the_networks_a_few_at_a_time(boutique, networks, monkeypatch):
    dresses = [make_dress(boutique) for _ in range(3)]
    for dress in dresses:
        factories.make_picture(dress, 1, sha256=f"{dress.pk:064}", suffix="jpg")
    calls: list[int] = []
    read = networks.read
    monkeypatch.setattr("catalog_audit.audits.engine._PICTURES_AT_ONCE", 4)
    monkeypatch.setattr(networks, "read", lambda requests: calls.append(len(requests)) or read(requests))
    audit(boutique)
    assert calls == [4, 2]
    assert Prediction.objects.count() == 3
