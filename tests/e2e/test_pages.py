"""Every page in a real browser: nothing in its console, nothing wider than the screen."""

from __future__ import annotations

import pytest

from tests import factories

PAGES = [
    "/",
    "/dashboard/",
    "/dashboard/trust/",
    "/flags/",
    "/flags/next/",
    "/audits/",
    "/feeds/",
    "/training/sets/",
    "/words/",
    "/export/",
    "/admin/",
]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(("width", "scheme"), [(1024, "light"), (768, "dark")])
def test_pages_have_no_errors_and_fit(visit, admin, flags, width, scheme, language):
    factories.make_label(factories.make_product(flags[0].shop), "Abyss", None)
    admin.language = language
    admin.save()
    visitor = visit(color_scheme=scheme)
    visitor.page.set_viewport_size({"width": width, "height": 768})
    visitor.sign_in("ada")
    for address in [*PAGES, f"/products/{flags[0].product_id}/"]:
        visitor.goto(address)
        if address == "/admin/":
            continue  # Django's own layout
        overflow = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, address


def test_a_product_list_is_uploaded_with_its_columns_checked(visit, admin, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("sku;Название;Цвет\nA1;Платье;синий\n", encoding="utf-8")
    visitor = visit()
    visitor.sign_in("ada")
    visitor.goto("/feeds/")

    visitor.page.fill("#id_new_shop", "autumn")
    visitor.page.set_input_files("#id_feed", file)
    visitor.page.locator("#map_colour").wait_for()
    assert visitor.page.locator("#map_colour").input_value() == "Цвет"
    visitor.page.select_option("#map_title", "")
    visitor.page.click("form[data-columns] button.primary")

    visitor.page.wait_for_url("**/feeds/*/")
    assert "No worker is running" in visitor.page.inner_text("main")
