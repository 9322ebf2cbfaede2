"""The grid in a real browser: one key decides a page of tiles, and one takes it back."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review import actions
from catalog_audit.review.models import Decision
from tests import factories
from tests.e2e.conftest import Visitor, make_flag

KIND = "attribute=colour&label=navy&suggested=black"
NETWORK = "ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to fetch"


@pytest.fixture
def flags(transactional_db, tmp_path: Path) -> list[Flag]:
    """Twenty flags of one kind, in the order of the grid."""
    shop = factories.make_shop("spring")
    return [make_flag(shop, number, tmp_path) for number in range(20)]


def open_grid(visitor: Visitor, name: str = "mia") -> None:
    visitor.sign_in(name)
    visitor.goto(f"/flags/grid/?{KIND}")


def numbers_with(verdict: str) -> list[str]:
    found = Label.objects.filter(verdict=verdict).order_by("product__external_id")
    return [number[2:] for number in found.values_list("product__external_id", flat=True)]


def out(visitor: Visitor) -> list[str]:
    """Titles of the tiles that are taken out."""
    return visitor.page.locator("[data-tile][aria-selected=false]").evaluate_all(
        "tiles => tiles.map(tile => tile.dataset.title)"
    )


def wait_for_tiles(visitor: Visitor, number: int) -> None:
    visitor.page.wait_for_function("number => document.querySelectorAll('[data-tile]').length === number", arg=number)


def test_twenty_flags_by_keyboard_with_two_exceptions_taken_back_and_decided_anew(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/grid/")
    visitor.page.get_by_role("link", name=re.compile("20 flags")).click()
    page = visitor.page
    sentence = page.locator("[data-sentence]")
    black = flags[0].suggested.name_en
    page.get_by_text(f"20 labels become “{black}”.", exact=True).wait_for()  # the page's script has begun

    for key in ("ArrowRight", "Space", "ArrowRight", "ArrowRight", "Space"):
        page.keyboard.press(key)
    assert out(visitor) == ["Dress 1", "Dress 3"]
    assert sentence.inner_text() == f"18 labels become “{black}”, 2 are left."

    page.keyboard.press("Enter")
    page.get_by_text("That was the last page").wait_for()
    visitor.wait_until_sent()
    assert len(numbers_with("fixed")) == 18
    assert numbers_with("") == ["01", "03"]
    assert Decision.objects.values("batch").distinct().count() == 1

    page.keyboard.press("u")
    wait_for_tiles(visitor, 20)
    visitor.wait_until_sent()
    assert numbers_with("fixed") == []
    assert out(visitor) == ["Dress 1", "Dress 3"]  # as the person had left them

    page.keyboard.press("a")
    page.get_by_text("That was the last page").wait_for()
    visitor.wait_until_sent()
    assert len(numbers_with("accepted")) == 18


def test_on_the_flag_page_u_takes_back_the_batch_that_was_decided_last_and_then_the_flag_before_it(
    visit, manager, flags
):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")
    visitor.press("a")
    visitor.wait_until_sent()
    visitor.goto(f"/flags/grid/?{KIND}")
    wait_for_tiles(visitor, 19)
    visitor.page.locator("[data-tile]").nth(18).click()
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_text("That was the last page").wait_for()
    visitor.wait_until_sent()
    visitor.goto("/flags/next/")
    assert visitor.shown_flag() == flags[19].pk

    visitor.press("u")
    visitor.page.get_by_text("The last batch is taken back as a whole: 18 decisions.").wait_for()
    assert visitor.shown_flag() == flags[1].pk
    assert (len(numbers_with("fixed")), numbers_with("accepted")) == (0, ["00"])
    visitor.press("u")
    visitor.wait_until_sent()
    assert visitor.shown_flag() == flags[0].pk
    assert len(numbers_with("")) == 20


def test_in_the_grid_u_takes_back_what_was_decided_on_the_flag_page(visit, manager, flags):
    visitor = visit()
    visitor.sign_in("mia")
    visitor.goto("/flags/next/")
    visitor.press("a")
    visitor.wait_until_sent()
    visitor.goto(f"/flags/grid/?{KIND}")

    visitor.page.keyboard.press("u")

    visitor.page.get_by_text("Dress 0: Undone.").wait_for()
    assert len(numbers_with("")) == 20


def test_ranges_all_and_none_by_mouse_and_keys(visit, manager, flags):
    visitor = visit()
    open_grid(visitor)
    page = visitor.page
    tile = page.locator("[data-tile]")

    tile.nth(2).click()
    tile.nth(4).click(modifiers=["Shift"])
    assert out(visitor) == ["Dress 2", "Dress 3", "Dress 4"]
    tile.nth(3).click()
    assert out(visitor) == ["Dress 2", "Dress 4"]
    page.keyboard.press("Escape")
    assert len(out(visitor)) == 20
    page.keyboard.press("Enter")  # nothing is in, so nothing happens
    page.locator("#toast").get_by_text("All tiles are taken out").wait_for()
    page.keyboard.press("Control+a")
    assert out(visitor) == []
    assert not Decision.objects.exists()


def test_arrows_go_up_and_down_by_rows(visit, manager, flags):
    visitor = visit()
    open_grid(visitor)
    page = visitor.page
    columns = page.locator("[role=row]").first.locator("[role=gridcell]").count()
    assert 4 < columns < 20

    page.keyboard.press("ArrowDown")

    assert page.evaluate("document.activeElement.dataset.title") == f"Dress {columns}"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.title") == "Dress 0"


def test_a_tile_is_looked_at_closely(visit, manager, flags):
    visitor = visit()
    open_grid(visitor)
    page = visitor.page
    page.keyboard.press("ArrowRight")
    page.keyboard.press("z")
    closer = page.locator("#closer")
    closer.locator(".stage-base").wait_for()
    assert closer.locator("h2").inner_text() == "Dress 1"

    page.keyboard.press("t")
    assert closer.locator("[data-layer=attention]").is_visible()
    page.keyboard.press("m")
    assert closer.locator(".stage-garment").is_visible()
    page.keyboard.press("ArrowRight")
    closer.get_by_role("heading", name="Dress 2").wait_for()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")  # decides nothing while somebody looks closely
    page.keyboard.press("z")

    assert not closer.is_visible()
    assert out(visitor) == ["Dress 2"]
    assert page.evaluate("document.activeElement.dataset.title") == "Dress 2"
    assert not Decision.objects.exists()


def test_a_batch_made_without_a_connection_is_kept_and_sent_later(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors(NETWORK)
    open_grid(visitor)
    visitor.context.set_offline(True)
    visitor.page.locator("[data-tile]").nth(5).click()

    visitor.page.keyboard.press("b")

    visitor.page.get_by_text("That was the last page").wait_for()  # it had been fetched before
    visitor.page.locator("#outbox").get_by_text("No connection").wait_for()
    assert visitor.page.locator("[data-outbox-count]").inner_text() == "19"
    assert not Decision.objects.exists()

    visitor.context.set_offline(False)
    visitor.wait_until_sent()
    assert numbers_with("") == ["05"]
    assert set(Decision.objects.values_list("verdict", flat=True)) == {"both"}


def test_a_batch_that_was_not_sent_is_taken_back_without_a_connection(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors(NETWORK)
    open_grid(visitor)
    visitor.page.locator("[data-tile]").nth(5).click()
    visitor.context.set_offline(True)
    visitor.page.keyboard.press("Enter")
    visitor.page.locator("#outbox").get_by_text("No connection").wait_for()

    visitor.page.keyboard.press("u")

    wait_for_tiles(visitor, 20)
    assert out(visitor) == ["Dress 5"]
    visitor.context.set_offline(False)
    visitor.wait_until_sent()
    assert not Decision.objects.exists()


def test_an_answer_that_gets_lost_stores_the_batch_once(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors(NETWORK)
    open_grid(visitor)
    lost = visitor.lose_first_answer("**/decide/**")
    visitor.page.keyboard.press("Enter")
    visitor.wait_until_sent()

    assert lost == [200]
    assert Decision.objects.count() == 20


def test_pages_follow_each_other_and_are_taken_back_one_after_the_other(visit, manager, flags, monkeypatch):
    monkeypatch.setattr("catalog_audit.web.views.grid.PAGE_SIZE", 8)
    visitor = visit()
    open_grid(visitor)
    page = visitor.page
    page.keyboard.press("Enter")
    page.locator("[data-title='Dress 8']").wait_for()
    page.keyboard.press("a")
    page.locator("[data-title='Dress 16']").wait_for()
    visitor.wait_until_sent()
    assert (len(numbers_with("fixed")), len(numbers_with("accepted"))) == (8, 8)

    page.keyboard.press("u")
    page.locator("[data-title='Dress 8']").wait_for()
    page.keyboard.press("u")
    page.locator("[data-title='Dress 0']").wait_for()
    visitor.wait_until_sent()

    assert len(numbers_with("")) == 20


def test_what_somebody_else_has_decided_is_told_with_links(visit, manager, colleague, flags):
    visitor = visit()
    open_grid(visitor)
    actions.accept(flags[4], colleague, uuid4())

    visitor.page.keyboard.press("Enter")

    told = visitor.page.locator("[data-refused]")
    told.get_by_text("1 flag was not changed:").wait_for()
    assert told.get_by_role("link", name="Dress 4").get_attribute("href").startswith(f"/flags/{flags[4].pk}/")
    assert "carl" in told.inner_text()
    assert len(numbers_with("fixed")) == 19


def test_a_tile_whose_picture_cannot_be_shown_is_not_decided(visit, manager, flags):
    visitor = visit()
    visitor.expect_errors("404")
    prediction = flags[2].prediction_id
    visitor.context.route(f"**/overlays/{prediction}/product/**", lambda route: route.fulfill(status=404))
    open_grid(visitor)
    visitor.page.locator("[data-unseen]").wait_for()

    visitor.page.keyboard.press("Control+a")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_text("That was the last page").wait_for()
    visitor.wait_until_sent()

    assert numbers_with("") == ["02"]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (480, "dark")])
def test_pages_have_no_errors_and_fit(visit, manager, flags, width, scheme, language):
    manager.language = language
    manager.save()
    visitor = visit(color_scheme=scheme)
    visitor.page.set_viewport_size({"width": width, "height": 800})
    visitor.sign_in("mia")
    for address in ("/flags/grid/", f"/flags/grid/?{KIND}"):
        visitor.goto(address)
        overflow = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, address
