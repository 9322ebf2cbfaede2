"""What a training set holds of a catalogue, and that the same catalogue makes the same one."""

from __future__ import annotations

import shutil
from collections import defaultdict

import pytest
from django.conf import settings

from catalog_audit.audits.models import ArguablePair, Flag, Prediction
from catalog_audit.catalog.models import Attribute, Label
from catalog_audit.jobs import service
from catalog_audit.jobs.models import Job
from catalog_audit.review.models import Decision
from catalog_audit.training import set_building, set_labels, set_sorting, set_writing
from catalog_audit.training.models import SetIsFixed, TrainingSet
from catalog_audit.training.sets import SetError, examples_of
from inference.fit.split import fold_of_design, part_of_design
from tests import factories
from tests.training.conftest import add_picture, colours, make_set


def test_a_label_without_a_flag_is_the_shops_word(dress):
    dress("P-1", group="D-1")
    (example,) = colours(make_set()).values()
    assert (example.values, example.origin, example.verified) == ("navy", "shop", False)
    assert (example.shop, example.design, example.garment_group) == ("spring", "spring:D-1", "full_body")
    assert example.path.exists()
    assert example.sha256 in example.picture


def test_what_people_decided_is_verified(dress):
    reviewer = factories.make_manager()
    factories.decide(dress("fixed"), reviewer, "black")
    factories.decide(dress("accepted"), reviewer)
    factories.decide(dress("word without meaning", None), reviewer, "green")
    found = {key: (one.values, one.origin, one.verified) for key, one in colours(make_set()).items()}
    assert found == {
        "fixed": ("black", "reviewer", True),
        "accepted": ("navy", "reviewer", True),
        "word without meaning": ("green", "reviewer", True),
    }


def test_an_admins_last_word_after_disagreement_is_settled(dress):
    admin = factories.make_admin()
    label = factories.decide(dress("P-1"), admin, "black")
    flag = factories.make_flag(label, state=Flag.State.FIXED)
    Decision.objects.create(
        flag=flag, product=label.product, attribute=label.attribute, verdict="fix", before="settling", after="fixed",
        raw="Navy", old_value=label.value, new_value=label.correction, user=admin,
    )  # fmt: skip
    assert colours(make_set())["P-1"].origin == "settled"


def test_a_later_verdict_of_a_reviewer_is_a_reviewers(dress):
    admin = factories.make_admin()
    label = factories.decide(dress("P-1"), admin, "black")
    for before in ("settling", "open"):
        flag = factories.make_flag(
            label, state=Flag.State.FIXED, prediction=factories.make_prediction(label, current=False)
        )
        Decision.objects.create(
            flag=flag, product=label.product, attribute=label.attribute, verdict="fix", before=before, after="fixed",
            raw="Navy", old_value=label.value, new_value=label.correction, user=admin,
        )  # fmt: skip
    assert colours(make_set())["P-1"].origin == "reviewer"


def test_two_values_that_are_both_right_share_the_weight(dress):
    label = factories.decide(dress("P-1"), factories.make_manager())
    other = factories.value("black")
    low, high = sorted((label.value, other), key=lambda one: one.pk)
    ArguablePair.objects.create(product=label.product, attribute=label.attribute, low=low, high=high, decision="0" * 32)
    example = colours(make_set())["P-1"]
    assert example.values == "black:0.5|navy:0.5"
    assert example.weights == {"black": 0.5, "navy": 0.5}
    assert example.verified


@pytest.mark.parametrize("state", Flag.UNDECIDED)
def test_a_flag_that_waits_for_somebody_keeps_its_label_out(dress, state):
    factories.make_flag(dress("flagged"), state=state)
    dress("fine")
    made = make_set()
    assert set(colours(made)) == {"fine"}
    reason = set_labels.UNSETTLED if state in Flag.IN_DISPUTE else set_labels.WAITS
    assert made.left_out == {reason: 1}


def test_a_sample_that_waits_was_not_flagged(dress):
    factories.make_flag(dress("P-1"), kind=Flag.Kind.SAMPLE)
    assert colours(make_set())["P-1"].origin == "shop"


