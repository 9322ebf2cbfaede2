"""Training sets leave and come back unchanged; labelled pictures of others come in, and bad rows are named."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from PIL import Image

from catalog_audit.audits.models import ArguablePair
from catalog_audit.catalog.models import Attribute, Value
from catalog_audit.training.mask_importing import import_masks
from catalog_audit.training.models import SegmentationSource, TrainingSet, TrainingSetBuild
from catalog_audit.training.set_exporting import CSV, FORMATS, IMAGE_FOLDER, export_set
from catalog_audit.training.set_importing import import_set
from catalog_audit.training.sets import SetError, examples_of, weights_of
from inference.fit.data_ccp import Parsing
from tests import factories
from tests.training.conftest import colours, make_set


@pytest.fixture
def made(dress):
    """A set with every origin but those from outside, shared weights, and a picture of two products."""
    admin = factories.make_admin()
    for number in range(10):
        dress(f"P-{number}", group=f"D-{number // 2}")
    dress("twin 1, so to say", size=(64, 200))
    dress("=twin()", "black", size=(64, 200))
    label = factories.decide(dress("both"), admin)
    low, high = sorted((label.value, factories.value("black")), key=lambda one: one.pk)
    ArguablePair.objects.create(product=label.product, attribute=label.attribute, low=low, high=high, decision="0" * 32)
    factories.decide(dress("fixed"), admin, "green")
    return make_set()


@pytest.mark.parametrize("form", FORMATS)
def test_a_set_that_comes_back_has_the_same_rows(made, form, tmp_path):
    before = list(examples_of(made))
    content = made.path.read_bytes()
    export_set(made, tmp_path / "out", form)
    TrainingSetBuild.objects.all().delete()
    TrainingSet.objects.all().delete()
    shutil.rmtree(settings.DATA_DIR / "training_sets")
    shutil.rmtree(settings.PICTURES_DIR)
    found = import_set(tmp_path / "out", "again")
    assert (found.is_new, found.problems) == (True, 0)
    back = found.training_set
    assert list(examples_of(back)) == before
    assert back.path.read_bytes() == content
    assert back.content_hash == made.content_hash
    assert (back.counts, back.parts, back.shops) == (made.counts, made.parts, made.shops)
    assert all(example.path.exists() for example in before)


def test_what_is_there_already_is_not_kept_twice(made, tmp_path):
    export_set(made, tmp_path / "out")
    found = import_set(tmp_path / "out", "again")
    assert (found.is_new, found.training_set) == (False, made)


def test_an_image_folder_has_a_table_in_each_part(made, tmp_path):
    count = export_set(made, tmp_path / "out", IMAGE_FOLDER)
    rows = {}
    for split, part in (("train", "train"), ("validation", "calibration"), ("test", "test")):
        with (tmp_path / "out" / split / "metadata.csv").open(encoding="utf-8", newline="") as lines:
            rows[part] = list(csv.DictReader(lines))
        for row in rows[part]:
            with Image.open(tmp_path / "out" / split / row["file_name"]) as image:
                assert image.size[1] >= 90
        assert len(rows[part]) == len({row["file_name"] for row in rows[part]})
    assert sum(map(len, rows.values())) == count == 14
    by_id = {row["external_id"]: row for part in rows.values() for row in part}
    assert by_id["fixed"]["colour"] == "green"
    assert by_id["fixed"]["colour_verified"] == "1"
    assert by_id["both"]["garment_type"] == "dress"
    assert weights_of(by_id["both"]["colour"]) == {"black": 0.5, "navy": 0.5}
    assert {part: len({row["sha256"] for row in found}) for part, found in rows.items()} == {
        part: numbers["pictures"] for part, numbers in made.parts.items()
    }


def test_cells_that_a_spreadsheet_would_run_are_harmless(made):
    assert "'=twin()" in colours(made)
    assert not any(cell.startswith("=") for row in csv.reader(io.StringIO(made.path.read_text())) for cell in row)


def test_nothing_is_overwritten_and_a_damaged_picture_is_named(made, tmp_path):
    export_set(made, tmp_path / "out")
    with pytest.raises(SetError, match="is there already"):
        export_set(made, tmp_path / "out")
    example = next(examples_of(made))
    whole = example.path.read_bytes()
    example.path.write_bytes(b"oops")
    try:
        with pytest.raises(SetError, match=f"{example.sha256}.*{example.external_id[-5:]}.*damaged"):
            export_set(made, tmp_path / "other")
    finally:
        example.path.write_bytes(whole)  # other tests draw the same picture
    assert [path.name for path in tmp_path.iterdir() if "o" in path.name and path.is_dir()] == ["out"]


def test_bad_rows_are_named_and_the_rest_goes_in(made, tmp_path):
    export_set(made, tmp_path / "out", CSV)
    table = tmp_path / "out" / "examples.csv"
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    place = {name: rows[0].index(name) for name in rows[0]}
    for line, (column, cell) in enumerate(
        [
            ("values", "purplish"), ("part", "exam"), ("garment_group", "hat"), ("attribute", "size"),
            ("picture", "../secret.jpg"), ("picture", "pictures/none.png"), ("sha256", "0" * 64), ("sha256", "12"),
            ("values", "navy:-1|black:2"), ("design", ""),
        ],
        start=1,
    ):  # fmt: skip
        rows[line][place[column]] = cell
    with table.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    told = []
    found = import_set(tmp_path / "out", "again", on_problem=told.append)
    problems = {(one.line, one.field) for one in told}
    assert problems == {
        (2, "values"), (3, "part"), (4, "garment_group"), (5, "attribute"), (6, "picture"), (7, "picture"),
        (8, "picture"), (9, "sha256"), (10, "values"), (11, "design"),
    }  # fmt: skip
    assert found.problems == 10
    assert found.training_set.examples == made.examples - 10
    assert "purplish" in next(one.reason for one in told if one.line == 2)


@pytest.fixture
def others(db, tmp_path: Path) -> Path:
    """A folder that somebody else has labelled."""
    for code, name in (("dress", "Dress"), ("jeans", "Jeans"), ("bag", "Bag")):
        factories.value(code, Attribute.GARMENT_TYPE, name_en=name, garment_group={"dress": "full_body"}.get(code, ""))
    Value.objects.filter(code="jeans").update(garment_group="bottom")
    for code in ("navy", "black"):
        factories.value(code, name_en=code.title())
    folder = tmp_path / "others"
    for number in range(6):
        factories.picture_file(folder / "images" / f"{number}.png", size=(60, 90 + number))
    (folder / "labels.csv").write_text(
        "file;product_type;colour;design\n"
        "0.png;Dress;Navy;A\n"
        "1.png;jeans;navy|black;A\n"
        "2.png;Dress;Zyx;B\n"
        "3.png;;black;C\n"
        "4.png;Bag;black;D\n"
        "none.png;Dress;black;E\n"
        "https://example.org/5.png;Dress;black;F\n",
        encoding="utf-8",
    )
    return folder


def test_labelled_pictures_of_others_come_in_by_codes_and_words(others):
    told = []
    found = import_set(others, "friends", images=others / "images", on_problem=told.append)
    examples = {(one.external_id, one.attribute): one for one in examples_of(found.training_set)}
    assert {key: one.values for key, one in examples.items()} == {
        ("0", "colour"): "navy", ("0", "garment_type"): "dress",
        ("1", "colour"): "black:0.5|navy:0.5", ("1", "garment_type"): "jeans",
        ("2", "garment_type"): "dress",
    }  # fmt: skip
    first = examples["0", "colour"]
    assert (first.origin, first.verified, first.shop, first.design) == ("external", False, "friends", "friends:A")
    assert (first.garment_group, examples["1", "colour"].garment_group) == ("full_body", "bottom")
    assert {(one.line, one.field) for one in told} == {
        (4, "colour"), (5, "category"), (6, "category"), (7, "picture"), (8, "picture"),
    }  # fmt: skip
    assert found.training_set.name == "friends"


def test_columns_with_unusual_names_are_mapped(others):
    table = others / "labels.csv"
    table.write_text(table.read_text().replace("product_type", "what").replace("file", "where"), encoding="utf-8")
    with pytest.raises(CommandError, match="No column names the pictures"):
        call_command("import_training_set", others, name="friends", images=others / "images")
    out = io.StringIO()
    call_command(
        "import_training_set",
        others,
        name="friends",
        images=others / "images",
        map=["image=where", "category=what"],
        rejects=others / "rejects.csv",
        stdout=out,
        stderr=io.StringIO(),
    )
    assert "5 examples of 3 pictures; 5 rows or cells left out" in out.getvalue()
    rejects = (others / "rejects.csv").read_text(encoding="utf-8").splitlines()
    assert rejects[0] == "file,line,field,reason"
    assert len(rejects) == 6


def test_a_table_of_which_nothing_can_be_used_is_refused(others):
    (others / "labels.csv").write_text("file,colour,product_type\nx.png,Navy,Dress\n", encoding="utf-8")
    with pytest.raises(SetError, match=r"labels\.csv, line 2: picture x\.png: cannot be used \(missing\)"):
        import_set(others, "friends")
    factories.make_shop("spring")
    with pytest.raises(SetError, match="There is a shop “spring”"):
        import_set(others, "spring")
    (others / "labels.csv").unlink()
    with pytest.raises(SetError, match="holds no examples"):
        import_set(others, "friends")


@pytest.fixture
def masks(db, tmp_path: Path) -> Path:
    """Pictures with masks: two that are right, one of another size, one unexplained, one in colour, one alone."""
    folder = tmp_path / "street"
    (folder / "masks").mkdir(parents=True)
    (folder / "labels.csv").write_text(
        "value,label,group,group_name\n0,null,0,background\n7,blazer,2,top\n40,skirt,3,bottom\n", encoding="utf-8"
    )
    for name, mode, size, number in (
        ("1", "L", (60, 90), 7), ("2", "P", (60, 90), 40), ("3", "L", (50, 90), 7), ("4", "L", (60, 90), 9),
        ("5", "RGB", (60, 90), (7, 7, 7)), ("6", "L", (60, 90), 7),
    ):  # fmt: skip
        mask = Image.new(mode, size)
        if mode == "P":
            mask.putpalette([*range(256)] * 3)
        mask.paste(number, (10, 10, 30, 30))
        mask.save(folder / "masks" / f"{name}.png")
        if name != "6":
            factories.picture_file(folder / "photos" / f"{name}.jpg")
    return folder


def test_masks_are_checked_and_kept_as_a_source_that_training_reads(masks):
    told = []
    source, is_new = import_masks(masks, "street", told.append)
    assert is_new
    assert (source.pictures, source.groups) == (2, {"background": 2, "top": 1, "bottom": 1})
    reasons = {one.file: one.reason for one in told}
    assert set(reasons) == {"masks/3.png", "masks/4.png", "masks/5.png", "photos/6.jpg"}
    assert "50 x 90" in reasons["masks/3.png"]
    assert "9" in reasons["masks/4.png"]
    parsing = Parsing(settings.DATA_DIR / source.folder)
    assert [set(parsing.groups(photo).flat) for photo in parsing.photos] == [{0, 2}, {0, 3}]
    assert import_masks(masks, "street") == (source, False)


def test_a_folder_of_masks_is_recognised_by_the_command(masks):
    out = io.StringIO()
    call_command("import_training_set", masks, name="street", stdout=out, stderr=io.StringIO())
    assert "2 pictures with masks; 4 left out" in out.getvalue()
    assert SegmentationSource.objects.get().name == "street"


def test_commands_make_list_and_export(dress, tmp_path):
    dress("P-1")
    out = io.StringIO()
    call_command("build_training_set", shop=["spring"], note="first", stdout=out)
    call_command("build_training_set", stdout=out)
    assert "it did before" in out.getvalue()
    made = TrainingSet.objects.get()
    assert made.content_hash in out.getvalue()
    assert "2 examples (0 verified) of 1 pictures" in out.getvalue()
    call_command("list_training_sets", stdout=out)
    assert f"{made.short_hash}  " in out.getvalue()
    call_command("export_training_set", made.short_hash, out=tmp_path / "out", stdout=out)
    assert (tmp_path / "out" / "examples.csv").read_bytes() == made.path.read_bytes()
    with pytest.raises(CommandError, match="No training set"):
        call_command("export_training_set", "ffffffffffff", out=tmp_path / "other")
    with pytest.raises(CommandError, match="no shop “winter”"):
        call_command("build_training_set", shop=["winter"])
