"""How the demo shop writes: mixed Russian and English, never twice alike, as feeds are."""

from __future__ import annotations

from typing import Final

#: Shade or pattern value -> the words for it in the feed.
COLOUR_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "black": ("чёрный", "Черный", "Black", "черный"),
    "white": ("белый", "White", "Белый"),
    "off_white": ("молочный", "Off White", "Молочный"),
    "grey": ("серый", "Grey", "gray", "Серый"),
    "dark_grey": ("тёмно-серый", "Dark Grey", "т.-серый"),
    "light_grey": ("светло-серый", "Light Grey", "св.-серый"),
    "beige": ("бежевый", "Beige", "Бежевый"),
    "dark_beige": ("тёмно-бежевый", "Dark Beige"),
    "light_beige": ("светло-бежевый", "Light Beige"),
    "brown": ("коричневый", "Brown"),
    "chocolate": ("шоколадный", "Тёмно-коричневый"),
    "navy": ("тёмно-синий", "т.-синий", "Navy", "темно-синий", "Dark Blue"),
    "blue": ("синий", "Blue", "Синий"),
    "denim_blue": ("синий", "Blue"),
    "light_blue": ("голубой", "Light Blue", "светло-голубой"),
    "turquoise": ("бирюзовый", "Turquoise"),
    "dark_turquoise": ("тёмно-бирюзовый", "Dark Turquoise"),
    "green": ("зелёный", "Green", "зеленый"),
    "dark_green": ("тёмно-зелёный", "Dark Green", "т.-зелёный"),
    "light_green": ("светло-зелёный", "Light Green"),
    "khaki": ("хаки", "Greenish Khaki", "Хаки"),
    "yellow": ("жёлтый", "Yellow", "желтый"),
    "light_yellow": ("светло-жёлтый", "Light Yellow"),
    "mustard": ("горчичный", "Mustard"),
    "orange": ("оранжевый", "Orange"),
    "rust": ("терракотовый", "тёмно-оранжевый"),
    "peach": ("персиковый", "Peach"),
    "red": ("красный", "Red", "Красный"),
    "burgundy": ("бордовый", "Burgundy", "тёмно-красный"),
    "pink": ("розовый", "Pink"),
    "light_pink": ("светло-розовый", "Light Pink"),
    "hot_pink": ("ярко-розовый", "фуксия", "Hot Pink"),
    "purple": ("фиолетовый", "Purple"),
    "lilac": ("сиреневый", "Lilac", "светло-фиолетовый"),
    "multicolour": ("разноцветный", "мультиколор", "Multicolour", "Multi"),
    "floral_print": ("цветочный принт", "Floral print", "в цветочек"),
}

#: Fancy names that no dictionary knows; somebody has to map them once.
FANCY_WORDS: Final = ("Северное сияние", "Polar Night", "Сумерки в Гранаде")

#: Garment type -> words for the category column.
CATEGORY_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "dress": ("Платья", "Женская одежда/Платья", "Dresses"),
    "skirt": ("Юбки", "Женская одежда/Юбки", "Skirts"),
    "trousers": ("Брюки", "Trousers"),
    "jeans": ("Джинсы", "Jeans"),
    "shorts": ("Шорты", "Shorts"),
    "t_shirt": ("Футболки", "T-shirts"),
    "top": ("Топы", "Tops"),
    "blouse": ("Блузки", "Blouses"),
    "shirt": ("Рубашки", "Shirts"),
    "sweater": ("Свитеры", "Sweaters"),
    "hoodie": ("Худи", "Hoodies"),
}

#: Garment type -> names of products.
TITLE_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "dress": ("Платье", "Платье из вискозы", "Вечернее платье", "Dress"),
    "skirt": ("Юбка", "Юбка с поясом", "Skirt"),
    "trousers": ("Брюки", "Прямые брюки", "Trousers"),
    "jeans": ("Джинсы", "Джинсы с высокой посадкой", "Jeans"),
    "shorts": ("Шорты", "Летние шорты", "Shorts"),
    "t_shirt": ("Футболка", "Хлопковая футболка", "T-shirt"),
    "top": ("Топ", "Майка", "Top"),
    "blouse": ("Блузка", "Блузка с объёмным рукавом", "Blouse"),
    "shirt": ("Рубашка", "Рубашка из поплина", "Shirt"),
    "sweater": ("Свитер", "Джемпер крупной вязки", "Sweater"),
    "hoodie": ("Худи", "Худи с карманом", "Hoodie"),
}

#: Names of designs.
DESIGN_NAMES: Final = (
    "Агата", "Берта", "Вега", "Глория", "Дана", "Ева", "Зоя", "Инга", "Кира", "Лада", "Майя", "Нора", "Ольга", "Полина",
    "Alma", "Bella", "Cora", "Delia", "Elsa", "Flora", "Greta", "Hanna", "Iris", "Juno",
    "Luna", "Mira", "Nova", "Stella",
)  # fmt: skip

#: Named length -> words for the length column.
LENGTH_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "mini": ("мини", "mini"),
    "knee": ("до колена", "knee"),
    "midi": ("миди", "midi"),
    "maxi": ("макси", "maxi"),
    "": ("",),
}

#: Weave or pattern -> words for the pattern column.
PATTERN_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "plain": ("однотонный", "Solid"),
    "melange": ("меланж", "Melange"),
    "floral": ("цветочный", "Floral"),
    "stripe": ("полоска", "Stripe"),
    "colour_block": ("колор-блок", "Colour blocking"),
    "patchwork": ("пэчворк", "Patchwork"),
    "check": ("клетка", "Check"),
    "watercolour": ("абстрактный", "All over pattern"),
}

#: Sentences of the description column.
DESCRIPTIONS: Final = (
    "Мягкая ткань, приятная к телу.",
    "Свободный крой, машинная стирка при 30°.",
    "Soft fabric with a relaxed fit.",
    "Хорошо сочетается с базовым гардеробом.",
    "Designed for every day.",
)
