"""When an audit is over, all labels of a shop are weighed together, without looking at a picture again."""

from __future__ import annotations

import pytest

from catalog_audit.audits import overlays, precision, reckoning, weighing
from catalog_audit.audits.models import ArguablePair, AuditRun, Flag, Prediction, Weighing
from catalog_audit.catalog.models import Attribute, Label
from catalog_audit.jobs import service
from catalog_audit.jobs.models import Job
from tests import factories
from tests.audits.conftest import audit, make_dress, sure_of


@pytest.fixture
def colour(networks):
    return factories.attribute(Attribute.COLOUR)


@pytest.fixture
def dresses(boutique, networks):
    """Six navy ones; the first is plainly red, the second perhaps."""
    made = [make_dress(boutique, str(number)) for number in range(6)]
    networks.sees[made[0].pk] = sure_of("red")
    networks.sees[made[1].pk] = {"red": 0.97, "navy": 0.012, "black": 0.018}
    audit(boutique)
    return made


def want(shop, attribute, precision_wanted: float) -> Weighing:
    row = Weighing.objects.update_or_create(shop=shop, attribute=attribute, defaults={"wanted": precision_wanted})[0]
    weighing.reweigh(shop, attribute)
    row.refresh_from_db()
    return row


def flags():
    return Flag.objects.filter(attribute__code="colour", kind=Flag.Kind.FLAG)


def test_a_small_shop_keeps_the_states_of_the_first_look(boutique, dresses, networks, colour):
    before = list(flags().values_list("pk", "state", "raised_as"))
    assert weighing.reweigh(boutique, colour) == 0
    assert list(flags().values_list("pk", "state", "raised_as")) == before
    assert precision.wanted_of(Weighing.objects.get(shop=boutique, attribute=colour)) is None


def test_nothing_is_looked_at_again(boutique, dresses, networks, colour):
    looked, explained = len(networks.looked), len(networks.explained)
    want(boutique, colour, 0.5)
    assert (len(networks.looked), len(networks.explained)) == (looked, explained)


def test_a_lower_wanted_precision_makes_a_disputed_label_a_flag_and_a_higher_one_takes_it_back(
    boutique, dresses, colour
):
    doubted = flags().get(product=dresses[1])
    assert doubted.state == Flag.State.DISPUTED

    want(boutique, colour, 0.5)
    doubted.refresh_from_db()
    assert (doubted.state, doubted.raised_as) == (Flag.State.OPEN, Flag.State.OPEN)
    assert doubted.prediction.current
    assert doubted.prediction.state == "flagged"

    want(boutique, colour, 0.95)
    doubted.refresh_from_db()
    assert doubted.state == Flag.State.DISPUTED
    assert flags().get(product=dresses[0]).state == Flag.State.OPEN


def test_predictions_are_only_added(boutique, dresses, colour):
    before = {row.pk: (row.p_wrong, row.state) for row in Prediction.objects.all()}
    want(boutique, colour, 0.5)
    after = {row.pk: (row.p_wrong, row.state) for row in Prediction.objects.all()}
    assert before.items() <= after.items()
    assert len(after) > len(before)
    assert Prediction.objects.filter(product=dresses[1], attribute=colour, current=True).count() == 1
    old, new = Prediction.objects.filter(product=dresses[1], attribute=colour).order_by("pk")
    assert (new.fingerprint, new.mask, new.probabilities) == (old.fingerprint, old.mask, old.probabilities)


def test_weighed_again_nothing_changes(boutique, dresses, colour):
    want(boutique, colour, 0.5)
    rows = Prediction.objects.count()
    assert weighing.reweigh(boutique, colour) == 0
    assert Prediction.objects.count() == rows


def test_what_people_said_stands(boutique, dresses, colour):
    admin = factories.make_admin()
    waiting = flags().get(product=dresses[1])
    Flag.objects.filter(pk=waiting.pk).update(state=Flag.State.SECOND)
    factories.decide(Label.objects.get(product=dresses[0], attribute=colour), admin)
    Flag.objects.filter(product=dresses[0]).update(state=Flag.State.ACCEPTED)

    want(boutique, colour, 0.5)
    assert flags().get(product=dresses[1]).state == Flag.State.SECOND
    assert flags().get(product=dresses[0]).state == Flag.State.ACCEPTED


def test_a_pair_that_is_arguable_is_not_asked_about(boutique, dresses, colour):
    flag = flags().get(product=dresses[1])
    low, high = sorted((flag.label_value_id, flag.suggested_id))
    ArguablePair.objects.create(product=dresses[1], attribute=colour, low_id=low, high_id=high, decision="0" * 32)
    want(boutique, colour, 0.5)
    assert flags().get(product=dresses[1]).state == Flag.State.CLOSED


def test_a_sample_stays_a_sample(boutique, dresses, colour):
    flag = flags().get(product=dresses[1])
    Flag.objects.filter(pk=flag.pk).update(kind=Flag.Kind.SAMPLE, state=Flag.State.OPEN)
    want(boutique, colour, 0.5)
    assert [(one.kind, one.state) for one in Flag.objects.filter(product=dresses[1])] == [("sample", "open")]


