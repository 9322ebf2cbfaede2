"""A candidate and the models in use are asked the same about the same pictures, and nothing is counted twice."""

from __future__ import annotations

import csv
import hashlib
from uuid import uuid4

import numpy as np
import pytest
from django.utils import translation

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Product, Value
from catalog_audit.jobs import dispatch, service
from catalog_audit.jobs.models import Job
from catalog_audit.registry.models import ComparisonPart, ModelComparison, ModelVersion
from catalog_audit.registry.service import register, register_shipped
from catalog_audit.review import actions
from catalog_audit.training import cases, comparing, engine, sets, tasks
from catalog_audit.training.comparing import NothingToCompare, start_comparison
from catalog_audit.training.models import TrainingSet
from inference.contract import Reading
from tests import factories, models_on_disk

SURE = 0.998


@pytest.fixture(autouse=True)
def english():
    """Sentences are English, whatever language the page of an earlier test had."""
    with translation.override("en"):
        yield


class Eyes:
    """Stands for a pipeline: sees navy everywhere, or what it is told to see of a picture."""

    def __init__(self) -> None:
        self.sees: dict[str, str] = {}
        self.looked: list[str] = []

    def read(self, requests):
        self.looked += [request.digest for request in requests]
        return [self._reading(request) for request in requests]

    def _reading(self, request) -> Reading:
        seen = self.sees.get(request.digest, "navy")
        if seen == "nothing":
            return Reading(request.key, "no_region")
        rest = [one for one in models_on_disk.VALUES["colour"] if one != seen]
        colour = {seen: SURE} | dict.fromkeys(rest, (1 - SURE) / len(rest))
        return Reading(request.key, region=np.ones((2, 2), bool), probabilities={"colour": colour})


@pytest.fixture
def ada(db):
    return factories.make_admin("ada")


@pytest.fixture
def shop(db):
    return factories.make_shop("spring")


@pytest.fixture
def candidate(db, settings, tmp_path) -> ModelVersion:
    settings.SHIPPED_MODELS_DIR = tmp_path / "weights"
    settings.DATA_DIR = tmp_path / "data"
    settings.MODELS_DIR = settings.DATA_DIR / "models"
    models_on_disk.write_all(settings.SHIPPED_MODELS_DIR)
    register_shipped()
    return make_candidate(settings)


def make_candidate(settings, group: str = "") -> ModelVersion:
    folder = settings.MODELS_DIR / f"new{group}"
    models_on_disk.write_classifier(folder, group, weights="second")
    return register(next(folder.glob("*.safetensors")))


@pytest.fixture
def eyes(candidate, monkeypatch) -> tuple[Eyes, Eyes]:
    """Those of the candidate and those of the models in use."""
    new, old = Eyes(), Eyes()

    def pipeline_of(models):
        return new if any(model.state == "candidate" for model in models) else old

    monkeypatch.setattr(engine, "pipeline_of", pipeline_of)
    return new, old


def make_dress(shop, external_id: str, code: str = "navy", kind: str = "dress", group: str = "full_body") -> Product:
    product = factories.make_product(shop, external_id)
    factories.make_label(product, code.title(), code)
    factories.make_label(product, kind.title(), kind, "garment_type")
    Value.objects.filter(code=kind).update(garment_group=group)
    factories.make_picture(product, sha256=digest(external_id), suffix="jpg")
    return product


def digest(external_id: str) -> str:
    return hashlib.sha256(external_id.encode()).hexdigest()


def decided(product: Product, user, fix: str = "", suggested: str = "black") -> Flag:
    """A flag about the product's colour that was settled."""
    label = product.labels.get(attribute__code="colour")
    garment = product.labels.get(attribute__code="garment_type").value
    before = product.predictions.filter(current=True, attribute__code="colour").first()
    flag = factories.make_flag(label, suggested, garment_type=garment, prediction=before)
    if fix:
        actions.fix(flag, factories.value(fix), user, uuid4())
    else:
        actions.accept(flag, user, uuid4())
    return flag


