"""The real catalogues."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog_audit.catalog.models import Label, Picture, Product

pytestmark = [pytest.mark.shared_data, pytest.mark.django_db]
HM = (
    "external_id=article_id", "image=file", "title=name", "category=product_type", "group=product_code",
)  # fmt: skip
MYNTRA = ("external_id=id", "image=file", "title=name", "category=product_type")


def importing(capsys, source: Path, images: Path, shop: str, mapping: tuple[str, ...], *options: str) -> str:
    maps = [argument for one in mapping for argument in ("--map", one)]
    call_command("import_feed", str(source), "--images", str(images), "--shop", shop, *maps, *options)
    return capsys.readouterr().out.strip()


@pytest.fixture
def some_of_hm(shared_data, tmp_path) -> Path:
    """Every twentieth product."""
    with (shared_data / "hm" / "labels.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    path = tmp_path / "hm.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([rows[0], *rows[1::20]])
    return path


def test_a_real_catalogue_goes_in_and_the_second_time_nothing_changes(some_of_hm, shared_data, capsys):
    images = shared_data / "hm" / "images"
    assert importing(capsys, some_of_hm, images, "hm", HM) == "369 new, 0 updated, 0 unchanged, 0 rejected"
    assert not Picture.objects.exclude(problem="").exists()
    assert Label.objects.filter(attribute__code="colour").exclude(raw="").count() == 369
    assert Label.objects.filter(attribute__code="colour", value=None).count() < 20
    before = list(Product.objects.values_list("pk", "updated_at"))
    assert importing(capsys, some_of_hm, images, "hm", HM) == "0 new, 0 updated, 369 unchanged, 0 rejected"
    assert list(Product.objects.values_list("pk", "updated_at")) == before


def test_every_row_of_a_real_catalogue_can_be_imported(shared_data, capsys):
    images = shared_data / "hm" / "images"
    output = importing(capsys, shared_data / "hm" / "labels.csv", images, "hm", HM, "--dry-run")
    assert output == "7367 new, 0 updated, 0 unchanged, 0 rejected"


def test_a_column_name_that_stands_twice_in_a_real_feed_does_not_break_it(shared_data, capsys):
    images = shared_data / "myntra" / "images"
    output = importing(capsys, shared_data / "myntra" / "labels.csv", images, "myntra", MYNTRA, "--dry-run")
    assert output == "6029 new, 0 updated, 0 unchanged, 0 rejected"
