"""The page of unknown words."""

from __future__ import annotations

from catalog_audit.catalog.models import Label, Synonym
from tests import factories


def make_unknown(shop, raw, times=1):
    for _ in range(times):
        factories.make_label(factories.make_product(shop), raw, None)


def test_it_lists_words_with_counts_the_commonest_first(admin, shop):
    make_unknown(shop, "Moonstone")
    make_unknown(shop, "Abyss", 2)
    page = admin.get("/words/").content.decode()
    assert page.index("Abyss") < page.index("Moonstone")
    assert "Every word is known" not in page


def test_it_says_when_every_word_is_known(admin, shop):
    assert "Every word is known" in admin.get("/words/").content.decode()


def test_a_word_is_mapped_once_for_the_whole_shop(admin, shop):
    make_unknown(shop, "Abyss", 2)
    other = factories.make_shop("other")
    make_unknown(other, "Abyss")
    navy = factories.value("navy")

    form = {"shop": "spring", "attribute": "colour", "raw": "Abyss", "value": navy.pk}
    page = admin.post("/words/map/", form, follow=True).content.decode()

    assert "2 labels changed" in page
    assert {label.value for label in Label.objects.filter(product__shop=shop)} == {navy}
    assert Label.objects.get(product__shop=other).value is None


def test_a_word_needs_a_fitting_value(admin, shop):
    make_unknown(shop, "Abyss")
    dress = factories.value("dress", "garment_type")
    for value in ("", 999999, dress.pk):
        form = {"shop": "spring", "attribute": "colour", "raw": "Abyss", "value": value}
        assert "Choose a value" in admin.post("/words/map/", form, follow=True).content.decode()
    assert Label.objects.get().value is None


def test_a_sign_is_mapped_like_a_word(admin, shop):
    make_unknown(shop, "—")
    form = {"shop": "spring", "attribute": "colour", "raw": "—", "value": factories.value("navy").pk}
    admin.post("/words/map/", form)
    assert Label.objects.get().value.code == "navy"


def test_blanks_are_no_word(admin, shop):
    form = {"shop": "spring", "attribute": "colour", "raw": "  ", "value": factories.value("navy").pk}
    assert admin.post("/words/map/", form).status_code == 302
    assert not Synonym.objects.filter(shop=shop).exists()
