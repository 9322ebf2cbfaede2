"""Uploading a product list, its columns, and what became of its rows."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog_audit.catalog.models import Product, Shop
from catalog_audit.feeds.models import FeedImport
from catalog_audit.feeds.running import carry_out
from catalog_audit.jobs.models import Job
from tests import factories

CSV = "sku;Название;Цвет;фото\nA1;Платье;синий;a.png\nA2;Юбка;красный;b.png\n;Без номера;белый;\n"


def upload(text=CSV, name="list.csv"):
    return SimpleUploadedFile(name, text.encode(), "text/csv")


@pytest.fixture
def archive(tmp_path):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name in ("a.png", "b.png"):
            packed.write(factories.picture_file(tmp_path / name), name)
    return SimpleUploadedFile("pictures.zip", buffer.getvalue())


def send(client, **fields):
    return client.post("/feeds/", {"new_shop": "autumn", "feed": upload()} | fields)


def run_import():
    """What the worker does."""
    feed_import = FeedImport.objects.latest("pk")
    carry_out(feed_import)
    return feed_import


def test_a_list_with_pictures_goes_in(admin, archive):
    response = send(admin, archive=archive)
    feed_import = run_import()

    assert response.headers["Location"] == f"/feeds/{feed_import.pk}/"
    assert list(Product.objects.values_list("external_id", flat=True)) == ["A1", "A2"]
    page = admin.get(f"/feeds/{feed_import.pk}/").content.decode()
    assert "Product number" in page  # the field of the rejected row
    assert "list.csv" in page


def test_rejected_rows_can_be_downloaded(admin):
    send(admin)
    feed_import = run_import()
    response = admin.get(f"/feeds/{feed_import.pk}/rejects/")
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[0] == "line,field,reason,external_id"
    assert lines[1].startswith("4,external_id,")
    assert "attachment" in response.headers["Content-Disposition"]


def test_what_changed_is_listed(admin):
    send(admin)
    run_import()
    send(admin, feed=upload(CSV.replace("Платье", "Сарафан")))
    page = admin.get(f"/feeds/{run_import().pk}/?rows=changed").content.decode()
    assert "<del>Платье</del> <ins>Сарафан</ins>" in page
    assert "A2" not in page


def test_only_trying_stores_nothing(admin):
    send(admin, dry_run="on")
    feed_import = run_import()
    assert not Shop.objects.exists()
    assert "nothing has been stored" in admin.get(f"/feeds/{feed_import.pk}/").content.decode()


def test_the_columns_that_a_person_chose_are_used(admin):
    send(admin, map_title="Цвет", map_colour="")
    run_import()
    product = Product.objects.get(external_id="A1")
    assert product.title == "синий"
    assert not product.labels.exists()


def test_the_columns_are_guessed_from_the_beginning_of_the_file(admin):
    page = admin.post("/feeds/columns/", {"beginning": upload(CSV[: CSV.index("A2") + 4])}).content.decode()
    assert "<option selected>sku</option>" in page
    assert "<option selected>Цвет</option>" in page
    assert "Платье" in page
    assert "Юбка" not in page  # a row that is cut off is not shown


def test_a_beginning_that_is_no_list_is_refused_in_words(admin):
    response = admin.post("/feeds/columns/", {"beginning": SimpleUploadedFile("x.xlsx", b"PK\x03\x04rest")})
    assert response.status_code == 422
    assert "not CSV" in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"new_shop": ""}, "Choose a shop, or give the new one a short name."),
        ({"new_shop": "two words"}, "slug"),
        ({"feed": upload("", "empty.csv")}, "empty"),
        ({"feed": upload("colour\nred\n")}, "No column tells the products apart"),
        ({"archive": upload("no archive", "pictures.zip")}, "cannot be unpacked"),
        ({"map_title": "nowhere"}, "There is no column"),
    ],
)
def test_what_cannot_be_loaded_is_explained(admin, fields, sentence):
    response = send(admin, **fields)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not FeedImport.objects.exists()


def test_two_imports_of_one_shop_at_once_are_refused(admin):
    assert send(admin).status_code == 302
    response = send(admin)
    assert response.status_code == 422
    assert "Another product list of this shop is being imported" in response.content.decode()


def test_the_progress_reloads_the_page_at_the_end(admin):
    send(admin)
    feed_import = FeedImport.objects.get()
    assert "hx-trigger" in admin.get(f"/feeds/{feed_import.pk}/progress/").content.decode()
    run_import()
    assert admin.get(f"/feeds/{feed_import.pk}/progress/").headers["HX-Refresh"] == "true"


def test_an_import_that_waits_can_be_stopped(admin):
    send(admin)
    feed_import = FeedImport.objects.get()
    admin.post(f"/feeds/{feed_import.pk}/cancel/")
    assert Job.objects.get().state == Job.State.CANCELLED
    assert "cancelled" in admin.get("/feeds/").content.decode()