def test_a_flag_about_a_word_that_the_shop_no_longer_uses_keeps_nothing_out(dress):
    label = dress("P-1")
    factories.make_flag(label)
    label.value = factories.value("black")
    label.save()
    assert colours(make_set())["P-1"].values == "black"


def test_answers_of_check_items_never_train(dress):
    label = factories.decide(dress("P-1"), factories.make_admin())
    factories.make_flag(label, kind=Flag.Kind.CHECK, known_value=label.value)
    made = make_set()
    assert colours(made) == {}
    assert made.left_out == {set_labels.HELD: 1}


def test_what_cannot_be_judged_is_left_out_and_counted(dress, shop, tmp_path):
    dress("fine")
    dress("unknown word", None)
    dress("unknown kind", kind=None)
    unseen = dress("not in the picture")
    factories.make_prediction(unseen, problem="no_region", state="unreadable")
    broken = dress("broken picture")
    broken.product.pictures.update(problem="truncated")
    made = make_set()
    assert set(colours(made)) == {"fine"}
    assert made.left_out == {"unmapped": 1, "unknown_garment": 1, "unreadable": 3}


def test_every_picture_is_an_example_and_each_content_once(dress, tmp_path):
    product = dress("P-1").product
    add_picture(product, tmp_path, (70, 71), position=1)
    add_picture(product, tmp_path, (70, 71), position=2)
    made = make_set()
    assert made.pictures == 2
    assert made.examples == 4  # colour and garment type of both
    assert made.designs == 1


def test_the_same_catalogue_makes_the_same_set_and_no_second_one(dress):
    for number in range(5):
        dress(f"P-{number}")
    first, second = make_set(), make_set()
    assert first == second
    assert TrainingSet.objects.count() == 1
    assert Job.objects.order_by("pk").last().result == {"training_set": first.content_hash, "new": False}
    factories.decide(Label.objects.filter(attribute__code=Attribute.COLOUR).first(), factories.make_manager(), "black")
    third = make_set()
    assert third != first
    assert list(TrainingSet.objects.all()) == [third, first]


def test_the_order_of_products_in_the_database_does_not_matter(dress, shop):
    sizes = [(64, 65 + number) for number in range(6)]
    for number in range(6):
        dress(f"P-{number}", size=sizes[number])
    first = make_set()
    shop.products.all().delete()
    for number in reversed(range(6)):
        dress(f"P-{number}", size=sizes[number])
    assert make_set() == first


def test_parts_and_folds_follow_from_the_design(dress):
    for number in range(40):
        dress(f"P-{number}", group=f"D-{number // 2}")
    made = make_set()
    places = defaultdict(set)
    for example in examples_of(made):
        places[example.design].add((example.part, example.fold))
        assert (example.part, example.fold) == (part_of_design(example.design), fold_of_design(example.design, 3))
    assert all(len(place) == 1 for place in places.values())
    assert made.designs == len(places) == 20
    assert sum(part["designs"] for part in made.parts.values()) == 20
    assert made.parts["test"]["designs"] > 0


