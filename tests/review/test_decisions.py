"""Accept, fix, skip: what they change, what they record, what they refuse."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review import actions, deciding
from catalog_audit.review.errors import FlagAlreadyDecided, ForeignValue, LabelChanged, TokenReused
from catalog_audit.review.models import Decision, HistoryIsFixed
from tests import factories


def test_accepting_says_that_the_label_is_right(flag, manager):
    decision = actions.accept(flag, manager, uuid4()).decision

    flag.refresh_from_db()
    label = Label.objects.get()
    assert flag.state == Flag.State.ACCEPTED
    assert (label.verdict, label.correction, label.decided_by) == (Label.Verdict.ACCEPTED, None, manager)
    assert label.decided_at is not None
    assert (decision.verdict, decision.raw, decision.user) == (Decision.Verdict.ACCEPT, "Navy", manager)
    assert decision.old_value.code == decision.new_value.code == "navy"


def test_fixing_keeps_the_right_value_beside_the_shops_word(flag, manager):
    decision = actions.fix(flag, factories.value("black"), manager, uuid4()).decision

    flag.refresh_from_db()
    label = Label.objects.get()
    assert flag.state == Flag.State.FIXED
    assert (label.raw, label.value.code, label.correction.code) == ("Navy", "navy", "black")
    assert label.verdict == Label.Verdict.FIXED
    assert (decision.old_value.code, decision.new_value.code) == ("navy", "black")


def test_fixing_to_the_labels_own_value_is_accepting(flag, manager):
    decision = actions.fix(flag, factories.value("navy"), manager, uuid4()).decision

    flag.refresh_from_db()
    assert decision.verdict == Decision.Verdict.ACCEPT
    assert flag.state == Flag.State.ACCEPTED
    assert Label.objects.get().correction is None


def test_skipping_changes_neither_flag_nor_label(flag, manager):
    decision = actions.skip(flag, manager, uuid4()).decision

    flag.refresh_from_db()
    assert decision.verdict == Decision.Verdict.SKIP
    assert flag.state == Flag.State.OPEN
    assert Label.objects.get().verdict == Label.Verdict.NONE


def test_a_disputed_flag_can_be_decided_too(manager):
    label = factories.make_label(factories.make_product())
    flag = factories.make_flag(label, state=Flag.State.DISPUTED)

    actions.accept(flag, manager, uuid4())

    flag.refresh_from_db()
    assert flag.state == Flag.State.ACCEPTED


def test_the_same_request_twice_is_stored_once_and_answered_alike(flag, manager):
    token = uuid4()

    first = actions.fix(flag, factories.value("black"), manager, token)
    second = actions.fix(flag, factories.value("black"), manager, token)

    assert (first.repeated, second.repeated) == (False, True)
    assert first.decision.pk == second.decision.pk
    assert Decision.objects.count() == 1


def test_a_token_serves_one_decision_only(flag, manager, colleague):
    token = uuid4()
    actions.accept(flag, manager, token)
    other = factories.make_flag(factories.make_label(factories.make_product()))

    with pytest.raises(TokenReused):
        actions.accept(other, manager, token)
    with pytest.raises(TokenReused):
        actions.accept(flag, colleague, token)
    with pytest.raises(TokenReused):
        actions.undo(manager, token)
    other.refresh_from_db()
    assert other.state == Flag.State.OPEN


def test_the_second_of_two_people_learns_who_decided_what(flag, manager, colleague):
    actions.fix(flag, factories.value("black"), manager, uuid4())

    with pytest.raises(FlagAlreadyDecided) as refused:
        actions.accept(flag, colleague, uuid4())

    assert refused.value.decision.user == manager
    assert "mia" in str(refused.value)
    assert str(factories.value("black")) in str(refused.value)
    assert Label.objects.get().correction.code == "black"
    assert Decision.objects.count() == 1


def test_of_two_people_at_the_same_moment_one_wins(flag, manager, colleague, monkeypatch):
    """The colleague decides after the flag has been read and before it is written."""
    read = deciding.locked

    def read_then_be_overtaken(flag_ids):
        found = read(flag_ids)
        monkeypatch.setattr(deciding, "locked", read)
        actions.accept(flag, colleague, uuid4())
        return found

    monkeypatch.setattr(deciding, "locked", read_then_be_overtaken)
    with pytest.raises(FlagAlreadyDecided) as refused:
        actions.fix(flag, factories.value("black"), manager, uuid4())

    assert refused.value.decision.user == colleague


def test_a_flag_that_an_audit_closed_cannot_be_decided(flag, manager):
    Flag.objects.update(state=Flag.State.CLOSED)

    for act in (actions.accept, actions.skip):
        with pytest.raises(FlagAlreadyDecided) as refused:
            act(flag, manager, uuid4())
        assert refused.value.decision is None
    assert not Decision.objects.exists()


def test_a_label_that_the_shop_has_changed_is_left_alone(flag, manager):
    Label.objects.update(raw="Black", value=factories.value("black"))

    with pytest.raises(LabelChanged):
        actions.fix(flag, factories.value("red"), manager, uuid4())

    flag.refresh_from_db()
    assert flag.state == Flag.State.OPEN
    assert Label.objects.get().verdict == Label.Verdict.NONE


def test_a_value_of_another_attribute_is_refused(flag, manager):
    with pytest.raises(ForeignValue):
        actions.fix(flag, factories.value("dress", "garment_type"), manager, uuid4())
    flag.refresh_from_db()
    assert flag.state == Flag.State.OPEN


def test_a_person_without_a_role_decides_nothing(flag):
    stranger = factories.make_user("sam")

    for act in (actions.accept, actions.skip):
        with pytest.raises(PermissionDenied):
            act(flag, stranger, uuid4())
    with pytest.raises(PermissionDenied):
        actions.undo(stranger, uuid4())
    assert not Decision.objects.exists()


def test_decisions_are_never_changed_or_deleted(flag, manager):
    decision = actions.accept(flag, manager, uuid4()).decision

    decision.raw = "something else"
    for attempt in (
        decision.save,
        decision.delete,
        Decision.objects.all().delete,
        lambda: Decision.objects.update(raw="something else"),
    ):
        with pytest.raises(HistoryIsFixed):
            attempt()
    assert Decision.objects.get().raw == "Navy"
