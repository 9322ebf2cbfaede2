"""What has to be known and said before a model is put into use, and how it is taken back."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from catalog_audit.registry import promoting
from catalog_audit.registry.models import (
    HistoryIsFixed,
    ModelComparison,
    ModelVersion,
    Promotion,
    PromotionPolicy,
)
from catalog_audit.registry.promoting import CannotPromote, ReasonNeeded, put_into_use, roll_back
from catalog_audit.registry.service import register, register_shipped
from catalog_audit.training.comparison_figures import figures_of
from tests import factories, models_on_disk

pytestmark = pytest.mark.django_db
State, Act = ModelVersion.State, Promotion.Act

WHY = "It knows the new colours."


@pytest.fixture(autouse=True)
def english():
    """Sentences are English, whatever language the page of an earlier test had."""
    with translation.override("en"):
        yield


@pytest.fixture
def shipped(settings, tmp_path) -> ModelVersion:
    """The model of all garment groups, in use."""
    settings.SHIPPED_MODELS_DIR = tmp_path / "weights"
    settings.DATA_DIR = tmp_path / "data"
    settings.MODELS_DIR = settings.DATA_DIR / "models"
    models_on_disk.write_all(settings.SHIPPED_MODELS_DIR)
    register_shipped()
    return ModelVersion.objects.get(kind="classification")


@pytest.fixture
def candidate(shipped, settings) -> ModelVersion:
    return make_candidate(settings)


def make_candidate(settings, group: str = "", weights: str = "second") -> ModelVersion:
    folder = settings.MODELS_DIR / weights
    models_on_disk.write_classifier(folder, group, weights=weights)
    return register(next(folder.glob("*.safetensors")))


def answers(right: int, only_candidate: int, only_active: int, wrong: int = 0, group: str = "top", source: str = "set"):
    """So many answers of each outcome."""

    def one(candidate: bool, active: bool):
        said = {"top": "navy", "share": 0.9, "state": "ok", "p_wrong": 0.1}
        return {
            "product": None, "picture": "", "group": group, "attribute": "colour", "label": "navy", "truth": ["navy"],
            "sources": [source], "verified": True, "candidate": said | {"right": candidate},
            "active": said | {"right": active},
        }  # fmt: skip

    outcomes = [(True, True)] * right + [(True, False)] * only_candidate + [(False, True)] * only_active
    return [one(*outcome) for outcome in [*outcomes, *[(False, False)] * wrong]]


def compared(candidate: ModelVersion, *groups, in_use: dict[str, str] | None = None) -> ModelComparison:
    """A finished comparison with these answers."""
    found = [answer for group in groups for answer in group]
    return ModelComparison.objects.create(
        candidate=candidate,
        in_use=promoting.versions_in_use() if in_use is None else in_use,
        job=factories.make_job("comparison"),
        figures=figures_of([(found, [(len(found), 1.0, 1.0)])]),
        finished_at=timezone.now(),
    )


def codes(candidate: ModelVersion) -> list[str]:
    return [one.code for one in promoting.concerns_about(promoting.latest_comparison(candidate))]


def test_a_candidate_that_is_no_worse_is_put_into_use_without_a_word(shipped, candidate):
    comparison = compared(candidate, answers(180, 12, 8))
    ada = factories.make_admin("ada")
    done = put_into_use(candidate, ada)
    assert (done.model, done.replaced, done.by, done.comparison, done.reason, done.concerns) == (
        candidate, shipped, ada, comparison, "", [],
    )  # fmt: skip
    candidate.refresh_from_db()
    shipped.refresh_from_db()
    assert (candidate.state, shipped.state) == (State.ACTIVE, State.RETIRED)


def test_without_a_comparison_a_reason_is_needed_and_kept(shipped, candidate):
    with pytest.raises(ReasonNeeded) as refused:
        put_into_use(candidate, reason=" short ")
    assert [one.code for one in refused.value.concerns] == ["not_compared"]
    candidate.refresh_from_db()
    assert candidate.state == State.CANDIDATE
    done = put_into_use(candidate, reason=WHY)
    assert (done.reason, done.concerns[0]["code"]) == (WHY, "not_compared")


def test_worse_in_one_garment_group_needs_a_reason_however_much_better_it_is_in_all(candidate):
    compared(candidate, answers(500, 100, 0), answers(170, 2, 28, group="bottom"))
    with pytest.raises(ReasonNeeded) as refused:
        put_into_use(candidate)
    assert {(one.code, one.garment_group, one.evidence) for one in refused.value.concerns} == {
        ("worse", "bottom", "set")
    }
    (sentence, *_rest) = promoting.sentences(refused.value.concerns)
    assert sentence.startswith("trousers, skirts and shorts, all attributes together: worse by 13.0 points (")
    assert put_into_use(candidate, reason=WHY).reason == WHY


def test_a_gain_on_the_held_out_set_does_not_hide_a_loss_on_what_people_decided(candidate):
    compared(candidate, answers(500, 40, 0), answers(150, 0, 30, source="verdict"))
    assert {(one.evidence, one.code) for one in promoting.concerns_about(promoting.latest_comparison(candidate))} == {
        ("people", "worse")
    }


@pytest.mark.parametrize(
    ("only_candidate", "only_active", "margin", "expected"),
    [
        (5, 12, 0.01, []),  # 3.5 points, but chance explains it
        (0, 12, 0.01, ["worse", "worse"]),  # 6 points, all attributes and colour
        (0, 12, 0.10, []),  # within the margin that the admin set
        (12, 0, 0.00, []),
    ],
)
def test_the_margin_counts_beyond_what_chance_explains(candidate, only_candidate, only_active, margin, expected):
    PromotionPolicy(margin=margin).save()
    compared(candidate, answers(200 - only_candidate - only_active, only_candidate, only_active))
    assert codes(candidate) == expected


def test_few_answers_are_not_enough(candidate):
    compared(candidate, answers(99, 0, 0))
    assert codes(candidate) == ["too_little"]
    compared(candidate, answers(60, 0, 0), answers(40, 0, 0, source="check"))
    assert codes(candidate) == []


def test_a_comparison_with_models_that_are_not_in_use_any_more_does_not_count(candidate, settings):
    compared(candidate, answers(200, 0, 0))
    put_into_use(make_candidate(settings, weights="third"), reason=WHY)
    assert codes(candidate) == ["stale"]


def test_the_latest_comparison_counts_and_an_unfinished_one_does_not(candidate):
    compared(candidate, answers(100, 0, 100))
    good = compared(candidate, answers(200, 0, 0))
    ModelComparison.objects.create(candidate=candidate, job=factories.make_job("comparison"))
    assert promoting.latest_comparison(candidate) == good


def test_a_damaged_or_missing_file_is_never_put_into_use(candidate, settings):
    file = settings.MODELS_DIR / "second" / "attributes.safetensors"
    file.write_text("something else")
    with pytest.raises(CannotPromote, match=r"attributes\.safetensors of this model is damaged"):
        put_into_use(candidate, reason=WHY)
    file.unlink()
    with pytest.raises(CannotPromote, match="cannot be read"):
        put_into_use(candidate, reason=WHY)
    assert not Promotion.objects.exclude(act=Act.SHIPPED).exists()


def test_going_back_puts_the_one_before_into_use_and_is_written_down(shipped, candidate):
    put_into_use(candidate, reason=WHY)
    done = roll_back(candidate, factories.make_admin("ada"), "Too many flags.")
    assert (done.act, done.model, done.replaced, done.reason) == (
        Act.ROLLED_BACK,
        shipped,
        candidate,
        "Too many flags.",
    )
    candidate.refresh_from_db()
    assert candidate.state == State.RETIRED
    assert promoting.versions_in_use()["classifier/"] == shipped.version


def test_going_back_twice_goes_further_back_and_not_forth(shipped, candidate, settings):
    third = make_candidate(settings, weights="third")
    put_into_use(candidate, reason=WHY)
    put_into_use(third, reason=WHY)
    assert roll_back(third).model == candidate
    candidate.refresh_from_db()
    assert roll_back(candidate).model == shipped
    shipped.refresh_from_db()
    with pytest.raises(CannotPromote, match="No model was in use before"):
        roll_back(shipped)


def test_a_specialist_steps_aside_for_the_model_of_all_garment_groups(shipped, settings):
    specialist = make_candidate(settings, "top", "special")
    put_into_use(specialist, reason=WHY)
    assert promoting.can_go_back(specialist)
    done = roll_back(specialist)
    assert (done.model, done.replaced) == (None, specialist)
    assert set(promoting.versions_in_use()) == {"segmenter", "classifier/"}


def test_only_a_model_in_use_can_be_taken_back(candidate):
    with pytest.raises(CannotPromote, match="not in use any more"):
        roll_back(candidate)


def test_what_came_with_the_program_is_written_down_too(shipped, settings):
    newer = models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, weights="newer")
    register_shipped()
    latest = Promotion.objects.first()
    assert (latest.act, latest.model.version, latest.replaced) == (Act.SHIPPED, newer, shipped)


def test_the_log_is_only_added_to(candidate):
    done = put_into_use(candidate, reason=WHY)
    done.reason = "another"
    with pytest.raises(HistoryIsFixed):
        done.save()
    with pytest.raises(HistoryIsFixed):
        done.delete()


def test_the_commands_do_the_same(shipped, candidate, capsys):
    with pytest.raises(CommandError, match=r"has not been compared(.|\n)*--reason TEXT"):
        call_command("promote", candidate.version[:6])
    call_command("promote", candidate.version[:6], reason=WHY)
    call_command("roll_back")
    said = capsys.readouterr().out
    assert f"{candidate} is in use in place of {shipped}" in said
    assert f"{candidate} is out of use; in its place: {shipped}" in said
    with pytest.raises(CommandError, match="No model was in use before"):
        call_command("roll_back")
    with pytest.raises(CommandError, match="no model has a version that begins with 'zzz'"):
        call_command("promote", "zzz")
