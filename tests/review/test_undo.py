"""Undo gives back what was before, and refuses when somebody or something has come in between."""

from __future__ import annotations

from uuid import uuid4

import pytest

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review import actions
from catalog_audit.review.errors import CannotUndo, NothingToUndo, NotYours
from catalog_audit.review.models import Decision
from tests import factories


def fix(flag, user, code="black"):
    return actions.fix(flag, factories.value(code), user, uuid4()).decision


@pytest.mark.parametrize("state", [Flag.State.OPEN, Flag.State.DISPUTED])
def test_the_flag_waits_again_as_it_did_before(manager, state):
    flag = factories.make_flag(factories.make_label(factories.make_product()), state=state)
    decision = fix(flag, manager)

    undone = actions.undo(manager, uuid4()).decision

    flag.refresh_from_db()
    label = Label.objects.get()
    assert flag.state == state
    assert (label.verdict, label.correction, label.decided_by, label.decided_at) == ("", None, None, None)
    assert (undone.verdict, undone.undoes) == (Decision.Verdict.UNDO, decision)
    assert (undone.old_value.code, undone.new_value.code) == ("black", "navy")
    assert Decision.objects.count() == 2


def test_it_takes_back_one_decision_after_the_other(manager):
    flags = [factories.make_flag(factories.make_label(factories.make_product())) for _ in range(3)]
    for flag in flags:
        fix(flag, manager)

    undone = [actions.undo(manager, uuid4()).decision.flag for _ in flags]

    assert undone == flags[::-1]
    assert set(Flag.objects.values_list("state", flat=True)) == {Flag.State.OPEN}
    with pytest.raises(NothingToUndo):
        actions.undo(manager, uuid4())


def test_the_same_undo_twice_takes_back_one_decision(manager):
    for _ in range(2):
        fix(factories.make_flag(factories.make_label(factories.make_product())), manager)
    token = uuid4()

    assert not actions.undo(manager, token).repeated
    assert actions.undo(manager, token).repeated

    assert Flag.objects.filter(state=Flag.State.FIXED).count() == 1


def test_an_earlier_verdict_about_the_same_word_comes_back(manager, colleague):
    label = factories.make_label(factories.make_product())
    first = fix(factories.make_flag(label), colleague, "red")
    again = factories.make_flag(label, prediction=factories.make_prediction(label, top="black", current=False))
    actions.accept(again, manager, uuid4())

    actions.undo(manager, uuid4())

    label.refresh_from_db()
    assert (label.verdict, label.correction.code, label.decided_by) == (Label.Verdict.FIXED, "red", colleague)
    assert label.decided_at == first.created_at


def test_a_skipped_flag_goes_back_to_its_place(flag, manager):
    skipped = actions.skip(flag, manager, uuid4()).decision

    assert actions.undo(manager, uuid4()).decision.undoes == skipped


def test_a_decision_is_undone_once(flag, manager):
    decision = fix(flag, manager)
    actions.undo(manager, uuid4(), decision)

    with pytest.raises(NothingToUndo):
        actions.undo(manager, uuid4(), Decision.objects.get(pk=decision.pk))


def test_what_somebody_decided_afterwards_stays(flag, manager, colleague):
    decision = fix(flag, manager)
    actions.undo(manager, uuid4())
    fix(flag, colleague, "red")

    with pytest.raises(NothingToUndo):
        actions.undo(manager, uuid4(), Decision.objects.get(pk=decision.pk))
    assert Label.objects.get().correction.code == "red"


def test_only_admins_undo_what_others_decided(flag, manager, colleague, admin):
    decision = fix(flag, manager)

    with pytest.raises(NotYours):
        actions.undo(colleague, uuid4(), decision)
    assert actions.undo(admin, uuid4(), decision).decision.user == admin
    flag.refresh_from_db()
    assert flag.state == Flag.State.OPEN


def test_a_label_with_another_word_keeps_what_it_has(flag, manager):
    fix(flag, manager)
    Label.objects.update(raw="Red", value=factories.value("red"), verdict="", correction=None)

    with pytest.raises(CannotUndo):
        actions.undo(manager, uuid4())
    flag.refresh_from_db()
    assert flag.state == Flag.State.FIXED


def test_it_refuses_when_a_newer_audit_asks_about_the_label_again(flag, manager):
    fix(flag, manager)
    factories.make_flag(flag.label, prediction=factories.make_prediction(flag.label, top="black", current=False))

    with pytest.raises(CannotUndo):
        actions.undo(manager, uuid4())
    assert Label.objects.get().verdict == Label.Verdict.FIXED
