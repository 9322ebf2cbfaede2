"""A product's page: its labels, and everything that happened to them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.feeds.models import FeedImport, RowResult
from catalog_audit.registry.models import ModelVersion
from catalog_audit.review import actions
from catalog_audit.review.mixing import make_checks
from tests import factories


def page_of(client, flag):
    response = client.get(f"/products/{flag.product_id}/")
    assert response.status_code == 200
    return response


def kinds(response) -> list[str]:
    return [event.kind for event in response.context["history"].events]


def said(response) -> list[tuple[str, str]]:
    """Who said what, oldest first."""
    events = reversed(response.context["history"].events)
    return [(one.decision.user.username, one.decision.verdict) for one in events if one.kind == "verdict"]


@pytest.fixture
def carl(db) -> User:
    return factories.make_manager("carl")


def test_it_shows_pictures_labels_and_predictions_with_their_models(manager, flag):
    flag.prediction.classifier = ModelVersion.objects.create(
        kind="classification", version="0123456789ab", path="shipped:x"
    )
    flag.prediction.save()
    response = page_of(manager, flag)
    page = response.content.decode()

    for part in ("Summer dress", "P-1", "“Navy”", "0123456789ab", "97% likely wrong"):
        assert part in page
    assert f"/pictures/{flag.prediction.picture_id}/?v=" in page
    assert kinds(response) == ["prediction"]


def test_verdicts_stand_with_names_newest_first_and_taken_back_ones_too(manager, flag, carl):
    mia = User.objects.get(username="mia")
    actions.accept(flag, mia, uuid4())
    actions.undo(mia, uuid4())
    actions.fix(flag, factories.value("black"), carl, uuid4())
    response = page_of(manager, flag)

    assert said(response) == [("mia", "accept"), ("mia", "undo"), ("carl", "fix")]
    assert kinds(response)[0] == "verdict"
    assert "taken back later" in response.content.decode()
    (now,) = response.context["history"].labels
    assert (now.value.code, now.decided) == ("black", True)


def test_both_values_of_an_arguable_pair_are_named(manager, flag, carl):
    actions.both(flag, carl, uuid4())
    response = page_of(manager, flag)

    assert sorted(kinds(response)) == ["pair", "prediction", "verdict"]
    assert "From now on both are right" in response.content.decode()


def test_words_that_the_shop_changed_are_shown(manager, flag, shop):
    feed_import = FeedImport.objects.create(job=factories.make_job("import", "spring"), shop=shop, shop_slug="spring")
    RowResult.objects.create(
        feed_import=feed_import, line=2, external_id="P-1", outcome="updated", diff={"colour": ["Blue", "Navy"]}
    )
    RowResult.objects.create(
        feed_import=feed_import, line=3, external_id="P-2", outcome="updated", diff={"colour": ["Red", "Pink"]}
    )
    page = page_of(manager, flag).content.decode()

    assert "“Blue”" in page
    assert "“Pink”" not in page


def test_the_second_person_does_not_learn_the_first_verdict(manager, admin, flag, carl):
    actions.dispute(flag, carl, uuid4(), factories.value("black"))

    assert said(page_of(manager, flag)) == said(page_of(admin, flag)) == []
    assert "carl" not in page_of(manager, flag).content.decode()


def test_what_an_admin_has_to_settle_is_kept_from_others(manager, admin, flag, carl):
    actions.dispute(flag, carl, uuid4())
    actions.accept(flag, factories.make_manager("third"), uuid4())

    assert said(page_of(manager, flag)) == []
    assert said(page_of(admin, flag)) == [("carl", "dispute"), ("third", "accept")]


def test_a_check_item_cannot_be_told_by_its_products_history(manager, admin, flag, shop):
    ada = User.objects.get(username="ada")
    actions.fix(flag, factories.value("black"), ada, uuid4())
    (check,) = make_checks(shop, 1)

    response = page_of(manager, flag)
    assert said(response) == []
    assert [(one.value.code, one.decided) for one in response.context["history"].labels] == [("navy", False)]
    assert said(page_of(admin, flag)) == [("ada", "fix")]
    actions.fix(check, factories.value("black"), User.objects.get(username="mia"), uuid4())
    assert ("ada", "fix") in said(page_of(manager, flag))


def test_others_do_not_see_how_a_check_item_was_answered(manager, flag, shop, carl):
    actions.fix(flag, factories.value("black"), factories.make_admin("ada"), uuid4())
    (check,) = make_checks(shop, 1)
    actions.accept(check, carl, uuid4())

    assert ("carl", "accept") not in said(page_of(manager, flag))


def test_nothing_can_be_changed_there(manager, flag):
    assert manager.post(f"/products/{flag.product_id}/").status_code == 405
    page = page_of(manager, flag).content.decode()
    assert "<input" not in page.split("<main")[1]
    assert "<button" not in page.split("<main")[1]


def test_a_product_that_nothing_happened_to_says_so(manager, shop):
    product = factories.make_product(shop)
    page = manager.get(f"/products/{product.pk}/").content.decode()
    for part in ("no pictures", "no labels", "Nothing yet"):
        assert part in page


def test_an_unknown_product_is_not_found(manager):
    assert manager.get("/products/999/").status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_history(manager, flag, carl, django_assert_max_num_queries):
    for _ in range(10):
        actions.accept(flag, carl, uuid4())
        actions.undo(carl, uuid4())
    Flag.objects.filter(pk=flag.pk).update(state=Flag.State.OPEN)
    Label.objects.update(verdict="")
    with django_assert_max_num_queries(14):
        page_of(manager, flag)
