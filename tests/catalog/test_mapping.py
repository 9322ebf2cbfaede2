"""The dictionary on the database."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.db import IntegrityError

from catalog_audit.catalog import mapping
from catalog_audit.catalog.dictionary import loading
from catalog_audit.catalog.models import Attribute, Label, Shop, Synonym, Value
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return factories.make_shop("boutique")


@pytest.fixture
def colour() -> Attribute:
    return Attribute.objects.get(code="colour")


def _label(shop: Shop, raw: str, code: str | None = None, attribute: str = "colour") -> Label:
    return factories.make_label(factories.make_product(shop), raw, code, attribute)


def _codes(shop: Shop) -> dict[str, str | None]:
    return dict(Label.objects.filter(product__shop=shop).values_list("raw", "value__code"))


def test_migrating_loads_the_dictionary():
    navy = Value.objects.get(attribute__code="colour", code="navy")
    assert (navy.name_en, navy.name_ru, navy.swatch, navy.parent.code) == (
        "Navy blue",
        "Тёмно-синий",
        "#1d2745",
        "blue",
    )
    assert Synonym.objects.filter(shop=None).count() > 2000


def test_loading_again_adds_nothing_and_keeps_what_admins_changed():
    Value.objects.filter(code="navy").update(name_en="Marine", swatch="#000040")
    khaki = Synonym.objects.get(attribute__code="colour", shop=None, word="olive green")
    khaki.value = Value.objects.get(attribute__code="colour", code="green")
    khaki.save()
    assert loading.load() == loading.Added(0, 0, 0)
    assert Value.objects.get(attribute__code="colour", code="navy").name_en == "Marine"
    assert mapping.dictionary().find("colour", "Olive Green") == "green"


def test_loading_adds_what_is_missing():
    Synonym.objects.filter(value__code="teal").delete()
    Value.objects.filter(code="teal").delete()
    added = loading.load()
    assert added.values == 1
    assert added.synonyms > 3
    assert mapping.dictionary().find("colour", "сине-зелёный") == "teal"


def test_the_finder_gives_keys_of_values(shop):
    find = mapping.value_finder(shop)
    assert find("colour", "т.-синий") == Value.objects.get(attribute__code="colour", code="navy").pk
    assert find("colour", "Harvest") is None
    assert find("unknown", "navy") is None


def test_a_shop_that_does_not_exist_yet_has_the_shared_words():
    assert mapping.value_finder(None)("garment_type", "Платье") is not None


def test_mapping_a_word_changes_every_label_of_the_shop_that_has_it(shop, colour):
    for raw in ("Harvest", "HARVEST", "harvest ", "Harvest 001", "Deep Water"):
        _label(shop, raw)
    stranger = _label(factories.make_shop("other"), "Harvest")
    mustard = factories.value("mustard")
    assert mapping.map_word(shop, colour, "Harvest", mustard, factories.make_admin()) == 4
    assert _codes(shop) == {
        "Harvest": "mustard", "HARVEST": "mustard", "harvest ": "mustard", "Harvest 001": "mustard", "Deep Water": None,
    }  # fmt: skip
    stranger.refresh_from_db()
    assert stranger.value is None
    assert mapping.value_finder(shop)("colour", "harvest") == mustard.pk


def test_mapping_a_word_again_gives_it_the_new_meaning(shop, colour):
    _label(shop, "Harvest")
    admin = factories.make_admin()
    mapping.map_word(shop, colour, "Harvest", factories.value("mustard"), admin)
    assert mapping.map_word(shop, colour, "harvest", factories.value("orange"), admin) == 1
    assert mapping.map_word(shop, colour, "harvest", factories.value("orange"), admin) == 0
    assert _codes(shop) == {"Harvest": "orange"}
    assert Synonym.objects.get(shop=shop).created_by == admin


def test_a_word_with_a_number_is_mapped_for_itself(shop, colour):
    _label(shop, "col 12")
    _label(shop, "col 13")
    mapping.map_word(shop, colour, "col 12", factories.value("red"), factories.make_admin())
    assert _codes(shop) == {"col 12": "red", "col 13": None}


@pytest.mark.parametrize("raw", ["-", "♥", "№ 5", "007"])
def test_even_a_sign_or_a_number_can_be_a_word_of_the_shop(shop, colour, raw):
    _label(shop, raw)
    _label(shop, "other")
    mapping.map_word(shop, colour, raw, factories.value("red"), factories.make_admin())
    assert _codes(shop) == {raw: "red", "other": None}


def test_the_shop_may_mean_something_else_by_a_known_word(shop, colour):
    _label(shop, "Khaki", "khaki")
    assert mapping.map_word(shop, colour, "Khaki", factories.value("beige"), factories.make_admin()) == 1
    assert _codes(shop) == {"Khaki": "beige"}


def test_what_people_decided_stays_when_a_word_is_mapped(shop, colour):
    label = factories.decide(_label(shop, "Harvest"), factories.make_manager(), "orange")
    mapping.map_word(shop, colour, "Harvest", factories.value("mustard"), factories.make_admin())
    label.refresh_from_db()
    assert (label.value.code, label.correction.code, label.verdict) == ("mustard", "orange", "fixed")


def test_a_content_manager_may_not_map_words(shop, colour):
    with pytest.raises(PermissionDenied):
        mapping.map_word(shop, colour, "Harvest", factories.value("mustard"), factories.make_manager())
    assert not Synonym.objects.filter(shop=shop).exists()


@pytest.mark.parametrize(("raw", "attribute"), [("  ", "colour"), ("Harvest", "length")])
def test_it_refuses_a_blank_word_and_a_value_of_another_attribute(shop, raw, attribute):
    with pytest.raises(ValueError, match=r"value of|blank"):
        mapping.map_word(shop, factories.attribute(attribute), raw, factories.value("mustard"), factories.make_admin())


def test_unmapped_words_come_with_counts_and_pictures_the_commonest_first(shop, django_assert_max_num_queries):
    labels = [_label(shop, raw) for raw in ["Deep Water"] + ["Harvest"] * 5 + ["HARVEST"]]
    _label(shop, "navy", "navy")
    _label(shop, "", None)
    _label(shop, "Вещь", None, "garment_type")
    _label(factories.make_shop("other"), "Harvest")
    for label in labels:
        factories.make_picture(label.product)
        factories.make_picture(label.product, position=1)
    factories.make_picture(factories.make_product(shop))
    with django_assert_max_num_queries(3):
        found = mapping.unmapped_words(shop)
    assert [(word.attribute.code, word.raw, word.count) for word in found] == [
        ("colour", "Harvest", 6),
        ("colour", "Deep Water", 1),
        ("garment_type", "Вещь", 1),
    ]
    assert [picture.product_id for picture in found[0].pictures] == [label.product_id for label in labels[1:5]]
    assert [picture.product_id for picture in found[1].pictures] == [labels[0].product_id]
    assert found[2].pictures == ()


def test_unusable_pictures_are_no_examples(shop):
    label = _label(shop, "Harvest")
    factories.make_picture(label.product, problem="truncated")
    assert mapping.unmapped_words(shop)[0].pictures == ()


def test_loading_the_dictionary_lets_labels_follow_its_words(shop, capsys):
    _label(shop, "Navy")
    _label(shop, "Harvest")
    _label(shop, "Deep Water", "teal")
    call_command("load_dictionary")
    assert _codes(shop) == {"Navy": "navy", "Harvest": None, "Deep Water": None}
    assert "2 labels changed" in capsys.readouterr().out


def test_labels_follow_a_word_that_is_added_changed_or_deleted_in_the_admin(shop, colour, client):
    _label(shop, "Harvest")
    client.force_login(factories.make_admin())
    new = {"attribute": colour.pk, "shop": shop.pk, "word": "Harvest", "value": factories.value("mustard").pk}
    client.post("/admin/catalog/synonym/add/", new)
    assert _codes(shop) == {"Harvest": "mustard"}
    word = Synonym.objects.get(shop=shop)
    client.post(f"/admin/catalog/synonym/{word.pk}/change/", new | {"shop": "", "value": factories.value("orange").pk})
    assert _codes(shop) == {"Harvest": "orange"}
    elsewhere = new | {"shop": factories.make_shop("other").pk}
    client.post(f"/admin/catalog/synonym/{word.pk}/change/", elsewhere)
    assert _codes(shop) == {"Harvest": None}
    client.post(f"/admin/catalog/synonym/{word.pk}/change/", new)
    assert _codes(shop) == {"Harvest": "mustard"}
    client.post(f"/admin/catalog/synonym/{word.pk}/delete/", {"post": "yes"})
    assert _codes(shop) == {"Harvest": None}


def test_a_value_rolls_up_to_its_nearest_known_ancestor():
    charcoal = factories.value("charcoal")
    assert mapping.roll_up(charcoal, {"grey", "black"}) == "grey"
    assert mapping.roll_up(charcoal, {"charcoal": 1.0, "grey": 0.0}) == "charcoal"
    assert mapping.roll_up(charcoal, {"black"}) is None


def test_the_shop_writes_a_value_as_it_mostly_does(shop, colour):
    for raw in ("т.-синий", "т.-синий", "Navy"):
        _label(shop, raw, "navy")
    assert mapping.shop_word_for(shop, colour, factories.value("navy")) == "т.-синий"


@pytest.mark.parametrize(("raw_words", "name"), [(("Чёрный", "Белый", "Navy"), "Красный"), (("Navy", "white"), "Red")])
def test_a_value_without_a_word_is_named_in_the_language_of_the_shop(shop, colour, raw_words, name):
    for raw in raw_words:
        _label(shop, raw)
    assert mapping.shop_word_for(shop, colour, factories.value("red")) == name


def test_the_word_for_a_finer_value_is_not_used_for_its_parent(shop, colour):
    _label(shop, "Charcoal", "charcoal")
    assert mapping.shop_word_for(shop, colour, factories.value("grey")) == "Grey"


def test_a_word_is_stored_in_its_normal_form(colour):
    synonym = Synonym.objects.create(attribute=colour, word="  Северно-Синий ", value=factories.value("navy"))
    assert synonym.word == "северн син"
    assert mapping.dictionary().find("colour", "северно-синяя") == "navy"
    with pytest.raises(ValidationError):
        Synonym(attribute=colour, word="   ", value=factories.value("navy")).full_clean()


@pytest.mark.parametrize("of_one_shop", [True, False])
def test_a_word_cannot_be_stored_twice(shop, colour, of_one_shop):
    fields = {"attribute": colour, "shop": shop if of_one_shop else None, "word": "полярная ночь"}
    Synonym.objects.create(value=factories.value("navy"), **fields)
    with pytest.raises(IntegrityError):
        Synonym.objects.create(value=factories.value("black"), **fields)