def test_designs_that_share_a_picture_count_as_one(dress):
    for number in range(12):
        dress(f"P-{number:02}", size=(64, 64 + number // 3))
    made = make_set()
    assert (made.designs, made.joined, made.pictures) == (4, 8, 4)
    assert {one.design for one in examples_of(made)} == {f"spring:P-{number:02}" for number in (0, 3, 6, 9)}


def test_joining_goes_on_from_picture_to_picture(dress, tmp_path):
    first, second = dress("P-1", size=(64, 64)), dress("P-2", size=(64, 65))
    dress("P-3", size=(64, 66))
    add_picture(first.product, tmp_path, (64, 65), position=1)
    add_picture(second.product, tmp_path, (64, 66), position=1)
    assert {one.design for one in examples_of(make_set())} == {"spring:P-1"}


def test_a_picture_that_many_designs_share_shows_none_of_them(dress):
    for number in range(set_sorting.MOST_DESIGNS + 1):
        dress(f"P-{number}", size=(64, 64))
    dress("fine", size=(64, 70))
    made = make_set()
    assert set(colours(made)) == {"fine"}
    assert made.left_out == {set_writing.CROWDED: 1}
    assert made.joined == 0


def test_a_set_of_some_shops(dress):
    other = factories.make_shop("autumn")
    dress("P-1")
    dress("P-1", shop=other)
    assert make_set(other).shops == ["autumn"]
    assert make_set().shops == ["autumn", "spring"]


def test_examples_of_another_set_go_in_as_well(dress, shop, tmp_path):
    """Those of shops that are read anew would be outdated; a picture of both is held out of both or of neither."""
    other = factories.make_shop("autumn")
    dress("old")
    shared = dress("shared", shop=other, size=(64, 64))
    brought = make_set()
    shop.products.all().delete()
    dress("new")
    dress("twin", size=(64, 64))
    shared.product.shop.delete()
    made = set_building.build(set_building.start_build([shop], [brought], detach=False))
    examples = colours(made)
    assert set(examples) == {"new", "twin", "shared"}
    assert made.shops == ["autumn", "spring"]
    assert examples["twin"].design == examples["shared"].design == "autumn:shared"
    assert examples["twin"].part == examples["shared"].part


def test_counts_are_by_attribute_value_and_origin(dress):
    reviewer = factories.make_manager()
    dress("P-1")
    dress("P-2")
    factories.decide(dress("P-3"), reviewer, "black")
    made = make_set()
    assert made.counts == {
        "colour": {"navy": {"shop": 2}, "black": {"reviewer": 1}},
        "garment_type": {"dress": {"shop": 3}},
    }
    assert (made.examples, made.verified) == (6, 1)


def test_sorting_in_runs_gives_the_same_file(dress, monkeypatch):
    for number in range(10):
        dress(f"P-{number}")
    whole = make_set()
    monkeypatch.setattr(set_labels, "_BATCH", 3)
    monkeypatch.setattr(set_sorting, "_RUN", 4)
    assert make_set() == whole


def test_nothing_to_learn_from_is_said(dress):
    dress("P-1", None, kind=None)
    with pytest.raises(SetError, match="nothing to learn"):
        make_set()
    assert Job.objects.get().state == Job.State.FAILED
    assert TrainingSet.objects.count() == 0


def test_a_cancelled_build_leaves_nothing_behind(dress, monkeypatch):
    dress("P-1")
    asked = set_building.start_build(detach=False)

    def stop(done, total):
        service.cancel(asked.job)

    with pytest.raises(service.Cancelled):
        set_building.build(asked, stop)
    asked.job.refresh_from_db()
    assert asked.job.state == Job.State.CANCELLED
    assert TrainingSet.objects.count() == 0
    assert not list((settings.DATA_DIR / "training_sets").glob(".draft*"))


def test_a_build_can_be_stopped_while_it_writes(dress, monkeypatch):
    dress("P-1")
    asked = set_building.start_build(detach=False)
    monkeypatch.setattr(set_building.service.Progress, "stage", lambda progress, name: service.cancel(asked.job))
    with pytest.raises(service.Cancelled):
        set_building.build(asked)
    assert TrainingSet.objects.count() == 0


def test_a_set_is_never_changed(dress):
    dress("P-1")
    made = make_set()
    made.note = "another"
    with pytest.raises(SetIsFixed):
        made.save()


def test_a_damaged_file_is_noticed_and_mended_by_making_the_set_again(dress):
    dress("P-1")
    made = make_set()
    made.path.write_text("oops", encoding="utf-8")
    with pytest.raises(SetError, match="damaged"):
        list(examples_of(made))
    shutil.rmtree(made.path.parent)
    with pytest.raises(SetError, match="not there"):
        list(examples_of(made))
    assert make_set() == made
    assert list(examples_of(made))


def test_queries_do_not_grow_with_products(dress, django_assert_max_num_queries):
    for number in range(30):
        label = dress(f"P-{number}")
        if number % 3 == 0:
            factories.decide(label, factories.make_user(), "black")
    assert Prediction.objects.count() == 0
    with django_assert_max_num_queries(35):
        make_set()
