"""What raw words of shops mean."""

import csv
import json

import pytest

from catalog_audit.catalog import words
from catalog_audit.catalog.dictionary import Dictionary

COLOURS = """
чёрный black | ЧЕРНАЯ black | Черный black | черный (арт. 12) black | Black 001 black | цвет: синий blue
gray grey | light gray light_grey | светло-серый меланж light_grey | св.серый light_grey | светлосерый light_grey
dark blue navy | DARK-BLUE navy | dark_blue navy | т.-синий navy | т. синий navy | т/синий navy | Т.СИНИЙ navy
темно синий navy | Тёмно-синее navy | тёмносиний navy | синий тёмный navy | blue dark navy | тем. синий navy
Greenish Khaki khaki | Greyish Beige taupe | Yellowish Brown brown | Other Blue blue | Dark Red burgundy
Чёрно-белый multicolour | Бело-чёрный multicolour | Красно-белый multicolour | чёрный и белый multicolour
red/white multicolour | black & white multicolour | Black &amp; White multicolour | белый с чёрным multicolour
navy/white multicolour | blue/green multicolour | зеленый/белый multicolour | black white multicolour
white/blue/red multicolour | тёмно-сине-белый multicolour | красно-сине-белый multicolour | черно красный multicolour
хаки/чёрный multicolour | Off-White/Black multicolour | white with red trim multicolour | розовый, белый multicolour
сине-зелёный teal | blue-green teal | серо-голубой grey_blue | жёлто-зелёный lime | green-yellow lime
navy / light blue blue | grey/dark grey grey | Black/Black black
белый в цветочек floral_print | white floral floral_print | black leopard animal_print | multi stripe multicolour
чёрный с принтом black | красный в клетку red | Blue Stripe blue
бледно-розовая light_pink | ярко-розовый hot_pink | нежно-голубой light_blue | пыльно-розовый dusty_pink
deep purple dark_purple | Pale Blue light_blue | neon yellow yellow | soft pink light_pink | dusty blue grey_blue
dark olive olive | bright burgundy burgundy | тёмно-изумрудный dark_green | bluish grey grey
Цвет морской волны sea_green | розовое золото rose_gold | Кофе с молоком coffee | Bronze/Copper bronze
Navy navy | Charcoal charcoal | Gunmetal charcoal | Burgundy burgundy | Heather Green green | Slate Grey dark_grey
Cream Melange cream | Blue Chambray denim | Burnt Orange dark_orange | Moss olive | Nutmeg brown | Olive olive
молочный off_white | кремовый cream | хаки khaki | фуксия fuchsia | мятный mint | бордо burgundy
черно-белая multicolour | белый/чёрный/красный/синий/жёлтый multicolour
"""
NOT_UNDERSTOOD = [
    "Other",
    "NA",
    "-",
    "",
    "   ",
    "12345",
    "Deep Water",
    "red banana boat",
    "black/что-то",
    "dark",
    "с принтом",
]

TRAINED_COLOURS = {
    "black", "white", "grey", "beige", "brown", "navy", "blue", "light_blue", "turquoise", "green", "khaki", "yellow",
    "orange", "red", "burgundy", "pink", "purple",
}  # fmt: skip

GARMENT_TYPES = """
Женская одежда/Платья/Вечерние платья|evening_dress
Женская одежда > Юбки > Мини|skirt
Apparel & Accessories > Clothing > Dresses|dress
Платье-рубашка|shirt_dress
Shirt dress|shirt_dress
Dress shirt|shirt
Платье с поясом|dress
Dress with belt|dress
Куртка утеплённая|jacket
Брюки женские|trousers
Long Sleeve Swing Shirt|shirt
Leggings/Tights|leggings
Tops & Tees|top_wear
Платья и сарафаны|dress
Бомберы, пиджаки, куртки|outerwear
Кофты, толстовки, худи, футболки|top_wear
Чёрный  пиджак на пуговицах|blazer
Cap sleeve top|top
Shoes & Dresses|dress
"""


@pytest.fixture(scope="module")
def shipped() -> Dictionary:
    return Dictionary.shipped()


def _pairs(text: str) -> list[tuple[str, str]]:
    return [tuple(pair.strip().rsplit(" ", 1)) for line in text.strip().splitlines() for pair in line.split(" | ")]


@pytest.mark.parametrize(("raw", "code"), _pairs(COLOURS))
def test_a_colour_word_means_its_value(shipped, raw, code):
    assert shipped.find("colour", raw) == code


@pytest.mark.parametrize("raw", NOT_UNDERSTOOD)
def test_a_word_that_is_not_understood_means_nothing(shipped, raw):
    assert shipped.find("colour", raw) is None


@pytest.mark.timeout(5)
@pytest.mark.parametrize("raw", ["a-" * 100, "red-dark-" * 30, "dark " * 40, "a/" * 100, "(" * 200, "no " * 60])
def test_text_in_place_of_a_word_costs_no_time(shipped, raw):
    assert shipped.find("colour", raw) is None
    assert shipped.find("garment_type", raw) is None


@pytest.mark.parametrize(("raw", "code"), [line.split("|") for line in GARMENT_TYPES.strip().splitlines()])
def test_a_category_means_its_garment_type(shipped, raw, code):
    assert shipped.find("garment_type", raw) == code


@pytest.mark.parametrize(
    "raw",
    [
        "Сумки",
        "Обувь/Кроссовки",
        "Все товары",
        "Womens",
        "Шорты, футболки",
        "Топ продаж",
        "Dress shoes",
        "Комплект постельного белья",
        "Ремень для джинсов",
        "Cargo bags",
    ],
)
def test_a_category_without_one_kind_of_garment_means_nothing(shipped, raw):
    assert shipped.find("garment_type", raw) is None


