"""Many flags in one go: the same for all of them, each stored or refused for itself, at a constant price."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog_audit.audits.models import ArguablePair, Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review import actions
from catalog_audit.review.errors import BatchTooLarge, FlagAlreadyDecided, LabelChanged, NothingToUndo, TokenReused
from catalog_audit.review.models import Decision
from tests import factories


@pytest.fixture
def shop(db):
    return factories.make_shop()


def make_flags(shop, number, **fields):
    return [factories.make_flag(factories.make_label(factories.make_product(shop)), **fields) for _ in range(number)]


def states(flags) -> list[str]:
    return [Flag.objects.get(pk=flag.pk).state for flag in flags]


def test_each_flag_gets_its_own_suggestion(shop, manager):
    black, red = make_flags(shop, 1) + make_flags(shop, 1, suggested="red")
    batch = uuid4()

    done = actions.decide_many([black, red], actions.SUGGESTION, manager, batch)

    assert [one.new_value.code for one in done.stored] == ["black", "red"]
    assert {one.batch for one in Decision.objects.all()} == {batch}
    assert [Label.objects.get(flags=flag).correction.code for flag in (black, red)] == ["black", "red"]


@pytest.mark.parametrize(
    ("choice", "state"),
    [("accept", Flag.State.ACCEPTED), ("both", Flag.State.ACCEPTED), ("skip", Flag.State.OPEN), ("red", "fixed")],
)
def test_one_choice_for_all(shop, manager, choice, state):
    flags = make_flags(shop, 3)

    actions.decide_many(flags, factories.value("red") if choice == "red" else choice, manager, uuid4())

    assert states(flags) == [state] * 3
    assert ArguablePair.objects.count() == (3 if choice == "both" else 0)


def test_what_is_refused_does_not_hinder_the_rest(shop, manager, colleague):
    decided, changed, good = make_flags(shop, 3)
    actions.accept(decided, colleague, uuid4())
    Label.objects.filter(pk=changed.label_id).update(raw="Red", value=factories.value("red"))

    done = actions.decide_many([decided, changed, good, 999_999], "suggestion", manager, uuid4())

    assert [one.flag_id for one in done.stored] == [good.pk]
    assert isinstance(done.refused[decided.pk], FlagAlreadyDecided)
    assert done.refused[decided.pk].decision.user == colleague
    assert isinstance(done.refused[changed.pk], LabelChanged)
    assert isinstance(done.refused[999_999], FlagAlreadyDecided)
    assert states([decided, changed, good]) == ["accepted", "open", "fixed"]


def test_the_same_batch_twice_is_stored_once(shop, manager, colleague):
    flags, batch = make_flags(shop, 2), uuid4()

    first = actions.decide_many(flags, "accept", manager, batch)
    second = actions.decide_many([*flags, make_flags(shop, 1)[0]], "accept", manager, batch)

    assert (first.repeated, second.repeated) == (False, True)
    assert [one.pk for one in first.stored] == [one.pk for one in second.stored]
    assert [error.code for error in second.refused.values()] == ["not_in_batch"]
    with pytest.raises(TokenReused):
        actions.decide_many(flags, "accept", colleague, batch)


def test_an_undone_batch_that_is_sent_again_is_not_stored_again(shop, manager):
    flags, batch = make_flags(shop, 2), uuid4()
    actions.decide_many(flags, "accept", manager, batch)
    actions.undo_batch(manager, uuid4(), batch)

    assert actions.decide_many(flags, "accept", manager, batch).repeated
    assert states(flags) == ["open", "open"]


def test_a_batch_is_taken_back_in_one_go(shop, manager):
    flags, batch, token = make_flags(shop, 3), uuid4(), uuid4()
    actions.decide_many(flags, "both", manager, batch)

    first = actions.undo_batch(manager, token, batch)
    second = actions.undo_batch(manager, token, batch)

    assert (len(first.stored), first.refused, second.repeated) == (3, {}, True)
    assert states(flags) == ["open"] * 3
    assert set(Label.objects.values_list("verdict", "decided_by")) == {("", None)}
    assert not ArguablePair.objects.exists()
    with pytest.raises(NothingToUndo):
        actions.undo_batch(manager, uuid4(), batch)


def test_the_last_act_is_taken_back_as_a_whole(shop, manager):
    before, *flags = make_flags(shop, 4)
    actions.accept(before, manager, uuid4())
    actions.decide_many(flags, "suggestion", manager, uuid4())

    undone = actions.undo(manager, uuid4())

    assert (undone.number, undone.refused) == (3, 0)
    assert states([before, *flags]) == ["accepted", "open", "open", "open"]
    assert actions.undo(manager, uuid4()).number == 1
    assert states([before, *flags]) == ["open"] * 4


def test_the_same_undo_twice_takes_back_one_batch(shop, manager):
    first, second, token = make_flags(shop, 2), make_flags(shop, 2), uuid4()
    actions.decide_many(first, "accept", manager, uuid4())
    actions.decide_many(second, "accept", manager, uuid4())

    undone = [actions.undo(manager, token) for _ in range(2)]

    assert [(one.number, one.repeated) for one in undone] == [(2, False), (2, True)]
    assert states([*first, *second]) == ["accepted", "accepted", "open", "open"]


def test_what_cannot_be_taken_back_is_told(shop, manager):
    stays, goes = make_flags(shop, 2)
    batch = uuid4()
    actions.decide_many([stays, goes], "suggestion", manager, batch)
    Label.objects.filter(pk=stays.label_id).update(raw="Red", value=factories.value("red"), verdict="")

    done = actions.undo_batch(manager, uuid4(), batch)

    assert [error.code for error in done.refused.values()] == ["cannot_undo"]
    assert list(done.refused) == [stays.pk]
    assert states([stays, goes]) == ["fixed", "open"]


def test_others_cannot_take_a_batch_back(shop, manager, colleague):
    flags, batch = make_flags(shop, 2), uuid4()
    actions.decide_many(flags, "accept", manager, batch)

    done = actions.undo_batch(colleague, uuid4(), batch)

    assert {error.code for error in done.refused.values()} == {"not_yours"}
    assert states(flags) == ["accepted"] * 2


def test_the_number_of_queries_does_not_grow(shop, manager):
    def queries(number):
        flags, batch = make_flags(shop, number), uuid4()
        with CaptureQueriesContext(connection) as deciding:
            actions.decide_many(flags, "suggestion", manager, batch)
        with CaptureQueriesContext(connection) as undoing:
            actions.undo_batch(manager, uuid4(), batch)
        return len(deciding), len(undoing)

    queries(1)  # the person's role is looked up once
    assert queries(2) == queries(20)


def test_there_is_a_limit(shop, manager):
    with pytest.raises(BatchTooLarge):
        actions.decide_many(range(1, 102), "accept", manager, uuid4())
