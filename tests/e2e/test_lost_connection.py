"""A decision is never lost: not with the connection, not with the tab, not with the session."""

from __future__ import annotations

from django.contrib.sessions.models import Session

from catalog_audit.catalog.models import Label
from catalog_audit.review.models import Decision

NETWORK = "ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to fetch"


def verdicts() -> dict[str, str]:
    return dict(Label.objects.exclude(verdict="").values_list("product__external_id", "verdict"))


def open_queue(visitor) -> None:
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")


def test_a_decision_made_offline_is_kept_said_and_sent_later(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors(NETWORK)
    open_queue(visitor)
    visitor.context.set_offline(True)

    visitor.press("a")  # the next flag had been fetched before

    assert visitor.shown_flag() == flags[1].pk
    visitor.page.locator("#outbox").get_by_text("No connection").wait_for()
    assert visitor.page.locator("[data-outbox-count]").inner_text() == "1"
    assert verdicts() == {}

    visitor.context.set_offline(False)
    visitor.wait_until_sent()
    visitor.page.locator("#outbox").wait_for(state="hidden")
    assert verdicts() == {"P-00": "accepted"}


def test_a_closed_tab_loses_nothing(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors(NETWORK)
    open_queue(visitor)
    visitor.context.set_offline(True)
    visitor.press("Enter")
    visitor.page.close()

    visitor.context.set_offline(False)
    visitor.open()
    visitor.goto("/")
    visitor.wait_until_sent()

    assert verdicts() == {"P-00": "fixed"}


def test_an_answer_that_gets_lost_stores_the_decision_once(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors(NETWORK)
    open_queue(visitor)
    lost = visitor.lose_first_answer("**/decide/**")
    visitor.press("a")
    visitor.wait_until_sent()

    assert lost == [200]
    assert Decision.objects.count() == 1


def test_undo_takes_back_a_decision_that_was_not_sent_yet(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors(NETWORK)
    open_queue(visitor)
    visitor.page.route("**/decide/**", lambda route: route.abort())
    visitor.press("a")
    visitor.page.locator("#outbox").get_by_text("No connection").wait_for()

    visitor.page.keyboard.press("u")

    visitor.page.wait_for_selector(f"[data-flag='{flags[0].pk}']")
    visitor.wait_until_sent()
    assert not Decision.objects.exists()


def test_a_session_that_ended_asks_to_sign_in_and_then_sends(visit, manager, flags):
    visitor = visit()
    open_queue(visitor)
    Session.objects.all().delete()

    # Fetching what follows the next flag leads to the sign-in page, where the kept decision waits.
    visitor.page.keyboard.press("a")
    visitor.page.wait_for_url("**/sign-in/**")
    visitor.page.get_by_text("Decisions kept in this browser").wait_for()
    visitor.page.fill("#id_username", "mia")
    visitor.page.fill("#id_password", "correct horse battery staple")
    visitor.page.press("#id_password", "Enter")
    visitor.page.wait_for_url("**/flags/**")
    visitor.wait_until_sent()

    assert verdicts() == {"P-00": "accepted"}


def test_another_person_in_the_same_browser_does_not_send_it(visit, manager, colleague, flags):
    visitor = visit()
    visitor.expect_errors(NETWORK)
    open_queue(visitor)
    visitor.context.set_offline(True)
    visitor.press("a")
    visitor.page.locator("#outbox").get_by_text("No connection").wait_for()
    visitor.page.close()
    visitor.context.clear_cookies()
    visitor.context.set_offline(False)

    visitor.open()
    visitor.sign_in("carl")
    visitor.goto("/flags/next/")
    assert not Decision.objects.exists()

    visitor.context.clear_cookies()
    visitor.sign_in("mia")
    visitor.wait_until_sent()
    assert Decision.objects.get().user == manager