def test_a_label_that_changed_since_is_left_to_the_next_audit(boutique, dresses, colour):
    Label.objects.filter(product=dresses[1], attribute=colour).update(raw="Red", value=factories.value("red"))
    want(boutique, colour, 0.5)
    assert Prediction.objects.filter(product=dresses[1], attribute=colour).count() == 1


def test_verdicts_move_what_is_expected_of_flags(boutique, networks, colour):
    for number in range(12):
        dress = make_dress(boutique, str(number))
        networks.sees[dress.pk] = sure_of("red")
    audit(boutique)
    before = want(boutique, colour, 0.5).outlook[0]
    for flag in flags()[:8]:
        factories.decide(flag.label, factories.make_user())
        Flag.objects.filter(pk=flag.pk).update(state=Flag.State.ACCEPTED)
    after = want(boutique, colour, 0.5)

    assert after.verdicts == 8
    assert (after.outlook[0]["expected"] or 0) < before["expected"]
    assert [row[1:] for row in after.reliability] == [[0, 8]]
    assert precision.verdicts_needed(after) > 300


def test_an_audit_of_a_large_shop_ends_with_a_weighing(boutique, networks, monkeypatch):
    monkeypatch.setattr(reckoning, "ENOUGH", 3)
    for number in range(4):
        make_dress(boutique, str(number))
    audit(boutique)
    job = Job.objects.get(kind=Job.Kind.WEIGHING)
    assert (job.state, job.subject) == (Job.State.DONE, "boutique")
    assert Weighing.objects.get(shop=boutique, attribute__code="colour").labels == 4
    assert not Weighing.objects.filter(is_due=True).exists()


def test_an_audit_of_few_products_weighs_only_those_by_what_is_known(boutique, networks, monkeypatch):
    monkeypatch.setattr(reckoning, "ENOUGH", 3)
    monkeypatch.setattr(weighing, "RELEARN", 0.5)
    for number in range(4):
        make_dress(boutique, str(number))
    audit(boutique)
    row = Weighing.objects.get(shop=boutique, attribute__code="colour")
    new = make_dress(boutique, "new")
    networks.sees[new.pk] = sure_of("red")
    stored, store = [], weighing.reweighing.store

    def watched(row, seen, explain):
        stored.extend(one.prediction.product_id for one in seen)
        return store(row, seen)

    monkeypatch.setattr(weighing.reweighing, "store", watched)
    audit(boutique)

    job = Job.objects.filter(kind=Job.Kind.WEIGHING).latest("pk")
    assert (job.state, job.total, job.done) == (Job.State.DONE, 1, 1)
    assert set(stored) == {new.pk}
    assert Weighing.objects.get(pk=row.pk).fitted_at == row.fitted_at
    assert flags().get(product=new).state == Flag.State.OPEN


def test_after_an_audit_new_flags_are_explained_by_their_own_pictures_alone(boutique, dresses, networks, colour):
    Weighing.objects.update_or_create(shop=boutique, attribute=colour, defaults={"wanted": 0.5})
    networks.looked.clear()
    networks.explained.clear()
    weighing.work(weighing.after_audit(AuditRun.objects.get(shop=boutique), detach=False))

    assert networks.looked == []
    assert networks.explained == [(dresses[1].pk, "red"), (dresses[1].pk, "navy")]
    prediction = flags().get(product=dresses[1]).prediction
    assert prediction.attention
    assert prediction.attention_label
    assert overlays.path_of(prediction.attention).is_file()


def test_a_flag_whose_attention_cannot_be_worked_out_is_raised_all_the_same(
    boutique, dresses, networks, colour, monkeypatch
):
    def broken(requests):
        raise OSError("no weights")

    monkeypatch.setattr(networks, "explain", broken)
    Weighing.objects.update_or_create(shop=boutique, attribute=colour, defaults={"wanted": 0.5})
    weighing.work(weighing.after_audit(AuditRun.objects.get(shop=boutique), detach=False))
    flag = flags().get(product=dresses[1])
    assert (flag.state, flag.prediction.attention) == (Flag.State.OPEN, "")


def test_a_weighing_that_was_stopped_goes_on_where_it_was(boutique, dresses, colour, monkeypatch):
    monkeypatch.setattr(weighing, "_BATCH", 2)
    row = Weighing.objects.create(shop=boutique, attribute=colour, wanted=0.5)
    job = weighing.start(boutique, colour, detach=False)
    fitted = []
    fit = weighing.fit
    monkeypatch.setattr(weighing, "fit", lambda *given: (fitted.append(1), fit(*given)))
    stop = iter([False, True])
    advance = service.Progress.advance

    def until_cancelled(self, done, total=None):
        if next(stop, False):
            raise service.Cancelled
        advance(self, done, total)

    monkeypatch.setattr(service.Progress, "advance", until_cancelled)
    with pytest.raises(service.Cancelled):
        weighing.work(job)
    row.refresh_from_db()
    assert row.is_due
    assert row.position == dresses[3].pk

    Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED)
    job.refresh_from_db()
    weighing.work(job)
    row.refresh_from_db()
    assert (row.is_due, row.position, fitted) == (False, 0, [1])
    assert flags().get(product=dresses[1]).state == Flag.State.OPEN
