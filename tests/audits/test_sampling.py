"""When an audit is over, some of the labels that it found nothing wrong with are laid aside for people to see."""

from __future__ import annotations

import pytest

from catalog_audit.audits import sampling
from catalog_audit.audits.models import ArguablePair, Flag, ReviewPolicy
from catalog_audit.catalog.models import Label
from tests import factories
from tests.audits.conftest import audit, make_dress, sure_of


def samples():
    return Flag.objects.filter(kind=Flag.Kind.SAMPLE)


@pytest.fixture(autouse=True)
def ordinary_policy(networks):
    ReviewPolicy.objects.all().delete()


@pytest.fixture
def dresses(boutique, networks):
    """One whose colour is wrong, and four more."""
    made = [make_dress(boutique, str(number)) for number in range(5)]
    networks.sees[made[0].pk] = sure_of("red")
    return made


def test_an_audit_draws_samples_of_what_it_did_not_flag(boutique, dresses, monkeypatch):
    monkeypatch.setattr(sampling, "FEWEST", 3)
    run = audit(boutique)
    colours = samples().filter(attribute__code="colour")

    assert run.job.result["flags"] == 1
    assert colours.count() == 3
    assert dresses[0].pk not in set(colours.values_list("product", flat=True))
    assert {(one.state, one.label_value.code) for one in colours} == {("open", "navy")}
    assert not colours.filter(suggested__code="navy").exists()


def test_the_same_label_is_not_drawn_twice(boutique, dresses):
    run = audit(boutique)
    drawn = samples().count()

    sampling.draw(run)
    assert samples().count() == drawn > 0


def test_no_share_no_samples(boutique, dresses):
    ReviewPolicy(sample_share=0.0).save()
    audit(boutique)
    assert not samples().exists()


def test_a_newer_audit_closes_the_sample_of_a_changed_label(boutique, dresses):
    audit(boutique)
    label = dresses[1].labels.get(attribute__code="colour")
    Label.objects.filter(pk=label.pk).update(raw="Red", value=factories.value("red"))
    audit(boutique)
    assert samples().get(label=label).state == Flag.State.CLOSED
    assert Flag.objects.get(label=label, kind=Flag.Kind.FLAG).state == Flag.State.OPEN


@pytest.mark.parametrize(("word", "code", "sees"), [("Navy", "navy", "red"), ("Red", "red", "navy")])
def test_an_arguable_pair_is_not_flagged_whichever_of_the_two_the_shop_says(boutique, networks, word, code, sees):
    dress = make_dress(boutique, "A", word, code)
    networks.sees[dress.pk] = sure_of(sees)
    low, high = sorted((factories.value("navy").pk, factories.value("red").pk))
    ArguablePair.objects.create(
        product=dress, attribute=factories.attribute(), low_id=low, high_id=high, decision="0" * 32
    )

    audit(boutique)
    assert not Flag.objects.filter(kind=Flag.Kind.FLAG).exists()


def test_what_waits_for_a_second_person_stays_while_the_label_is_the_same(boutique, networks):
    dress = make_dress(boutique, "A")
    networks.sees[dress.pk] = sure_of("red")
    audit(boutique)
    Flag.objects.filter(kind=Flag.Kind.FLAG).update(state=Flag.State.SECOND)
    factories.make_picture(dress, position=1, sha256="b" * 64, suffix="jpg")
    audit(boutique)
    assert Flag.objects.get(kind=Flag.Kind.FLAG, attribute__code="colour").state == Flag.State.SECOND

    Label.objects.filter(product=dress, attribute__code="colour").update(raw="Black", value=factories.value("black"))
    audit(boutique)
    flags = Flag.objects.filter(kind=Flag.Kind.FLAG, attribute__code="colour").order_by("pk")
    assert list(flags.values_list("state", "label_value__code")) == [("closed", "navy"), ("open", "black")]
