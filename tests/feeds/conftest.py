"""A feed in a temporary folder, its pictures beside it, and a way to import it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.factories import attribute, picture_file, value

HEADER = ("external_id", "title", "category", "image", "colour")


@pytest.fixture(autouse=True)
def _own_folders(settings, tmp_path: Path) -> None:
    settings.PICTURES_DIR = tmp_path / "data" / "pictures"
    settings.UPLOADS_DIR = tmp_path / "data" / "uploads"


@pytest.fixture
def dictionary(db) -> None:
    """The values that the feeds of these tests speak of."""
    for code in ("colour", "garment_type", "length", "pattern"):
        attribute(code)
    for code in ("black", "navy", "red", "white"):
        value(code)
    value("dress", "garment_type")


class Shop:
    """A shop's folder: a feed and its pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images = folder / "images"
        self.images.mkdir(parents=True)
        self.feed = folder / "feed.csv"

    def picture(self, name: str = "a.jpg", colour: str = "navy") -> Path:
        return picture_file(self.images / name, colour)

    def write(self, *rows: Sequence[str], header: Iterable[str] = HEADER) -> Path:
        """Write the feed with a real CSV writer."""
        text = io.StringIO()
        csv.writer(text).writerows([header, *rows])
        self.feed.write_text(text.getvalue(), encoding="utf-8", newline="")
        return self.feed

    def write_text(self, text: str, encoding: str = "utf-8") -> Path:
        """Write the feed as it is."""
        self.feed.write_bytes(text.encode(encoding))
        return self.feed


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


@pytest.fixture
def run(shop: Shop, dictionary, capsys) -> Callable[..., tuple[str, str]]:
    """Run ``import_feed`` on the shop's feed; returns what it printed (standard output, standard error)."""

    def run_command(*arguments: str, source: Path | None = None) -> tuple[str, str]:
        capsys.readouterr()
        call_command(
            "import_feed", str(source or shop.feed), "--shop", "boutique", "--images", str(shop.images), *arguments
        )
        output = capsys.readouterr()
        return output.out.strip(), output.err

    return run_command
