"""``manage.py segment`` with the shipped network: group maps that fit their pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from catalog_audit.demo.draw import draw_catalogue
from tests.factories import picture_file

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """Four drawn products with their exact masks."""
    folder = tmp_path_factory.mktemp("drawn")
    draw_catalogue(folder, 4, 5, masks=True, processes=1)
    return folder


def segment(out: Path, *images: Path) -> None:
    call_command("segment", *map(str, images), "--out", str(out))


def read(path: Path) -> tuple[Image.Image, np.ndarray]:
    with Image.open(path) as image:
        image.load()
    return image, np.asarray(image)


def test_maps_are_eight_bit_pngs_of_groups_in_the_pictures_own_size_and_find_the_product(drawn, tmp_path, capsys):
    images = sorted((drawn / "images").iterdir())
    segment(tmp_path / "maps", *images)
    assert capsys.readouterr().out.splitlines()[-1] == "4 written, 0 unreadable"
    agreeing = []
    for image in images:
        picture, groups = read(tmp_path / "maps" / f"{image.stem}.png")
        _, exact = read(drawn / "masks" / f"{image.stem}.png")
        assert (picture.format, picture.mode, picture.size) == ("PNG", "L", (360, 480))
        assert set(np.unique(groups)) <= set(range(7))
        agreeing.append((groups == exact).mean())
    assert np.mean(agreeing) > 0.8


def test_a_turned_picture_has_the_size_in_which_people_see_it(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6
    image = picture_file(tmp_path / "turned.jpg", size=(60, 90), exif=turned)
    segment(tmp_path, image)
    assert read(tmp_path / "turned.png")[0].size == (90, 60)


def test_a_png_called_jpg_is_read(tmp_path):
    image = picture_file(tmp_path / "real.png").rename(tmp_path / "named.jpg")
    segment(tmp_path / "maps", image)
    assert read(tmp_path / "maps" / "named.png")[0].size == (60, 90)


def test_an_unreadable_picture_is_named_and_the_others_are_written(tmp_path, capsys):
    good = picture_file(tmp_path / "good.jpg")
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    with pytest.raises(CommandError, match="2 of 3 pictures could not be read"):
        segment(tmp_path / "maps", text, good, tmp_path / "absent.jpg")
    errors = capsys.readouterr().err
    assert "text.jpg: not_a_picture" in errors
    assert "absent.jpg: missing" in errors
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["good.png"]


def test_two_pictures_of_one_name_are_refused_before_anything_is_written(tmp_path):
    first, second = picture_file(tmp_path / "a" / "dress.jpg"), picture_file(tmp_path / "b" / "dress.png")
    with pytest.raises(CommandError, match=r"dress\.png"):
        segment(tmp_path / "maps", first, second)
    assert not (tmp_path / "maps").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    image = picture_file(tmp_path / "dress.jpg")
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(CommandError, match="taken"):
        segment(tmp_path / "taken", image)


def test_without_models_it_says_where_they_are_missed(settings, tmp_path):
    settings.SHIPPED_MODELS_DIR = tmp_path / "nothing"
    with pytest.raises(CommandError, match="there is no active segmentation model"):
        segment(tmp_path, picture_file(tmp_path / "dress.jpg"))
