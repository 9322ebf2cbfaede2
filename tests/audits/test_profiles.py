"""What a run saw is summed up when it is over, and compared with the runs before it."""

from __future__ import annotations

import pytest

from catalog_audit.audits import overlaps, profiles, running
from catalog_audit.audits.models import AuditRun, RunProfile
from catalog_audit.audits.profiles import NEW, TYPE
from catalog_audit.jobs.models import Job
from tests import factories, models_on_disk
from tests.audits.conftest import audit, make_dress, sure_of


@pytest.fixture
def dresses(boutique, networks):
    factories.value("dress", "garment_type", garment_group="full_body")
    dresses = [make_dress(boutique, external_id) for external_id in "ABC"]
    networks.sees[dresses[1].pk] = sure_of("red")
    networks.sees[dresses[2].pk] = "no_region"
    return dresses


def test_a_finished_run_is_summed_up(boutique, dresses):
    seen = profiles.read(audit(boutique))

    colour = seen.attributes["colour"]
    assert (colour.looked, colour.problems, colour.flagged) == (2, 1, 1)
    assert colour.values == {"navy": 1, "red": 1}
    assert len(colour.least) == 2
    assert len(colour.unread) == 1
    assert seen.part("colour", NEW, "").labels == 3
    assert seen.part("colour", TYPE, "dress").labels == 3


def test_only_products_that_no_audit_has_seen_are_new(boutique, dresses, networks):
    audit(boutique)
    dresses[0].pictures.update(sha256="e" * 64)
    make_dress(boutique, "D")
    seen = profiles.read(audit(boutique))
    assert seen.attributes["colour"].labels == 2
    assert seen.part("colour", NEW, "").labels == 1


def test_a_run_is_compared_with_those_before_it_of_the_same_shop_and_networks(boutique, dresses, settings):
    first = audit(boutique)
    nothing = audit(boutique)
    make_dress(factories.make_shop("market"))
    make_dress(boutique, "D")
    third = audit(boutique)
    assert list(profiles.earlier(third)) == [first]
    assert profiles.read(nothing).attributes == {}

    models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, weights="second")
    other = audit(boutique)
    assert profiles.earlier(other) == {}
    assert profiles.has_predecessor(other)
    assert not profiles.has_predecessor(first)


def test_a_run_whose_process_ended_too_soon_is_summed_up_by_the_next(boutique, dresses, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(profiles, "measure", lambda run: 1 / 0)
        run = running.start_audit(boutique, detach=False)
        with pytest.raises(ZeroDivisionError):
            running.do_one_chunk(run)
    assert Job.objects.get().state == Job.State.DONE
    assert profiles.read(run) is None

    audit(boutique)
    assert profiles.read(run).attributes["colour"].labels == 3
    assert RunProfile.objects.count() == AuditRun.objects.count() == 2


def test_a_cancelled_run_is_summed_up_by_the_next_as_far_as_it_came(boutique, dresses, settings):
    settings.CHUNK_SIZE = 1
    run = running.start_audit(boutique, detach=False)
    running.do_one_chunk(run)
    running.interrupt(run)
    audit(boutique)
    assert profiles.read(run).attributes["colour"].labels == 1


def test_the_number_of_questions_does_not_grow_with_the_products(boutique, networks, django_assert_max_num_queries):
    for number in range(30):
        make_dress(boutique, f"N{number}")
    run = audit(boutique)
    with django_assert_max_num_queries(6):
        profiles.measure(run)
    with django_assert_max_num_queries(5):
        overlaps.measure(boutique)


# --- overlaps ---------------------------------------------------------------------------------------------------------


def test_values_that_share_their_probability_overlap(boutique, networks):
    factories.value("dress", "garment_type", garment_group="full_body")
    for code in ("black", "red"):
        factories.value(code)
    for number in range(overlaps.FEWEST):
        dress = make_dress(boutique, f"N{number}")
        networks.sees[dress.pk] = {"navy": 0.5, "black": 0.4, "red": 0.1}
    audit(boutique)
    navy, black, red = (factories.value(code).pk for code in ("navy", "black", "red"))

    found = {tuple(row[:2]): row[2:] for row in profiles.overlaps_of([boutique])}
    assert found[min(navy, black), max(navy, black)] == ["full_body", overlaps.FEWEST, pytest.approx(0.8)]
    assert found[min(navy, red), max(navy, red)] == ["full_body", overlaps.FEWEST, pytest.approx(0.2)]
    assert profiles.overlaps_of([factories.make_shop("market")]) == []


def test_large_shops_are_sampled_evenly(boutique, monkeypatch):
    monkeypatch.setattr(overlaps, "PRODUCTS", 3)
    keys = [factories.make_product(boutique).pk for _ in range(7)]
    assert overlaps._products(boutique) == [[keys[0], keys[3], keys[6]]]