@pytest.mark.parametrize(
    ("attribute", "raw", "code"),
    [
        ("length", "short", "mini"),
        ("length", "Длина: миди", "midi"),
        ("length", "макси (в пол)", "maxi"),
        ("length", "Knee-Length", "knee"),
        ("length", "95 см", None),
        ("pattern", "All over pattern", "all_over_print"),
        ("pattern", "в полоску", "stripe"),
        ("pattern", "мелкий цветок", "floral"),
        ("pattern", "Application/3D", "applique"),
        ("smell", "rose", None),
    ],
)
def test_lengths_and_patterns(shipped, attribute, raw, code):
    assert shipped.find(attribute, raw) == code


def test_the_words_of_the_shop_win_over_the_shared_ones(shipped):
    own = {words.exact_key("Khaki"): "beige", words.exact_key("Harvest"): "mustard", words.exact_key("col 7"): "red"}
    assert shipped.find("colour", "KHAKI", own) == "beige"
    assert shipped.find("colour", "Khaki") == "khaki"
    assert shipped.find("colour", "Harvest 001", own) == "mustard"
    assert shipped.find("colour", "Col. 7", own) == "red"
    assert shipped.find("colour", "Col. 8", own) is None


def test_the_garment_type_says_which_part_of_the_picture_is_the_product(shipped):
    groups = {raw: shipped.garment_group(shipped.find("garment_type", raw)) for raw in ("Юбка", "Top", "Saree", "Боди")}
    assert groups == {"Юбка": "bottom", "Top": "top", "Saree": "full_body", "Боди": "top"}
    assert shipped.garment_group("unknown") == ""


# --- real catalogues --------------------------------------------------------------------------------------------------


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.shared_data
def test_every_word_of_the_first_real_catalogue_is_understood(shipped, shared_data):
    rows = _rows(shared_data / "hm" / "labels.csv")
    columns = {"colour": "colour", "garment_type": "product_type", "pattern": "pattern", "length": "length"}
    for attribute, column in columns.items():
        unknown = {row[column] for row in rows if row[column] and shipped.find(attribute, row[column]) is None}
        assert unknown == ({"Other"} if attribute == "colour" else set())


@pytest.mark.shared_data
def test_the_first_real_catalogue_has_the_colours_and_parts_that_the_networks_are_trained_on(shipped, shared_data):
    expected = {
        "Off White": "white", "Greyish Beige": "beige", "Dark Beige": "beige", "Dark Grey": "grey", "Silver": None,
        "Dark Yellow": "yellow", "Dark Orange": "orange", "Light Red": "red", "Dark Red": "burgundy",
        "Light Turquoise": "turquoise", "Dark Turquoise": "turquoise", "Light Green": "green", "Dark Pink": "pink",
        "Light Purple": "purple", "Yellowish Brown": "brown", "Greenish Khaki": "khaki", "Bronze/Copper": None,
    }  # fmt: skip
    found = {raw: shipped.roll_up("colour", shipped.find("colour", raw), TRAINED_COLOURS) for raw in expected}
    assert found == expected
    bottoms = {"Trousers", "Skirt", "Shorts", "Leggings/Tights", "Outdoor trousers"}
    bodies = {"Dress", "Jumpsuit/Playsuit", "Dungarees", "Outdoor overall", "Garment Set", "Costumes"}
    for raw in {row["product_type"] for row in _rows(shared_data / "hm" / "labels.csv")}:
        group = shipped.garment_group(shipped.find("garment_type", raw))
        assert group == ("bottom" if raw in bottoms else "full_body" if raw in bodies else "top"), raw


@pytest.mark.shared_data
def test_every_word_of_the_second_real_catalogue_is_understood(shipped, shared_data):
    rows = _rows(shared_data / "myntra" / "labels.csv")
    extras = [json.loads(row["attributes"] or "{}") for row in rows]
    found = {
        "colour": {row["colour"] for row in rows} | {row["colour2"] for row in rows},
        "garment_type": {row["product_type"] for row in rows},
        "pattern": {extra.get("Pattern", "") for extra in extras},
        "length": {extra.get("Length", "") for extra in extras},
    }
    for attribute, raw_words in found.items():
        assert {raw for raw in raw_words if shipped.find(attribute, raw) is None} <= {"", "NA"}, attribute


@pytest.mark.shared_data
def test_every_colour_and_category_of_the_real_yandex_feed_is_understood(shipped, shared_data):
    from defusedxml.ElementTree import parse

    feed = parse(shared_data.parent / "feeds" / "yandex_market_clothing.xml").getroot()
    colours = {param.text for param in feed.iter("param") if param.get("name") == "Цвет"}
    assert {shipped.find("colour", raw) for raw in colours} == {"black", "multicolour"}
    categories = {category.text: shipped.find("garment_type", category.text) for category in feed.iter("category")}
    assert {name for name, code in categories.items() if code is None} == {"Все товары"}


@pytest.mark.shared_data
def test_the_fancy_names_of_the_real_shopify_feed_are_left_to_a_person(shipped, shared_data):
    path = shared_data.parent / "feeds" / "shopify_apparel.csv"
    raw_words = {row["Option1 Value"] for row in _rows(path) if row["Option1 Value"]}
    with path.open(encoding="utf-8-sig", newline="") as file:
        handles = {row["Handle"] for row in csv.DictReader(file) if row["Option1 Name"] == "Color"}
        file.seek(0)
        raw_words = {row["Option1 Value"] for row in csv.DictReader(file) if row["Handle"] in handles}
    unknown = {raw for raw in raw_words if raw and shipped.find("colour", raw) is None}
    assert unknown == {"Deep Water", "Harvest"}
