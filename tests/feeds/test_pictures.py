"""Pictures that cannot be used: the product goes in, the picture says why not."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import pytest
from django.core.management import call_command
from PIL import Image

from catalog_audit.catalog.files import picture_path
from catalog_audit.catalog.models import Picture, Product
from tests.factories import picture_file


def bomb(path: Path) -> None:
    """A PNG of a few bytes that says it has 4,900 million pixels."""
    header = struct.pack(">IIBBBBB", 70_000, 70_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
        + b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )  # fmt: skip


def truncated(path: Path) -> None:
    picture_file(path, size=(200, 300), quality=95)
    path.write_bytes(path.read_bytes()[:1500])


BAD = {
    "missing": lambda path: None,
    "empty": lambda path: path.write_bytes(b""),
    "not_a_picture": lambda path: path.write_text("a text called .jpg"),
    "truncated": truncated,
    "too_small": lambda path: picture_file(path, size=(1, 1)),
    "too_large": bomb,
}


@pytest.mark.parametrize("problem", BAD)
def test_a_bad_picture_does_not_keep_its_product_out(shop, run, problem):
    BAD[problem](shop.images / "a.jpg")
    shop.write(("x", "t", "dress", "a.jpg", "navy"))
    output, messages = run()
    assert output == "1 new, 0 updated, 0 unchanged, 0 rejected"
    assert "1 pictures cannot be used" in messages
    assert "a.jpg" in messages
    picture = Product.objects.get().pictures.get()
    assert (picture.problem, picture.sha256, picture.source) == (problem, "", "a.jpg")


def test_a_pipe_in_the_folder_does_not_make_it_wait(shop, run):
    os.mkfifo(shop.images / "a.jpg")
    shop.write(("x", "t", "dress", "a.jpg", "navy"))
    run()
    assert Picture.objects.get().problem == "not_a_picture"


def test_a_folder_is_no_picture(shop, run):
    (shop.images / "a.jpg").mkdir()
    shop.write(("x", "t", "dress", "a.jpg", "navy"))
    run()
    assert Picture.objects.get().problem == "not_a_picture"


def test_a_web_address_is_not_fetched_and_it_says_so(shop, run):
    shop.write(("x", "t", "dress", "https://shop.example/a.jpg", "navy"))
    _, messages = run()
    assert Picture.objects.get().problem == "remote"
    assert "not fetched" in messages


def test_the_bytes_are_kept_as_they_came_under_their_content(shop, run):
    source = shop.picture("a.jpg")
    shop.write(("x", "t", "dress", "a.jpg", "navy"), ("y", "t", "dress", "a.jpg", "navy"))
    run()
    first, second = Picture.objects.order_by("pk")
    assert first.sha256 == second.sha256
    assert picture_path(first).read_bytes() == source.read_bytes()
    assert (first.width, first.height) == (60, 90)


def test_the_suffix_follows_the_content(shop, run):
    picture_file(shop.images / "a.png").rename(shop.images / "a.jpg")
    shop.write(("x", "t", "dress", "a.jpg", "navy"))
    run()
    assert Picture.objects.get().suffix == "png"


@pytest.mark.parametrize("mode", ["CMYK", "P", "LA", "RGBA", "I;16", "1"])
def test_unusual_kinds_of_pictures_are_fine(shop, run, mode):
    image = Image.new("RGB", (60, 90), "navy")
    image = Image.new("I;16", (60, 90), 30_000) if mode == "I;16" else image.convert(mode)
    image.save(shop.images / "a.tif")
    shop.write(("x", "t", "dress", "a.tif", "navy"))
    run()
    assert Picture.objects.get().problem == ""


def test_width_and_height_are_those_after_exif_rotation(shop, run):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture_file(shop.images / "a.jpg", exif=exif)
    shop.write(("x", "t", "dress", "a.jpg", "navy"))
    run()
    picture = Picture.objects.get()
    assert (picture.width, picture.height) == (90, 60)


def test_several_pictures_of_a_product_keep_their_order(shop, run):
    shop.picture("a.jpg", "navy")
    shop.picture("b.jpg", "red")
    shop.write(("x", "t", "dress", "b.jpg | a.jpg", "navy"))
    run()
    assert list(Picture.objects.order_by("position").values_list("source", flat=True)) == ["b.jpg", "a.jpg"]


def test_a_picture_that_is_mended_is_taken_up(shop, run):
    shop.write(("x", "t", "dress", "a.jpg", "navy"))
    run()
    shop.picture("a.jpg")
    output, _ = run()
    assert output == "0 new, 1 updated, 0 unchanged, 0 rejected"
    assert Picture.objects.get().problem == ""


def test_without_a_folder_of_pictures_that_of_the_feed_is_taken(shop, dictionary):
    picture_file(shop.folder / "a.jpg")
    shop.write(("x", "t", "dress", "a.jpg", "navy"))
    call_command("import_feed", str(shop.feed), "--shop", "boutique")
    assert Picture.objects.get().problem == ""
