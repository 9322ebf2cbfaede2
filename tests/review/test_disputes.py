"""Who is not sure hands the flag to a second person, and where the two do not agree an admin settles it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from catalog_audit.audits.models import ArguablePair, Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review import actions
from catalog_audit.review.disputing import standing, visible_verdicts
from catalog_audit.review.errors import AdminSettles, CannotUndo, ForeignValue, SecondPersonNeeded
from catalog_audit.review.queue import Queue, Selection
from tests import factories


def state_of(flag) -> str:
    return Flag.objects.get(pk=flag.pk).state


def shown(user, **selection) -> list[Flag]:
    return Queue(user, Selection(**selection)).page(None, 50).flags


def test_a_dispute_changes_no_label_and_asks_somebody_else(flag, manager, colleague):
    decision = actions.dispute(flag, manager, uuid4(), factories.value("black")).decision

    assert state_of(flag) == Flag.State.SECOND
    assert (decision.new_value.code, decision.before, decision.after) == ("black", "open", "second")
    assert Label.objects.get().verdict == Label.Verdict.NONE
    assert shown(manager) == []
    assert shown(colleague) == [flag]


def test_the_second_person_does_not_see_what_the_first_said(flag, manager, colleague, admin):
    actions.dispute(flag, manager, uuid4(), factories.value("black"))
    flag.refresh_from_db()

    assert visible_verdicts(flag, colleague) == visible_verdicts(flag, admin) == []
    assert [one.user for one in visible_verdicts(flag, manager)] == [manager]


@pytest.mark.parametrize(("code", "state"), [("black", Flag.State.FIXED), ("navy", Flag.State.ACCEPTED)])
def test_a_second_person_who_agrees_settles_it(flag, manager, colleague, code, state):
    actions.dispute(flag, manager, uuid4(), factories.value(code))
    actions.fix(flag, factories.value(code), colleague, uuid4())

    label = Label.objects.get()
    assert state_of(flag) == state
    assert (label.verdict, label.current.code, label.decided_by) == (state, code, colleague)


def test_two_who_lean_to_the_same_settle_it(flag, manager, colleague):
    for person in (manager, colleague):
        actions.dispute(flag, person, uuid4(), factories.value("black"))

    assert state_of(flag) == Flag.State.FIXED
    assert Label.objects.get().correction.code == "black"


@pytest.mark.parametrize("lean", [None, "red"])
def test_a_second_person_who_does_not_agree_leaves_it_to_an_admin(flag, manager, colleague, admin, lean):
    actions.dispute(flag, manager, uuid4(), factories.value(lean) if lean else None)
    actions.fix(flag, factories.value("black"), colleague, uuid4())
    flag.refresh_from_db()

    assert flag.state == Flag.State.SETTLING
    assert Label.objects.get().verdict == Label.Verdict.NONE
    third = factories.make_manager("third")
    assert shown(third) == shown(third, state="settling") == []
    assert shown(admin, state="settling") == [flag]
    assert [one.user for one in visible_verdicts(flag, admin)] == [manager, colleague]
    with pytest.raises(AdminSettles):
        actions.accept(flag, third, uuid4())
    actions.accept(flag, admin, uuid4())
    assert state_of(flag) == Flag.State.ACCEPTED
    assert Label.objects.get().decided_by == admin


def test_an_admin_settles_it_as_the_second_person_too(flag, manager, admin):
    actions.dispute(flag, manager, uuid4(), factories.value("red"))
    actions.fix(flag, factories.value("black"), admin, uuid4())

    flag.refresh_from_db()
    assert flag.state == Flag.State.FIXED
    assert standing(flag).user == admin


@pytest.mark.parametrize("who", ["manager", "admin"])
def test_nobody_is_their_own_second_person(flag, who, request):
    person = request.getfixturevalue(who)
    actions.dispute(flag, person, uuid4())

    with pytest.raises(SecondPersonNeeded):
        actions.accept(flag, person, uuid4())
    assert state_of(flag) == Flag.State.SECOND


def test_undo_goes_back_step_by_step(flag, manager, colleague, admin):
    actions.dispute(flag, manager, uuid4(), factories.value("red"))
    actions.fix(flag, factories.value("black"), colleague, uuid4())
    actions.both(flag, admin, uuid4())
    states = []
    for person in (admin, colleague, manager):
        actions.undo(person, uuid4())
        states.append(state_of(flag))

    assert states == [Flag.State.SETTLING, Flag.State.SECOND, Flag.State.OPEN]
    assert Label.objects.get().verdict == Label.Verdict.NONE
    assert not ArguablePair.objects.exists()
    assert Flag.objects.get().decided_by is None


def test_a_first_verdict_stays_once_somebody_has_built_on_it(flag, manager, colleague):
    actions.dispute(flag, manager, uuid4())
    actions.accept(flag, colleague, uuid4())

    with pytest.raises(CannotUndo):
        actions.undo(manager, uuid4())


def test_after_an_undone_dispute_the_same_person_may_decide(flag, manager):
    actions.dispute(flag, manager, uuid4())
    actions.undo(manager, uuid4())
    actions.accept(flag, manager, uuid4())

    assert state_of(flag) == Flag.State.ACCEPTED


def test_nobody_leans_to_a_value_of_another_attribute(flag, manager):
    with pytest.raises(ForeignValue):
        actions.dispute(flag, manager, uuid4(), factories.value("dress", "garment_type"))


def test_both_keeps_the_label_and_remembers_the_pair(flag, manager):
    actions.both(flag, manager, uuid4())

    pair = ArguablePair.objects.get()
    assert state_of(flag) == Flag.State.ACCEPTED
    assert Label.objects.get().verdict == Label.Verdict.ACCEPTED
    assert {pair.low.code, pair.high.code} == {"navy", "black"}


def test_undoing_both_forgets_the_pair(flag, manager):
    actions.both(flag, manager, uuid4())
    actions.undo(manager, uuid4())

    assert not ArguablePair.objects.exists()
    assert state_of(flag) == Flag.State.OPEN
