"""Reviewing in a real browser."""

from __future__ import annotations

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review.models import Decision
from tests.e2e.conftest import Visitor


def labels() -> dict[str, tuple[str, str]]:
    """Product -> verdict and correction."""
    rows = Label.objects.values_list("product__external_id", "verdict", "correction__code")
    return {external_id: (verdict, correction or "") for external_id, verdict, correction in rows}


def choose(visitor: Visitor, typed: str) -> None:
    """Take a value from the list of all values, by keyboard."""
    visitor.page.keyboard.press("f")
    visitor.page.locator("dialog.values[open] input").wait_for()
    visitor.page.keyboard.type(typed)
    visitor.press("Enter")


def test_ten_flags_by_keyboard_one_undone_and_all_kept_after_a_reload(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.page.click("main a.button.primary")
    visitor.page.wait_for_load_state("networkidle")

    assert visitor.shown_flag() == flags[0].pk
    for key in ("Enter", "a", "1", "Enter"):
        visitor.press(key)
    choose(visitor, "red")
    choose(visitor, "зел")
    for key in ("a", "s", "2", "Enter"):
        visitor.press(key)
    assert visitor.shown_flag() == flags[10].pk

    visitor.press("u")
    visitor.wait_until_sent()
    assert visitor.shown_flag() == flags[9].pk

    visitor.page.reload()
    visitor.page.wait_for_load_state("networkidle")
    assert visitor.shown_flag() == flags[9].pk
    assert visitor.page.locator("[data-waiting]").inner_text() == "4"
    assert labels() == {
        "P-00": ("fixed", "black"),
        "P-01": ("accepted", ""),
        "P-02": ("fixed", "grey"),
        "P-03": ("fixed", "black"),
        "P-04": ("fixed", "red"),
        "P-05": ("fixed", "green"),
        "P-06": ("accepted", ""),
        "P-07": ("", ""),
        "P-08": ("fixed", "brown"),
        "P-09": ("", ""),
        "P-10": ("", ""),
        "P-11": ("", ""),
    }
    assert Decision.objects.count() == 11
    visitor.goto("/flags/?state=accepted")
    assert visitor.page.locator("tbody tr").count() == 2
    visitor.goto("/flags/?state=fixed")
    assert visitor.page.locator("tbody tr").count() == 6


def test_the_end_of_the_queue_can_be_left_by_undo(visit, manager, flags):
    Flag.objects.exclude(pk__in=[flags[0].pk, flags[1].pk]).update(state=Flag.State.CLOSED)
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")

    visitor.press("s")
    assert visitor.shown_flag() == flags[1].pk
    visitor.press("a")
    assert visitor.shown_flag() == flags[0].pk  # the skipped one comes again
    visitor.press("a")
    assert "All flags are decided" in visitor.page.inner_text("main")

    visitor.press("u")
    assert visitor.shown_flag() == flags[0].pk
    visitor.wait_until_sent()
    assert labels()["P-00"] == ("", "")


def test_moving_decides_nothing(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")

    seen = [visitor.shown_flag()]
    for key in ("j", "ArrowRight", "k", "ArrowLeft"):
        visitor.press(key)
        seen.append(visitor.shown_flag())

    assert seen == [flags[i].pk for i in (0, 1, 2, 1, 0)]
    visitor.page.keyboard.press("k")
    visitor.page.get_by_text("This is the first flag of the queue.").wait_for()
    assert not Decision.objects.exists()


def test_the_mouse_does_the_same(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")

    visitor.page.click("[data-suggestion]")
    visitor.page.wait_for_selector(f"[data-flag='{flags[1].pk}']")
    visitor.page.click("[data-action=choose]")
    visitor.page.click("dialog.values [data-words*='red']")
    visitor.page.wait_for_selector(f"[data-flag='{flags[2].pk}']")
    visitor.page.click(".panel-foot [data-action=undo]")
    visitor.page.wait_for_selector(f"[data-flag='{flags[1].pk}']")
    visitor.wait_until_sent()

    assert (labels()["P-00"], labels()["P-01"]) == (("fixed", "black"), ("", ""))


def test_the_browsers_own_back_leads_to_the_flag_before(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")
    visitor.press("Enter")
    visitor.wait_until_sent()

    visitor.page.go_back()

    visitor.page.wait_for_selector(f"[data-flag='{flags[0].pk}']")
    visitor.page.get_by_text("mia changed this label").wait_for()


def test_the_garment_and_the_attention_are_laid_over_the_picture(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")
    page = visitor.page
    assert page.locator(".stage-base").evaluate("image => image.naturalWidth") == 120
    assert not page.locator(".stage-garment").is_visible()

    page.keyboard.press("m")
    assert page.locator(".stage-garment").is_visible()
    assert "/mask/" in page.locator(".stage-garment").evaluate("image => getComputedStyle(image).maskImage")
    attention, label = page.locator("[data-layer=attention]"), page.locator("[data-layer=label]")
    page.keyboard.press("t")
    assert attention.is_visible()
    assert attention.evaluate("image => image.naturalWidth") == 120
    page.locator("[data-strength]").fill("40")
    assert attention.evaluate("image => getComputedStyle(image).opacity") == "0.4"
    page.keyboard.press("n")
    assert label.is_visible()
    assert label.evaluate("image => image.naturalWidth") == 120
    assert not attention.is_visible()  # one of the two at a time

    visitor.press("j")
    assert page.locator(".stage-garment").is_visible()  # stays on for the next flag
    assert label.is_visible()


def test_the_keys_are_explained(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")
    visitor.page.keyboard.press("?")
    assert visitor.page.get_by_text("take the suggested value").is_visible()
    visitor.page.keyboard.press("a")  # a key pressed while the list is open decides nothing
    visitor.page.keyboard.press("Escape")
    assert visitor.shown_flag() == flags[0].pk
    assert not Decision.objects.exists()


def test_of_two_people_the_second_is_told(visit, manager, colleague, flags):
    first, second = visit(), visit()
    second.expect_errors("409")
    for visitor, name in ((first, "mia"), (second, "carl")):
        visitor.sign_in(name)
        visitor.goto(f"/flags/{flags[0].pk}/")  # by its address: a lease keeps it out of the second one's queue alone
    first.press("Enter")
    first.wait_until_sent()

    second.press("a")

    second.page.get_by_text("mia has already changed this label").wait_for()
    second.page.get_by_text("carl (you) wanted: the label is right.").wait_for()
    assert labels()["P-00"] == ("fixed", "black")
