"""Pictures, thumbnails and overlays."""

from __future__ import annotations

from io import BytesIO
from uuid import uuid4

import pytest
from django.conf import settings
from PIL import Image

from catalog_audit.audits.models import Prediction
from catalog_audit.catalog.files import store_picture
from catalog_audit.catalog.models import Picture
from tests import factories


def content(response):
    return b"".join(response.streaming_content)


def test_the_picture_is_the_shops_own_file(manager, flag):
    response = manager.get(f"/pictures/{flag.prediction.picture_id}/")
    assert response.headers["Content-Type"] == "image/png"
    assert Image.open(BytesIO(content(response))).size == (60, 90)


def test_mask_and_attention_are_served(manager, flag):
    for kind in ("mask", "attention", "attention_label"):
        response = manager.get(f"/overlays/{flag.prediction_id}/{kind}/")
        assert response.headers["Content-Type"] == "image/png"
        assert Image.open(BytesIO(content(response))).size == (60, 90)


def test_it_may_be_kept_for_ever_but_by_this_person_only(manager, flag):
    for kind in (f"/pictures/{flag.prediction.picture_id}/", f"/overlays/{flag.prediction_id}/mask/"):
        cache = manager.get(kind).headers["Cache-Control"]
        assert "private" in cache
        assert "immutable" in cache


def test_a_thumbnail_is_small(manager, shop, tmp_path):
    stored = store_picture(factories.picture_file(tmp_path / "large.jpg", size=(1200, 1800)))
    picture = factories.make_picture(
        factories.make_product(shop), sha256=stored.sha256, suffix=stored.suffix, width=1200, height=1800
    )
    for _twice in range(2):
        image = Image.open(BytesIO(content(manager.get(f"/pictures/{picture.pk}/small/"))))
        assert (image.format, max(image.size)) == ("JPEG", 240)


@pytest.mark.parametrize(
    ("place", "size", "share"),
    [
        ((500, 800, 700, 1200), (180, 240), 0.53),  # the garment small in the middle: a part with a tile's proportions
        ((0, 0, 1200, 1800), (160, 240), 1.0),  # it fills the picture: there is nothing to cut off
        ((100, 1500, 1100, 1800), (180, 240), 0.18),  # wide and at the edge: more of what is above it
    ],
)
def test_a_tile_shows_the_part_of_the_picture_that_the_mask_covers(manager, shop, flag, tmp_path, place, size, share):
    image = Image.new("RGB", (1200, 1800), "white")
    image.paste("navy", place)
    image.save(tmp_path / "large.png")
    stored = store_picture(tmp_path / "large.png")
    mask = Image.new("LA", (400, 600))
    mask.paste((255, 255), tuple(edge // 3 for edge in place))
    name = f"{uuid4().hex}.png"
    mask.save(settings.OVERLAYS_DIR / name)
    Picture.objects.update(sha256=stored.sha256, suffix="png", width=1200, height=1800)
    Prediction.objects.update(mask=name)

    for _twice in range(2):
        tile = Image.open(BytesIO(content(manager.get(f"/overlays/{flag.prediction_id}/product/"))))
        navy = sum(pixel[2] > pixel[0] + 60 for pixel in tile.get_flattened_data()) / (tile.width * tile.height)
        assert tile.size == pytest.approx(size, abs=2)
        assert navy == pytest.approx(share, abs=0.02)


def test_without_a_usable_mask_a_tile_shows_the_whole_picture(manager, flag):
    Prediction.objects.update(mask=f"{uuid4().hex}.png")
    response = manager.get(f"/overlays/{flag.prediction_id}/product/")
    assert Image.open(BytesIO(content(response))).size == (60, 90)


def test_a_format_that_browsers_do_not_show_is_converted(manager, shop, tmp_path):
    stored = store_picture(factories.picture_file(tmp_path / "dress.tif"))
    picture = factories.make_picture(factories.make_product(shop), sha256=stored.sha256, suffix=stored.suffix)
    response = manager.get(f"/pictures/{picture.pk}/")
    assert response.headers["Content-Type"] == "image/jpeg"
    assert Image.open(BytesIO(content(response))).size == (60, 90)


def test_what_has_no_file_is_not_found(manager, shop, flag):
    unusable = factories.make_picture(factories.make_product(shop), problem="missing")
    gone = factories.make_picture(factories.make_product(shop), sha256="0" * 64, suffix="jpg")
    for picture in (unusable, gone):
        assert manager.get(f"/pictures/{picture.pk}/").status_code == 404
        assert manager.get(f"/pictures/{picture.pk}/small/").status_code == 404
    assert manager.get(f"/overlays/{flag.prediction_id}/other/").status_code == 404


def test_no_file_of_the_data_folder_is_served_as_static(stranger, manager, flag):
    for client in (stranger, manager):
        for path in ("/static/../secret_key", "/var/secret_key", "/media/secret_key", "/static/%2e%2e/secret_key"):
            assert client.get(path).status_code in (302, 404)
