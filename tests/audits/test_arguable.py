"""Arguable pairs of a shop, a garment group or everywhere: what they close, what comes back, and what audits do."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from catalog_audit.audits import arguable, exporting, running
from catalog_audit.audits.arguable import AlreadyMarked, Scope
from catalog_audit.audits.models import ArguableRule, Flag, Prediction, SetAside
from catalog_audit.catalog.models import Label, Product
from catalog_audit.review import actions
from tests import factories
from tests.audits.conftest import audit, make_dress, sure_of

DRESS = {"garment_group": "full_body"}


@pytest.fixture
def admin(db):
    return factories.make_admin("ada")


def flagged(shop, suggested="black", code="navy", garment="dress", group="full_body", **fields) -> Flag:
    label = factories.make_label(factories.make_product(shop), code.title(), code)
    kind = factories.value(garment, "garment_type", garment_group=group)
    return factories.make_flag(label, suggested, garment_type=kind, **fields)


def pair(shop=None, group="", one="navy", other="black") -> Scope:
    return Scope.of(factories.value(one), factories.value(other), shop, group)


def states(*flags: Flag) -> list[str]:
    now = Flag.objects.in_bulk([flag.pk for flag in flags])
    return [now[flag.pk].state for flag in flags]


@pytest.fixture
def shops(db):
    return factories.make_shop("spring"), factories.make_shop("autumn")


@pytest.mark.parametrize(
    ("in_shop", "group", "closed"),
    [(False, "", [True, True, True]), (True, "", [True, False, True]), (True, "top", [False, False, True])],
    ids=["everywhere", "a shop", "a garment group of a shop"],
)
def test_a_mark_closes_the_flags_of_its_scope_both_ways_round(shops, admin, in_shop, group, closed):
    spring, autumn = shops
    flags = [
        flagged(spring),
        flagged(autumn, suggested="navy", code="black"),
        flagged(spring, garment="shirt", group="top"),
    ]
    other = flagged(spring, suggested="red")
    scope = pair(spring if in_shop else None, group)

    assert arguable.preview(scope).total == sum(closed)
    rule = arguable.mark(scope, admin)

    assert [state == Flag.State.CLOSED for state in states(*flags)] == closed
    assert states(other) == [Flag.State.OPEN]
    assert rule.set_aside.count() == sum(closed)
    assert arguable.preview(scope).total == 0


def test_the_preview_says_where_and_in_which_state(shops, admin):
    spring, autumn = shops
    waits = [flagged(spring, p_wrong=0.7), flagged(spring, p_wrong=0.9), flagged(autumn, state="disputed")]
    flagged(autumn, state="accepted")
    found = arguable.preview(pair(), shown=2)

    assert found.by_shop == {spring.pk: 2, autumn.pk: 1}
    assert found.by_state == {"open": 2, "disputed": 1}
    assert found.flags == [waits[2], waits[1]]


def test_taking_back_brings_every_flag_back_as_it_was(shops, admin):
    spring, _ = shops
    flags = [flagged(spring), flagged(spring, state="disputed"), flagged(spring)]
    actions.dispute(flags[2], factories.make_manager(), uuid4())
    before = list(Flag.objects.order_by("pk").values())

    rule = arguable.mark(pair(), admin)
    assert states(*flags) == [Flag.State.CLOSED] * 3
    assert arguable.take_back(rule, admin) == 3

    assert list(Flag.objects.order_by("pk").values()) == before
    rule.refresh_from_db()
    assert (rule.made_by, rule.ended_by) == (admin, admin)
    assert rule.ended_at is not None


def test_taking_back_twice_changes_nothing(shops, admin):
    rule = arguable.mark(pair(), admin)
    arguable.take_back(rule, admin)
    ended = ArguableRule.objects.get().ended_at
    assert arguable.take_back(rule, admin) == 0
    assert ArguableRule.objects.get().ended_at == ended


def test_what_was_decided_or_relabelled_meanwhile_does_not_come_back(shops, admin):
    spring, _ = shops
    decided, relabelled, asked, plain = (flagged(spring) for _ in range(4))
    rule = arguable.mark(pair(), admin)
    factories.decide(decided.label, admin)
    Label.objects.filter(pk=relabelled.label_id).update(value=factories.value("red"))
    again = factories.make_flag(asked.label, "red", prediction=asked.prediction)

    assert arguable.take_back(rule, admin) == 1
    assert states(decided, relabelled, asked, plain, again) == ["closed", "closed", "closed", "open", "open"]
    assert list(SetAside.objects.order_by("flag").values_list("returned", flat=True)) == [False, False, False, True]


def test_a_flag_that_a_wider_mark_covers_too_waits_for_that_one(shops, admin):
    spring, _ = shops
    flag = flagged(spring)
    narrow = arguable.mark(pair(spring), admin)
    wide = arguable.mark(pair(), admin)

    assert arguable.take_back(narrow, admin) == 0
    assert states(flag) == [Flag.State.CLOSED]
    assert arguable.take_back(wide, admin) == 1
    assert states(flag) == [Flag.State.OPEN]


def test_the_same_mark_twice_is_refused_and_may_be_made_again_later(shops, admin):
    spring, _ = shops
    for shop in (None, spring):
        rule = arguable.mark(pair(shop), admin)
        with pytest.raises(AlreadyMarked):
            arguable.mark(pair(shop, one="black", other="navy"), admin)
        arguable.take_back(rule, admin)
        arguable.mark(pair(shop), admin)


def test_only_admins_mark_and_take_back(shops, admin):
    manager = factories.make_manager()
    with pytest.raises(PermissionDenied):
        arguable.mark(pair(), manager)
    rule = arguable.mark(pair(), admin)
    with pytest.raises(PermissionDenied):
        arguable.take_back(rule, manager)
    assert ArguableRule.objects.get().ended_at is None


@pytest.mark.parametrize("other", ["navy", "dress"])
def test_a_value_makes_no_pair_with_itself_or_with_a_value_of_another_attribute(db, other):
    with pytest.raises(ValueError, match="are no pair"):
        Scope.of(factories.value("navy"), factories.value(other, "garment_type" if other == "dress" else "colour"))


def test_check_items_and_samples_stay(shops, admin):
    spring, _ = shops
    flags = [flagged(spring, kind=kind) for kind in (Flag.Kind.CHECK, Flag.Kind.SAMPLE)]
    arguable.mark(pair(), admin)
    assert states(*flags) == ["open", "open"]


# --- audits -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def dress(boutique, networks) -> Product:
    factories.value("dress", "garment_type", **DRESS)
    dress = make_dress(boutique, "A")
    networks.sees[dress.pk] = sure_of("red")
    return dress


@pytest.fixture
def rule(admin, dress) -> ArguableRule:
    return arguable.mark(pair(other="red"), admin)


def test_an_audit_raises_no_flag_about_a_marked_pair(boutique, dress, rule):
    run = audit(boutique)

    assert not Flag.objects.filter(state__in=Flag.UNDECIDED).exists()
    assert running.flags_raised(run) == run.job.result["flags"] == 0
    rows = [row for row in exporting.audit_rows(boutique) if row.attribute == "colour"]
    assert [row.state for row in rows] == ["ok"]


def test_other_errors_of_such_a_label_are_still_found(boutique, dress, rule, networks):
    networks.sees[dress.pk] = sure_of("blue")
    assert running.flags_raised(audit(boutique)) == 1


def test_a_flag_that_was_never_asked_comes_with_the_mark_taken_back_and_no_picture_is_looked_at(
    boutique, dress, rule, admin, networks
):
    audit(boutique)
    networks.looked.clear()
    assert arguable.take_back(rule, admin) == 1

    flag = Flag.objects.get()
    assert (flag.state, flag.suggested.code) == (Flag.State.OPEN, "red")
    assert Prediction.objects.get().attention
    audit(boutique)
    assert networks.looked == []


def test_an_answer_of_a_newer_audit_comes_back_instead_of_the_older(boutique, dress, rule, admin, networks):
    audit(boutique)
    dress.pictures.update(sha256="e" * 64)
    audit(boutique)
    older, newer = Flag.objects.order_by("pk")

    assert arguable.take_back(rule, admin) == 1
    assert states(older, newer) == [Flag.State.CLOSED, Flag.State.OPEN]


def test_a_mark_made_while_an_audit_stores_is_followed_at_its_end(boutique, dress, admin, monkeypatch):
    """The audit reads the rules before the mark is there, and stores its flag after."""
    raise_flags = arguable.raise_flags

    def blind(flags):
        kept = raise_flags(flags)
        rule = ArguableRule(
            low=pair(other="red").low, high=pair(other="red").high, attribute=factories.attribute(), made_by=admin
        )
        rule.save()
        return kept

    monkeypatch.setattr(arguable, "raise_flags", blind)
    audit(boutique)
    assert Flag.objects.get().state == Flag.State.CLOSED
    assert SetAside.objects.get().before == Flag.State.OPEN


def test_a_mark_taken_back_while_an_audit_stores_is_followed_at_its_end(boutique, dress, rule, admin, monkeypatch):
    raise_flags = arguable.raise_flags

    def late(flags):
        kept = raise_flags(flags)
        ArguableRule.objects.update(ended_at=rule.made_at)
        return kept

    monkeypatch.setattr(arguable, "raise_flags", late)
    audit(boutique)
    assert Flag.objects.get().state == Flag.State.OPEN
