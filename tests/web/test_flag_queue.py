"""The list of flags: order, filters in the address, pages."""

from __future__ import annotations

import pytest

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Product
from tests import factories


def titles(response):
    return [flag.product.title for flag in response.context["page"].flags]


@pytest.fixture
def flags(shop):
    rows = [("Coat", 0.9, "black", Flag.State.OPEN), ("Skirt", 0.8, "red", Flag.State.OPEN)]
    rows += [("Top", 0.7, "red", Flag.State.DISPUTED), ("Dress", 0.6, "red", Flag.State.FIXED)]
    return [
        factories.make_flag(factories.make_label(factories.make_product(shop, title=title)), suggested, chance, state)
        for title, chance, suggested, state in rows
    ]


def test_it_shows_product_label_suggestion_and_chance(manager, flag):
    page = manager.get("/flags/").content.decode()
    assert "Summer dress" in page
    assert "97%" in page
    assert f'href="/flags/{flag.pk}/"' in page
    assert f"/pictures/{flag.prediction.picture_id}/small/?v=" in page
    assert page.count('<svg class="swatch"') >= 2


def test_a_brand_can_be_asked_for_where_products_have_one(manager, flags):
    assert 'name="brand"' not in manager.get("/flags/").content.decode()
    Product.objects.filter(title="Skirt").update(brand="Nord")
    response = manager.get("/flags/?brand=Nord")
    assert titles(response) == ["Skirt"]
    assert '<input type="search" name="brand" value="Nord"' in response.content.decode()
    assert "/flags/next/?brand=Nord" in response.content.decode()


def test_it_begins_with_the_flags_that_wait(manager, flags):
    assert titles(manager.get("/flags/")) == ["Coat", "Skirt"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("state=disputed", ["Top"]),
        ("state=fixed", ["Dress"]),
        ("state=closed", ["Coat", "Skirt"]),
        ("state=second", []),
        ("suggested=red", ["Skirt"]),
        ("p_from=0.85", ["Coat"]),
        ("p_to=0.85", ["Skirt"]),
        ("p_from=0&p_to=1", ["Coat", "Skirt"]),
        ("p_from=x", ["Coat", "Skirt"]),
        ("garment_type=dress", []),
        ("reviewer=nobody", []),
        ("run=0", []),
        ("shop=spring", ["Coat", "Skirt"]),
        ("shop=nowhere", []),
        ("attribute=colour&label=navy", ["Coat", "Skirt"]),
    ],
)
def test_filters_stand_in_the_address(manager, flags, parameters, expected):
    assert titles(manager.get(f"/flags/?{parameters}")) == expected


def test_flags_of_one_attribute_need_no_choice_of_attributes(manager, flags):
    page = manager.get("/flags/").content.decode()
    assert 'name="attribute"' not in page
    assert "<th>Attribute</th>" not in page
    assert "<optgroup" not in page


def test_flags_of_several_attributes_can_be_told_apart(manager, shop, flags):
    label = factories.make_label(factories.make_product(shop, title="Striped"), "Plain", "solid", "pattern")
    factories.make_flag(label, "stripe", 0.95)
    page = manager.get("/flags/")
    assert titles(page) == ["Striped", "Coat", "Skirt"]
    for part in (
        '<option value="pattern">Pattern (1)',
        "<th>Attribute</th>",
        "<td>Pattern</td>",
        '<optgroup label="Pattern">',
    ):
        assert part in page.content.decode()
    narrowed = manager.get("/flags/?attribute=pattern")
    assert titles(narrowed) == ["Striped"]
    assert [option.code for option in narrowed.context["filters"].labels] == ["solid"]
    assert f'href="/flags/{label.flags.get().pk}/?attribute=pattern"' in narrowed.content.decode()
    assert titles(manager.get("/flags/?attribute=colour")) == ["Coat", "Skirt"]


def test_a_flag_opened_from_a_filtered_list_keeps_the_filters(manager, flags):
    page = manager.get("/flags/?suggested=red").content.decode()
    assert f'href="/flags/{flags[1].pk}/?suggested=red"' in page


def test_it_goes_on_where_the_page_ended(manager, flags, monkeypatch):
    monkeypatch.setattr("catalog_audit.web.views.flags.PAGE_SIZE", 1)
    first = manager.get("/flags/?shop=spring")
    second = manager.get("/flags/", {"shop": "spring", "after": str(first.context["page"].after)})
    assert (titles(first), titles(second)) == (["Coat"], ["Skirt"])
    assert second.context["page"].after is None


def test_a_broken_place_begins_at_the_top(manager, flags):
    assert titles(manager.get("/flags/?after=nonsense")) == ["Coat", "Skirt"]


def test_an_empty_queue_says_why(manager):
    assert "No label waits for a review" in manager.get("/flags/").content.decode()
    assert "Nothing fits these filters" in manager.get("/flags/?state=fixed").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_flags(manager, shop, django_assert_max_num_queries):
    for _ in range(30):
        factories.make_flag(factories.make_label(factories.make_product(shop)))
    with django_assert_max_num_queries(45):
        manager.get("/flags/")


def numbers(options):
    return {option.code: option.number for option in options}


def test_numbers_stand_beside_the_filters(manager, flags):
    shown = manager.get("/flags/?suggested=red").context["filters"]
    assert numbers(shown.states) == {
        "open": 1, "second": 0, "disputed": 1, "accepted": 0, "fixed": 1, "mine": None,
    }  # fmt: skip
    assert numbers(shown.suggestions) == {"black": 1, "red": 1}
    assert numbers(shown.shops) == {"spring": 1}


def test_a_range_of_probabilities_is_not_counted_beside_the_filters(manager, flags):
    shown = manager.get("/flags/?p_from=0.5").context["filters"]
    assert set(numbers(shown.states).values()) == {None}
    assert set(numbers(shown.suggestions).values()) == {None}


@pytest.mark.parametrize(("who", "offered"), [("manager", False), ("admin", True)])
def test_only_admins_are_offered_what_waits_for_an_admin(who, offered, request, flags):
    page = request.getfixturevalue(who).get("/flags/")
    assert ("settling" in numbers(page.context["filters"].states)) is offered


def test_by_value_groups_are_named(manager, flags):
    page = manager.get("/flags/?order=value").content.decode()
    assert page.count('scope="rowgroup"') == 2


def test_the_slider_stands_where_the_address_says_in_both_languages(manager, flags):
    for language in ("en", "ru"):
        page = manager.get("/flags/?p_from=0.85", headers={"Accept-Language": language}).content.decode()
        assert 'max="0.99" step="0.01" value="0.85"' in page


def test_the_slider_says_what_its_place_means(manager, flags):
    text = manager.get("/flags/effort/?p_from=0.85").content.decode()
    assert "At 85% sure and above:" in text
    assert "1 flag, about 1 minute, about 0 of them mistaken" in text
    assert "Assumed, until 50 decisions have been timed" in text
    assert "until there are 100 verdicts" in text


def test_the_slider_says_so_when_there_is_nothing(manager, flags):
    assert "no flags." in manager.get("/flags/effort/?p_from=0.99").content.decode()


def test_a_flag_leads_to_its_products_history(manager, flag):
    assert f'href="/products/{flag.product_id}/"' in manager.get("/flags/").content.decode()
    assert f'href="/products/{flag.product_id}/"' in manager.get(f"/flags/{flag.pk}/").content.decode()
