"""Looking closely in a real browser: zoom, overlays that are broken, examples, the list of values."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import Page

from catalog_audit.audits.models import Prediction
from catalog_audit.catalog.models import Label, Product
from tests.e2e.conftest import Visitor


def open_first(visitor: Visitor) -> None:
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")


def wait_for_scale(visitor: Visitor, condition: str) -> None:
    visitor.page.wait_for_function(
        "condition => { const node = document.querySelector('[data-canvas]');"
        " const scale = node.getBoundingClientRect().width / node.offsetWidth;"
        " return condition === 'larger' ? scale > 1.05 : Math.abs(scale - 1) < 0.01; }",
        arg=condition,
    )


def test_keys_wheel_and_double_click_enlarge_and_the_next_flag_is_whole_again(visit, manager, flags):
    visitor = visit()
    open_first(visitor)
    page = visitor.page
    stage = page.locator("[data-stage]")
    page.wait_for_function("() => document.querySelector('[data-stage]').dataset.zoomable")

    page.keyboard.press("+")
    wait_for_scale(visitor, "larger")
    page.keyboard.press("0")
    wait_for_scale(visitor, "whole")
    stage.hover()
    page.mouse.wheel(0, -300)
    wait_for_scale(visitor, "larger")
    stage.dblclick()
    wait_for_scale(visitor, "whole")
    stage.dblclick()
    wait_for_scale(visitor, "larger")

    visitor.press("j")
    wait_for_scale(visitor, "whole")


def pinch(page: Page, x: float, y: float, slope: float) -> None:
    """Two fingers move apart around a point, along a line of that slope."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, reach: float | None = None) -> None:
        ends = () if reach is None else (-reach, reach)
        points = [{"x": x + end, "y": y + slope * end, "id": number} for number, end in enumerate(ends)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30)
    for reach in range(36, 100, 6):
        touch("touchMove", reach)
    touch("touchEnd")
    session.detach()


@pytest.mark.parametrize("slope", [0.1, 1.2])
def test_two_fingers_enlarge_the_picture_and_not_the_page(visit, manager, flags, slope):
    visitor = visit(has_touch=True, is_mobile=True)
    open_first(visitor)
    page = visitor.page
    page.wait_for_function("() => document.querySelector('[data-stage]').dataset.zoomable")
    box = page.locator("[data-stage]").bounding_box()
    scale = "window.visualViewport.scale"

    pinch(page, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, slope)

    wait_for_scale(visitor, "larger")
    assert page.evaluate(scale) == pytest.approx(1, abs=0.01)
    assert visitor.shown_flag() == flags[0].pk
    # The same two fingers beside the picture do enlarge the page.
    title = page.locator("#flag-title").bounding_box()
    pinch(page, title["x"] + 120, title["y"] + 130, slope)
    page.wait_for_function(f"() => {scale} > 1.2")


def test_an_enlarged_picture_is_moved_by_keys_and_by_dragging(visit, manager, flags):
    visitor = visit()
    open_first(visitor)
    page = visitor.page
    page.wait_for_function("() => document.querySelector('[data-stage]').dataset.zoomable")
    left = "() => document.querySelector('[data-canvas]').getBoundingClientRect().left"
    page.locator("[data-stage]").dblclick()
    wait_for_scale(visitor, "larger")

    before = page.evaluate(left)
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function(f"before => ({left})() < before - 20", arg=before)
    moved = page.evaluate(left)
    box = page.locator("[data-stage]").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 200, steps=4)
    page.mouse.up()
    page.wait_for_function(f"moved => ({left})() > moved + 20", arg=moved)
    assert visitor.shown_flag() == flags[0].pk


def test_the_strength_of_an_overlay_goes_by_keys(visit, manager, flags):
    visitor = visit()
    open_first(visitor)
    attention = visitor.page.locator("[data-layer=attention]")
    visitor.page.keyboard.press("t")
    for key in ("[", "[", "]"):
        visitor.page.keyboard.press(key)
    assert attention.evaluate("image => getComputedStyle(image).opacity") == "0.7"


def test_an_overlay_that_cannot_be_loaded_says_so(visit, manager, flags):
    for name in Prediction.objects.filter(pk=flags[0].prediction_id).values_list("mask", flat=True):
        (settings.OVERLAYS_DIR / name).unlink()
    visitor = visit()
    visitor.expect_errors("404")
    open_first(visitor)
    visitor.page.get_by_text("Cannot be loaded: Only the garment.").wait_for()
    assert visitor.page.locator("[data-overlay=garment]").is_disabled()
    visitor.page.keyboard.press("m")
    visitor.page.get_by_text("This flag has no such overlay.").wait_for()
    assert visitor.page.locator(".stage-base").evaluate("image => getComputedStyle(image).opacity") == "1"


def test_sisters_come_with_the_flag_and_with_the_next(visit, manager, flags):
    Product.objects.filter(pk__in=[flag.product_id for flag in flags[:3]]).update(group="D-1")
    visitor = visit()
    open_first(visitor)
    sisters = visitor.page.locator(".siblings li")
    sisters.nth(1).wait_for()
    assert sisters.nth(0).get_attribute("title") == "Dress 1"
    visitor.press("j")
    visitor.page.locator(".siblings li[title='Dress 0']").wait_for()


def test_evidence_that_cannot_be_had_is_offered_again_and_keeps_nobody_from_deciding(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors("503")
    visitor.page.route("**/evidence/", lambda route: route.fulfill(status=503))
    open_first(visitor)
    again = visitor.page.get_by_role("button", name="Try again")
    again.wait_for()
    visitor.page.unroute("**/evidence/")
    again.click()
    visitor.page.locator("[data-evidence=label]").wait_for()
    visitor.press("a")
    assert visitor.shown_flag() == flags[1].pk


def test_values_are_found_in_both_languages_by_code_and_in_the_wrong_layout(visit, manager, flags):
    visitor = visit()
    open_first(visitor)
    page = visitor.page
    page.keyboard.press("f")
    field = page.get_by_role("combobox")
    for typed, found in (
        ("red", "red"),
        ("красн", "red"),
        ("rhfcysq", "red"),
        ("кув", "red"),
        ("light_bl", "light_blue"),
    ):
        field.fill(typed)
        chosen = page.locator(".value-list [aria-selected=true]")
        assert chosen.get_attribute("data-words").split("|")[2] == found, typed
        assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    field.fill("red")
    visitor.press("Enter")
    visitor.wait_until_sent()
    assert Label.objects.get(product__external_id="P-00").correction.code == "red"


def test_a_second_press_without_a_connection_is_one_decision(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors("ERR_INTERNET_DISCONNECTED|Failed to fetch")
    open_first(visitor)
    visitor.context.set_offline(True)
    visitor.press("a")  # fetched before
    visitor.page.keyboard.press("a")
    visitor.page.get_by_text("the next flag cannot be loaded yet").wait_for()
    visitor.page.keyboard.press("a")
    assert visitor.page.locator("[data-outbox-count]").inner_text() == "2"

    visitor.context.set_offline(False)
    visitor.page.wait_for_selector(f"[data-flag='{flags[2].pk}']")
    visitor.wait_until_sent()
    assert Label.objects.filter(verdict="accepted").count() == 2
