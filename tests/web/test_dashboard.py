"""The dashboard says how good flags and verdicts are; Trust is where admins say how much is checked."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.core.cache import cache

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag, ReviewPolicy
from catalog_audit.review import actions, days, parts
from tests import factories


@pytest.fixture(autouse=True)
def forgotten():
    """No figures are left of another test."""
    cache.clear()
    yield
    cache.clear()


def person(name: str) -> User:
    return User.objects.get(username=name)


def make_flag(shop, **fields):
    return factories.make_flag(factories.make_label(factories.make_product(shop)), **fields)


def settle(shop, user: User, right: int, mistaken: int) -> None:
    black = factories.value("black")
    for _ in range(right):
        actions.fix(make_flag(shop), black, user, uuid4())
    for _ in range(mistaken):
        actions.accept(make_flag(shop), user, uuid4())


def text(client, address="/dashboard/"):
    return client.get(address).content.decode()


def test_it_says_when_precision_will_appear(manager, shop):
    settle(shop, person("mia"), right=2, mistaken=1)
    page = text(manager)
    assert "appears after 20 decisions" in page
    assert "17 more are needed" in page
    assert "<polyline" not in page


def test_it_draws_precision_with_its_interval(manager, shop):
    settle(shop, person("mia"), right=15, mistaken=5)
    page = text(manager)
    assert "between 53% and 89%" in page
    assert re.search(r'<svg class="chart"[^>]* role="img" aria-label="Share of flags that were right', page)
    assert page.count('<polyline class="line"') == 1


def test_figures_are_narrowed_by_the_address(manager, shop):
    other = factories.make_shop("autumn")
    settle(shop, person("mia"), right=2, mistaken=0)
    settle(other, person("mia"), right=0, mistaken=1)
    assert manager.get("/dashboard/").context["figures"].total.right.of == 3
    assert manager.get("/dashboard/?shop=autumn").context["figures"].total.right.of == 1
    assert manager.get("/dashboard/?shop=autumn&attribute=colour&period=day").context["progress"].decided == 1
    assert manager.get("/dashboard/?shop=nobodys&period=century").context["figures"].total.right.of == 3


def test_a_cell_of_the_matrix_leads_to_its_flags(manager, shop):
    make_flag(shop)
    make_flag(shop)
    make_flag(shop, suggested="red")
    page = text(manager, "/dashboard/?shop=spring")
    address = "/flags/?shop=spring&amp;attribute=colour&amp;label=navy&amp;suggested=black"
    words = f"{factories.value('navy')}, suggested {factories.value('black')}: 2"
    assert f'<a href="{address}" aria-label="{words}">2</a>' in page
    assert len(manager.get(address.replace("&amp;", "&")).context["page"].flags) == 2


def test_a_manager_sees_no_other_persons_figures(manager, admin, shop):
    factories.make_manager("carl")
    settle(shop, person("carl"), right=1, mistaken=0)
    settle(shop, person("mia"), right=1, mistaken=0)

    assert [one.name for one in manager.get("/dashboard/").context["team"].reviewers] == ["mia"]
    assert "carl" not in text(manager)
    assert {one.name for one in admin.get("/dashboard/").context["team"].reviewers} == {"ada", "carl", "mia"}


def test_a_part_with_far_more_flags_stands_out(manager, shop):
    for _ in range(20):
        factories.make_flag(factories.make_label(factories.make_product(shop), "Ink"))
        factories.make_label(factories.make_product(shop), "Navy")
    page = text(manager)
    assert "The shop&#x27;s word “Ink”" in page
    assert "certainly no coincidence" in page
    assert "“Navy”" not in page


def test_the_expected_end_follows_from_the_pace(manager, shop):
    settle(shop, person("mia"), right=2, mistaken=0)
    make_flag(shop)
    progress = manager.get("/dashboard/").context["progress"]
    assert (progress.decided, progress.waiting, progress.pace.settled) == (2, 1, 2)
    assert progress.end is not None


def test_figures_are_kept_for_a_minute_and_say_so(manager, shop):
    settle(shop, person("mia"), right=1, mistaken=0)
    first = manager.get("/dashboard/").context["figures"]
    settle(shop, person("mia"), right=1, mistaken=0)
    response = manager.get("/dashboard/")
    assert response.context["figures"].at == first.at
    assert response.context["figures"].total.right.of == 1
    assert "counted anew every minute" in response.content.decode()


def test_the_number_of_queries_does_not_grow(admin, shop, django_assert_max_num_queries):
    for name in ("mia", "carl", "dora"):
        settle(factories.make_shop(), factories.make_manager(name), right=1, mistaken=1)
        make_flag(shop, suggested=f"colour-{name}")
    days.refresh(at_once=True)
    parts.refresh(at_once=True)
    with django_assert_max_num_queries(36):
        admin.get("/dashboard/")


def test_it_is_the_same_page_in_russian(manager, shop):
    settle(shop, person("mia"), right=15, mistaken=6)
    User.objects.filter(username="mia").update(language="ru")
    page = text(manager)
    assert "Как часто сомнения верны" in page
    coordinates = re.findall(r' (?:cx|y1|points|width)="([\d., ]+)"', page)
    assert coordinates
    assert not [one for one in coordinates if re.fullmatch(r"\d+,\d", one)]


def test_an_admin_sets_the_policy_in_percent_and_minutes(admin):
    response = admin.post("/dashboard/trust/", {"checks": "5", "samples": "2.5", "lease": "10"})
    assert response.headers["Location"] == "/dashboard/trust/"
    policy = ReviewPolicy.current()
    assert (policy.check_share, policy.sample_share, policy.lease_minutes) == (0.05, 0.025, 10)
    assert 'value="2.5"' in text(admin, "/dashboard/trust/")


def test_shares_beyond_a_fifth_are_refused(admin):
    response = admin.post("/dashboard/trust/", {"checks": "21", "samples": "0", "lease": "5"})
    assert response.status_code == 400
    assert "20" in response.content.decode()
    assert not ReviewPolicy.objects.filter(check_share__gt=0.2).exists()


def test_check_items_are_made_of_settled_flags(admin, shop):
    settle(shop, person("ada"), right=0, mistaken=3)
    page = admin.post("/dashboard/trust/checks/", {"shop": "spring", "count": "2"}, follow=True).content.decode()
    assert "2 check items made" in page
    assert Flag.objects.filter(kind=Flag.Kind.CHECK, shop=shop, state=Flag.State.OPEN).count() == 2


def test_it_says_why_no_check_item_could_be_made(admin, manager, shop):
    settle(shop, person("mia"), right=0, mistaken=1)
    page = admin.post("/dashboard/trust/checks/", {"shop": "spring", "count": "2"}, follow=True).content.decode()
    assert "No check item could be made" in page


def test_the_first_page_says_what_was_done_today(manager, shop):
    settle(shop, person("mia"), right=3, mistaken=1)
    response = manager.get("/")
    today = response.context["today"]
    assert (today.verdicts, today.own, today.people, today.right.value) == (4, 4, 1, 0.75)
    assert 'href="/dashboard/"' in response.content.decode()