def make_set(settings, *rows, name: str = "") -> TrainingSet:
    """A training set of held-out examples: (external id, value, verified)."""
    examples = [
        sets.Example(
            f"pictures/{external_id}.jpg", digest(external_id), "spring", external_id, f"spring:{external_id}",
            "full_body", "test", 0, "colour", value, sets.SHOP, verified,
        )
        for external_id, value, verified in rows
    ]  # fmt: skip
    examples.append(
        sets.Example(
            "pictures/x.jpg", digest("x"), "spring", "learnt", "spring:learnt", "full_body", "train", 0, "colour",
            "red", sets.SHOP, False,
        )
    )  # fmt: skip
    folder = settings.DATA_DIR / "training_sets" / f"made{name}"
    folder.mkdir(parents=True)
    with (folder / "examples.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(sets.COLUMNS)
        writer.writerows(sets.cells(example) for example in examples)
    content = hashlib.sha256((folder / "examples.csv").read_bytes()).hexdigest()
    return TrainingSet.objects.create(content_hash=content, folder=f"training_sets/made{name}", name=name)


def compare(candidate: ModelVersion, **options) -> ModelComparison:
    comparison = start_comparison(candidate, detach=False, **options)
    comparing.work_off(comparison)
    comparison.refresh_from_db()
    return comparison


def answers(comparison: ModelComparison) -> list[dict]:
    return [answer for part in comparison.parts.all() for answer in part.answers]


def test_verdicts_check_items_and_held_out_pictures_are_asked_about(candidate, eyes, shop, ada, settings):
    decided(make_dress(shop, "fixed"), ada, fix="black")
    decided(make_dress(shop, "kept"), ada)
    checked = make_dress(shop, "checked")
    flag = factories.make_flag(checked.labels.get(attribute__code="colour"), "red", kind="check")
    Flag.objects.filter(pk=flag.pk).update(known_value=factories.value("red"))
    factories.make_flag(make_dress(shop, "waiting").labels.get(attribute__code="colour"))
    make_dress(shop, "held out")
    training_set = make_set(settings, ("held out", "navy", False), ("from outside", "black", False))
    new, old = eyes
    new.sees = {digest("fixed"): "black", digest("checked"): "red", digest("from outside"): "black"}
    old.sees = {digest("kept"): "black"}

    comparison = compare(candidate)

    assert comparison.training_set == training_set.content_hash
    assert comparison.plan["numbers"] == {"products": 5, "set": 2, "check": 1, "verdict": 2}
    found = {
        one["picture"]: (one["truth"], one["sources"], one["candidate"]["right"], one["active"]["right"])
        for one in answers(comparison)
    }
    assert found == {
        digest("fixed"): (["black"], ["verdict"], True, False),
        digest("kept"): (["navy"], ["verdict"], True, False),
        digest("checked"): (["red"], ["check"], True, False),
        digest("held out"): (["navy"], ["set"], True, True),
        digest("from outside"): (["black"], ["set"], True, False),
    }
    assert sorted(new.looked) == sorted(old.looked) == sorted(found)
    pair = comparison.figures["evidence"]["people"]["groups"]["full_body"]["colour"]
    assert (pair["of"], pair["candidate"], pair["active"]) == (3, 3, 0)


def test_a_product_with_a_verdict_in_the_held_out_part_is_asked_about_once(candidate, eyes, shop, ada, settings):
    decided(make_dress(shop, "both"), ada, fix="black")
    make_set(settings, ("both", "black", True))
    (answer,) = answers(compare(candidate))
    assert (answer["label"], answer["truth"], answer["sources"]) == ("navy", ["black"], ["verdict", "set"])


def test_the_latest_verdict_about_a_label_counts(candidate, eyes, shop, ada):
    dress = make_dress(shop, "twice")
    decided(dress, ada, fix="black")
    decided(dress, ada)
    (answer,) = answers(compare(candidate))
    assert answer["truth"] == ["navy"]


def test_both_are_right_means_both(candidate, eyes, shop, ada):
    flag = factories.make_flag(make_dress(shop, "both").labels.get(attribute__code="colour"), "black")
    actions.both(flag, ada, uuid4())
    eyes[0].sees = {digest("both"): "black"}
    (answer,) = answers(compare(candidate))
    assert answer["truth"] == ["navy", "black"]
    assert answer["candidate"]["right"]
    assert answer["active"]["right"]


def test_flags_gained_and_lost_are_told_with_what_people_know(candidate, eyes, shop, ada):
    decided(make_dress(shop, "wrong", "red"), ada, fix="navy")
    decided(make_dress(shop, "right", "red"), ada)
    new, old = eyes
    new.sees = {digest("wrong"): "navy", digest("right"): "red"}
    old.sees = {digest("wrong"): "red", digest("right"): "navy"}
    flags = compare(candidate).figures["flags"]
    assert (flags["gained"]["number"], flags["gained"]["wrong"]) == (1, 1)
    assert (flags["lost"]["number"], flags["lost"]["wrong"]) == (1, 0)
    assert flags["gained"]["examples"][0]["picture"] == digest("wrong")


def test_a_product_that_only_one_finds_counts_against_the_other(candidate, eyes, shop, ada):
    for name in ("one", "neither"):
        decided(make_dress(shop, name), ada)
    new, old = eyes
    new.sees = {digest("one"): "nothing", digest("neither"): "nothing"}
    old.sees = {digest("neither"): "nothing"}
    (answer,) = answers(compare(candidate))
    assert answer["picture"] == digest("one")
    assert (answer["candidate"]["right"], answer["active"]["right"]) == (False, True)


def test_a_specialist_is_asked_about_its_garment_group_alone(candidate, eyes, shop, ada, settings):
    decided(make_dress(shop, "dress"), ada)
    decided(make_dress(shop, "blouse", kind="blouse", group="top"), ada)
    specialist = make_candidate(settings, "top")
    comparison = compare(specialist)
    assert [one["group"] for one in answers(comparison)] == ["top"]
    assert comparison.active.role == "classifier/"


def test_a_part_that_fails_is_done_again_and_counts_once(candidate, eyes, shop, ada, settings, monkeypatch):
    settings.CHUNK_SIZE = 1
    for name in "abc":
        decided(make_dress(shop, name), ada)
    new, _old = eyes
    failures = iter([None, OSError("the disk"), None, None])
    honest = new.read

    def read(requests):
        failure = next(failures)
        if failure:
            raise failure
        return honest(requests)

    monkeypatch.setattr(new, "read", read)
    comparison = compare(candidate)
    assert comparison.job.state == Job.State.DONE
    assert comparison.figures["answers"] == 3
    assert ComparisonPart.objects.count() == 3


def test_figures_are_worked_out_by_whoever_asks_when_the_worker_died_before(candidate, eyes, shop, ada, monkeypatch):
    decided(make_dress(shop, "a"), ada)
    monkeypatch.setattr(comparing, "settle", lambda comparison: comparison)
    comparison = compare(candidate)
    assert comparison.finished_at is None
    monkeypatch.undo()
    comparing.settle(comparison)
    assert comparison.figures["answers"] == 1
    before = comparison.finished_at
    comparing.settle(ModelComparison.objects.get(pk=comparison.pk))
    comparison.refresh_from_db()
    assert comparison.finished_at == before


def test_a_plan_whose_worker_died_is_made_again_and_nothing_is_asked_twice(candidate, eyes, shop, ada, monkeypatch):
    decided(make_dress(shop, "a"), ada)
    failures = iter([OSError("the disk"), None])
    honest = cases.gather

    def gather(training_set):
        failure = next(failures)
        if failure:
            raise failure
        return honest(training_set)

    monkeypatch.setattr(cases, "gather", gather)
    comparison = compare(candidate)
    assert (comparison.job.total, comparison.job.done, comparison.figures["answers"]) == (1, 1, 1)
    assert list(comparison.job.chunks.values_list("number", "attempts")) == [(0, 2), (1, 1)]


def test_a_cancelled_comparison_has_no_figures(candidate, eyes, shop, ada, settings):
    settings.CHUNK_SIZE = 1
    for name in "ab":
        decided(make_dress(shop, name), ada)
    comparison = start_comparison(candidate, detach=False)
    assert comparing.do_one_chunk(comparison)
    assert comparing.do_one_chunk(comparison)
    assert comparison.parts.count() == 1
    service.cancel(comparison.job)
    comparing.settle(comparison)
    assert (comparison.job.state, comparison.figures, comparison.finished_at) == (Job.State.CANCELLED, {}, None)


def test_workers_do_a_chunk_at_a_time_and_pass_the_nudge_on(candidate, eyes, shop, ada, settings, monkeypatch):
    decided(make_dress(shop, "a"), ada)
    sent: list[int] = []
    monkeypatch.setattr(dispatch, "enqueue", lambda job: sent.append(job.pk))
    comparison = start_comparison(candidate)
    route = dispatch.route_of(Job.Kind.COMPARISON)
    assert (route.task, route.queue) == (tasks.compare_chunk.name, settings.QUEUE_PICTURES)
    for _ in range(3):  # the plan, the only part, and a message too many
        tasks.compare_chunk(comparison.job_id)
    assert sent == [comparison.job_id] * 3
    comparison.refresh_from_db()
    assert comparison.figures["answers"] == 1


def test_a_candidate_is_compared_once_at_a_time(candidate, eyes, shop, ada):
    decided(make_dress(shop, "a"), ada)
    start_comparison(candidate, detach=False)
    with pytest.raises(service.AlreadyRunning):
        start_comparison(candidate, detach=False)


def test_nothing_to_compare_is_said_in_words(candidate, eyes):
    with pytest.raises(NothingToCompare, match="no verdict, no check item and no training set"):
        start_comparison(candidate)
    with pytest.raises(NothingToCompare, match="in use"):
        start_comparison(ModelVersion.objects.get(kind="classification", state="active"))


def test_of_a_large_held_out_part_the_same_designs_are_drawn_each_time(candidate, settings, monkeypatch):
    monkeypatch.setattr(cases, "MOST", 3)
    names = [f"P{number}" for number in range(20)]
    training_set = make_set(settings, *((name, "navy", False) for name in names))
    drawn = set(cases.set_cases(training_set))
    assert len(drawn) == 3
    other = make_set(settings, *((name, "navy", False) for name in reversed(names)), name="other")
    assert set(cases.set_cases(other)) == drawn


def test_what_is_asked_takes_a_constant_number_of_queries(candidate, shop, ada, django_assert_max_num_queries):
    for number in range(12):
        decided(make_dress(shop, f"P{number}"), ada)
    with django_assert_max_num_queries(14):
        assert len(cases.gather(None)) == 12


def test_the_command_says_the_figures_and_what_speaks_against(candidate, eyes, shop, ada, capsys):
    from django.core.management import call_command

    decided(make_dress(shop, "a"), ada)
    eyes[1].sees = {digest("a"): "black"}
    call_command("compare_models", candidate.version[:5])
    said = capsys.readouterr().out
    assert "verdict colour: candidate 1.000, in use 0.000 of 1; difference +1.000" in said
    assert "- The comparison rests on 1 answer only; 100 are needed to tell." in said
