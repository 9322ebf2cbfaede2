"""The demo catalogue's plan, files and answers."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog_audit.catalog.mapping import dictionary
from catalog_audit.catalog.models import Attribute, Value
from catalog_audit.demo import draw, words
from catalog_audit.demo.catalogue import plan
from catalog_audit.demo.colours import PATTERN_VALUES, SHADES, VALUES


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("catalogue")
    draw.draw_catalogue(folder, 12, 5, masks=True, error_rate=0.25, processes=1)
    return folder


def test_the_wanted_share_of_labels_is_wrong_and_no_other():
    items = plan(200, 1, 0.08)
    assert len(items) == 200
    assert sum(item.planted for item in items) == 16
    for item in items:
        assert item.planted == (item.label_value != item.product.value)


def test_designs_come_in_up_to_three_colours_that_differ():
    designs: dict[str, list[str]] = {}
    for item in plan(200, 1, 0.0):
        designs.setdefault(item.row["group"], []).append(item.product.value)
    assert Counter(map(len, designs.values())).keys() == {1, 2, 3}
    assert all(len(set(values)) == len(values) for values in designs.values())


def test_every_value_scene_and_garment_is_drawn():
    items = plan(400, 1, 0.08)
    assert {item.product.value for item in items} == set(VALUES)
    assert {item.product.scene for item in items} == {"worn", "flat"}
    assert {item.product.cut.group for item in items} == {"top", "bottom", "full_body"}
    assert any(item.product.light_ground for item in items)


def test_another_seed_is_another_catalogue():
    assert [item.row for item in plan(20, 1, 0.1)] == [item.row for item in plan(20, 1, 0.1)]
    assert [item.row for item in plan(20, 1, 0.1)] != [item.row for item in plan(20, 2, 0.1)]


@pytest.mark.parametrize(("count", "rate", "values"), [(0, 0.1, VALUES), (5, 1.5, VALUES), (5, 0.1, ["mauve"])])
def test_senseless_orders_are_refused(count, rate, values):
    with pytest.raises(ValueError, match=r"product|share|unknown"):
        plan(count, 1, rate, values)


def test_every_picture_and_mask_of_the_feed_is_there(drawn):
    feed = rows(drawn / draw.FEED)
    assert len(feed) == 12
    for row in feed:
        with Image.open(drawn / "images" / row["image"]) as picture:
            size = picture.size
        with Image.open(drawn / "masks" / f"{Path(row['image']).stem}.png") as mask:
            assert mask.mode == "L"
            assert mask.size == size
            assert set(np.unique(np.asarray(mask))) <= set(range(7))


def test_the_answers_fit_the_feed_and_the_feed_does_not_give_them_away(drawn):
    feed, answers = rows(drawn / draw.FEED), rows(drawn / draw.ANSWERS)
    assert [row["external_id"] for row in feed] == [row["external_id"] for row in answers]
    assert tuple(answers[0]) == draw.ANSWER_COLUMNS
    assert sum(int(row["planted"]) for row in answers) == 3
    assert all((row["planted"] == "1") == (row["true_colour"] != row["label_colour"]) for row in answers)
    assert not {"planted", "true_colour", "label_colour"} & feed[0].keys()


def test_drawing_again_gives_the_same_files_whatever_the_number_of_processes(drawn, tmp_path):
    draw.draw_catalogue(tmp_path, 12, 5, masks=True, error_rate=0.25, processes=2)
    names = sorted(path.relative_to(drawn) for path in drawn.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert all((drawn / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)


@pytest.mark.django_db
def test_the_dictionary_understands_the_demo_shops_words():
    """Else a label would be unmapped and its planted error could never be found."""
    shared = dictionary()
    values = {shade.name: shade.value for shade in SHADES} | {value: value for value in PATTERN_VALUES}
    meant = {word: values[name] for name, spoken in words.COLOUR_WORDS.items() for word in spoken}
    parents = dict(Value.objects.filter(attribute__code=Attribute.COLOUR).values_list("code", "parent__code"))

    def line(word: str) -> list[str]:
        """The value of the word, what that is a shade of, and so on."""
        code, found = shared.find(Attribute.COLOUR, word, None), []
        while code:
            found.append(code)
            code = parents[code]
        return found

    assert {word: line(word) for word, value in meant.items() if value not in line(word)} == {}
    categories = [word for spoken in words.CATEGORY_WORDS.values() for word in spoken]
    assert [word for word in categories if shared.find(Attribute.GARMENT_TYPE, word, None) is None] == []


@pytest.mark.django_db
def test_the_fancy_words_are_left_for_a_person_to_map():
    assert [dictionary().find(Attribute.COLOUR, word, None) for word in words.FANCY_WORDS] == [None, None, None]
