"""The command: what it prints, what it changes, and what it refuses."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from catalog_audit.catalog.models import Label, Picture, Product, Shop
from catalog_audit.feeds.models import FeedImport, RowResult
from catalog_audit.jobs.models import Job
from tests.factories import decide, make_manager

ROWS = (("1", "One", "dress", "a.jpg", "navy"), ("2", "Two", "dress", "b.jpg", "red"))


@pytest.fixture
def two(shop):
    shop.picture("a.jpg", "navy")
    shop.picture("b.jpg", "red")
    shop.write(*ROWS)
    return shop


def snapshot():
    return [list(model.objects.order_by("pk").values()) for model in (Shop, Product, Picture, Label)]


def label(external_id: str, attribute: str = "colour") -> Label:
    return Label.objects.get(product__external_id=external_id, attribute__code=attribute)


def test_it_brings_products_labels_and_pictures_in(two, run):
    output, messages = run()
    assert output == "2 new, 0 updated, 0 unchanged, 0 rejected"
    assert "UTF-8" in messages
    assert "comma" in messages
    product = Product.objects.get(external_id="1")
    assert (product.shop.slug, product.title) == ("boutique", "One")
    assert (label("1").raw, label("1").value.code) == ("navy", "navy")
    assert label("1", "garment_type").value.code == "dress"


def test_the_same_file_again_changes_nothing(two, run):
    run()
    before = snapshot()
    output, _ = run()
    assert output == "0 new, 0 updated, 2 unchanged, 0 rejected"
    assert snapshot() == before


def test_only_what_differs_is_updated(two, run):
    run()
    two.write(ROWS[0], ("2", "Two!", "dress", "b.jpg", "red"), ("3", "Three", "dress", "b.jpg", "red"))
    output, _ = run()
    assert output == "1 new, 1 updated, 1 unchanged, 0 rejected"
    assert Product.objects.get(external_id="2").title == "Two!"
    assert RowResult.objects.get(outcome="updated").diff == {"title": ["Two", "Two!"]}


def test_the_brand_is_kept_and_a_list_without_one_leaves_it_alone(two, run):
    header = ("external_id", "title", "category", "image", "colour", "Поставщик")
    two.write((*ROWS[0], "Nord"), (*ROWS[1], ""), header=header)
    run()
    two.write((*ROWS[0], "Süd"), (*ROWS[1], ""), header=header)
    run()
    two.write(*ROWS)
    run()
    assert list(Product.objects.order_by("external_id").values_list("brand", flat=True)) == ["Süd", ""]
    assert RowResult.objects.get(outcome="updated").diff == {"brand": ["Nord", "Süd"]}


def test_a_picture_with_new_content_is_an_update(two, run):
    run()
    before = Picture.objects.get(source="a.jpg")
    two.picture("a.jpg", "white")
    output, _ = run()
    assert output == "0 new, 1 updated, 1 unchanged, 0 rejected"
    after = Picture.objects.get(source="a.jpg")
    assert after.pk == before.pk
    assert after.sha256 != before.sha256


def test_pictures_that_the_feed_no_longer_names_go(two, run):
    two.write(("1", "One", "dress", "a.jpg|b.jpg", "navy"))
    run()
    two.write(("1", "One", "dress", "b.jpg", "navy"))
    run()
    assert list(Picture.objects.values_list("source", "position")) == [("b.jpg", 0)]


def test_a_new_word_clears_what_was_decided_about_the_old_one(two, run):
    run()
    decide(label("1"), make_manager(), correction="black")
    two.write(("1", "One", "dress", "a.jpg", "white"), ROWS[1])
    run()
    changed = label("1")
    assert (changed.raw, changed.value.code) == ("white", "white")
    assert (changed.verdict, changed.correction, changed.decided_by, changed.decided_at) == ("", None, None, None)


def test_a_decision_outlives_an_import_of_the_same_word(two, run):
    run()
    decide(label("1"), make_manager(), correction="black")
    two.write(("1", "Another title", "dress", "a.jpg", "navy"), ROWS[1])
    run()
    assert label("1").correction.code == "black"


def test_an_emptied_cell_empties_the_label(two, run):
    run()
    two.write(("1", "One", "dress", "a.jpg", ""), ROWS[1])
    output, _ = run()
    assert output == "0 new, 1 updated, 1 unchanged, 0 rejected"
    assert (label("1").raw, label("1").value) == ("", None)
    assert run()[0] == "0 new, 0 updated, 2 unchanged, 0 rejected"


def test_an_empty_cell_of_a_new_product_is_no_label(two, run):
    two.write(("1", "One", "", "a.jpg", ""))
    run()
    assert not Label.objects.exists()


def test_columns_that_the_feed_does_not_have_are_left_alone(two, run):
    run()
    two.write(("1", "Renamed"), header=("external_id", "title"))
    run()
    assert label("1").raw == "navy"
    assert Picture.objects.filter(product__external_id="1").exists()


def test_products_that_the_feed_no_longer_has_stay(two, run):
    run()
    two.write(ROWS[0])
    run()
    assert Product.objects.count() == 2


def test_words_that_map_to_nothing_are_kept_and_named(two, run):
    two.write(("1", "One", "dress", "a.jpg", "Qwertz"), ("2", "Two", "dress", "b.jpg", "Qwertz"))
    _, messages = run()
    assert "1 words map to nothing" in messages
    assert "Qwertz (2)" in messages
    assert (label("1").raw, label("1").value) == ("Qwertz", None)


def test_a_formula_in_a_title_is_kept_as_it_is(two, run):
    two.write(("1", '=HYPERLINK("http://evil.example")', "dress", "a.jpg", "navy"))
    run()
    assert Product.objects.get().title.startswith("=HYPERLINK")


def test_mapped_columns_are_read(two, run):
    two.write(("1", "One", "navy"), header=("sku", "name", "farbe"))
    output, _ = run("--map", "external_id=sku", "--map", "colour=farbe")
    assert output == "1 new, 0 updated, 0 unchanged, 0 rejected"
    assert label("1").raw == "navy"


def test_a_column_name_that_stands_twice_does_not_break_it(two, run):
    two.write(("1", "navy", "red"), header=("id", "colour", "colour"))
    _, messages = run()
    assert "2 times" in messages
    assert label("1").raw == "navy"


# --- dry run ----------------------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_change_and_writes_nothing(two, run, settings):
    output, messages = run("--dry-run")
    assert output == "2 new, 0 updated, 0 unchanged, 0 rejected"
    assert "Nothing was written" in messages
    assert snapshot() == [[], [], [], []]
    assert not Job.objects.exists()
    assert not FeedImport.objects.exists()
    assert not settings.PICTURES_DIR.exists()


def test_a_dry_run_compares_with_what_is_there(two, run):
    run()
    before = snapshot()
    two.write(ROWS[0], ("2", "Two!", "dress", "b.jpg", "red"), ("3", "Three", "dress", "b.jpg", "red"))
    output, _ = run("--dry-run")
    assert output == "1 new, 1 updated, 1 unchanged, 0 rejected"
    assert snapshot() == before


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--map", "colour=farbe"), r"no column “farbe”.*external_id, title, category, image, colour"),
        (("--map", "size=title"), r"no field “size”"),
        (("--map", "colour"), "FIELD=COLUMN"),
        (("--images", "/nowhere/at/all"), r"no folder of pictures /nowhere/at/all"),
        (("--rejects", "/nowhere/at/all.csv"), r"/nowhere/at/all.csv cannot be written"),
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_written(two, run, arguments, message):
    with pytest.raises(CommandError, match=message):
        run(*arguments)
    assert not Shop.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), ("\n\n", "is empty"), ("title,colour\na,b\n", "tells the products apart")],
)
def test_a_feed_that_cannot_be_read_leaves_nothing_behind(two, run, text, message):
    two.write_text(text)
    with pytest.raises(CommandError, match=message):
        run()
    assert not Job.objects.exists()


def test_a_missing_feed_is_named(two, run):
    with pytest.raises(CommandError, match=r"There is no file .*absent\.csv"):
        run(source=two.folder / "absent.csv")


def test_a_name_that_is_no_slug_is_refused(two, dictionary):
    with pytest.raises(CommandError, match="no name for a shop"):
        call_command("import_feed", str(two.feed), "--shop", "my shop!")


def test_a_header_alone_is_an_import_of_nothing(two, run):
    two.write()
    assert run()[0] == "0 new, 0 updated, 0 unchanged, 0 rejected"
