"""Two people and an admin in browsers of their own: not sure, second opinion, settling; and the queue's filters."""

from __future__ import annotations

import re

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review.models import Decision


def state_of(flag) -> str:
    return Flag.objects.get(pk=flag.pk).state


def test_one_is_not_sure_the_other_disagrees_and_an_admin_settles(visit, manager, colleague, admin, flags):
    Flag.objects.exclude(pk__in=[flags[0].pk, flags[1].pk]).update(state=Flag.State.CLOSED)
    first = visit()
    first.sign_in("mia")
    first.goto("/flags/next/")
    first.press("d")
    first.wait_until_sent()
    assert first.shown_flag() == flags[1].pk
    assert state_of(flags[0]) == Flag.State.SECOND

    second = visit()
    second.sign_in("carl")
    second.goto("/flags/next/?state=second")
    assert second.shown_flag() == flags[0].pk
    assert "mia" not in second.page.inner_text("main")
    second.press("Enter")
    second.wait_until_sent()
    assert state_of(flags[0]) == Flag.State.SETTLING
    assert Label.objects.get(pk=flags[0].label_id).verdict == ""

    third = visit()
    third.sign_in("ada")
    third.goto("/flags/next/?state=settling")
    said = third.page.locator(".said-list li")
    assert ["mia" in said.nth(0).inner_text(), "carl" in said.nth(1).inner_text()] == [True, True]
    third.press("a")
    third.wait_until_sent()
    assert state_of(flags[0]) == Flag.State.ACCEPTED


def test_two_who_come_to_the_same_need_no_admin(visit, manager, colleague, flags):
    first = visit()
    first.sign_in("mia")
    first.goto("/flags/next/")
    first.press("Shift+D")
    first.wait_until_sent()
    assert Decision.objects.get().new_value.code == "black"

    second = visit()
    second.sign_in("carl")
    second.goto("/flags/next/?state=second")
    second.press("Enter")
    second.wait_until_sent()
    assert state_of(flags[0]) == Flag.State.FIXED


def test_both_are_right_by_key_and_can_be_undone(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")
    visitor.press("b")
    visitor.wait_until_sent()
    assert state_of(flags[0]) == Flag.State.ACCEPTED
    visitor.press("u")
    visitor.wait_until_sent()
    assert state_of(flags[0]) == Flag.State.OPEN


def test_the_slider_speaks_while_it_moves_and_filters_when_it_rests(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/")
    page = visitor.page
    assert page.locator("tbody tr").count() == 12
    page.locator("#sureness").focus()
    page.keyboard.press("End")  # 99%
    page.get_by_text("At 99% sure and above").wait_for()
    assert "1 flag," in page.inner_text("#effort")
    page.wait_for_url(re.compile(r"p_from=0\.99"))
    page.wait_for_load_state("networkidle")
    assert page.locator("tbody tr").count() == 1
    assert page.evaluate("document.activeElement.id") == "sureness"
    page.keyboard.press("Home")
    page.wait_for_url(re.compile(r"/flags/\?state=open$"))
    assert page.locator("tbody tr").count() == 12


def test_a_view_is_saved_and_chosen(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/?state=disputed")
    page = visitor.page
    page.click(".views summary")
    page.fill(".views-card input[name=name]", "To talk about")
    page.keyboard.press("Enter")
    page.locator(".views a[aria-current]").wait_for()
    visitor.goto("/flags/")
    page.click(".views a:has-text('To talk about')")
    page.wait_for_url(re.compile("state=disputed"))
    assert page.locator(".views a[aria-current]").inner_text() == "To talk about"
