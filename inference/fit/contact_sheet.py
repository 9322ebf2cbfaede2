"""Contact sheets: many small pictures on one page, so that a person can judge labels or masks by eye.

A cell shows the picture, beside it the middle of the picture enlarged and brightened (navy and black look alike
otherwise), and below it swatches and a few words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_PICTURE = (176, 262)
_DETAIL = 56
_LINE = 15
_GAP = 6
_FONT_SIZE = 13
_INK, _PAPER = "#111111", "#ffffff"

#: How the middle of the picture is brightened: levels 0..255 to this power.
_GAMMA = 0.45


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of a sheet.

    Attributes:
        path: the picture.
        lines: texts below it.
        swatches: colours ``#rrggbb`` drawn before the last of the lines.
        outline: bool (height, width) of the picture; its edge is drawn in magenta. None draws nothing.
    """

    path: Path
    lines: tuple[str, ...] = ()
    swatches: tuple[str, ...] = ()
    outline: NDArray[np.bool_] | None = None


def sheets(cells: Sequence[Cell], columns: int = 6, rows: int = 4) -> Iterator[Image.Image]:
    """Lay cells out on as many pages as they need.

    Args:
        cells: what to show, in reading order.
        columns: cells beside each other.
        rows: lines of cells on one page.

    Yields:
        RGB pictures.

    Raises:
        OSError: a picture cannot be read.
    """
    texts = max((len(cell.lines) for cell in cells), default=0)
    width = _PICTURE[0] + _DETAIL + 3 * _GAP
    height = _PICTURE[1] + _LINE * texts + 2 * _GAP
    font = ImageFont.load_default(_FONT_SIZE)
    for start in range(0, len(cells), columns * rows):
        part = cells[start : start + columns * rows]
        page = Image.new("RGB", (columns * width, -(-len(part) // columns) * height), _PAPER)
        for place, cell in enumerate(part):
            _draw(page, cell, (place % columns * width + _GAP, place // columns * height + _GAP), font)
        yield page


def _draw(
    page: Image.Image, cell: Cell, at: tuple[int, int], font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> None:
    with Image.open(cell.path) as opened:
        picture = opened.convert("RGB")
    detail = _detail(picture)
    if cell.outline is not None:
        picture = _outlined(picture, cell.outline)
    picture.thumbnail(_PICTURE)
    page.paste(picture, at)
    page.paste(detail, (at[0] + _PICTURE[0] + _GAP, at[1]))
    draw = ImageDraw.Draw(page)
    top, left = at[1] + _PICTURE[1] + 1, at[0]
    for number, line in enumerate(cell.lines):
        start = left
        if number == len(cell.lines) - 1:
            for swatch in cell.swatches:
                draw.rectangle((start, top + 2, start + 22, top + _LINE - 1), fill=swatch, outline="#888888")
                start += 26
        draw.text((start, top), line, fill=_INK, font=font)
        top += _LINE


def _detail(picture: Image.Image) -> Image.Image:
    """The middle of a picture, as it is above and brightened below."""
    width, height = picture.size
    box = (round(width * 0.38), round(height * 0.3), round(width * 0.62), round(height * 0.7))
    part = picture.crop(box).resize((_DETAIL, _PICTURE[1] // 2))
    curve = [round(255 * (level / 255) ** _GAMMA) for level in range(256)] * 3
    both = Image.new("RGB", (_DETAIL, 2 * part.height))
    both.paste(part, (0, 0))
    both.paste(part.point(curve), (0, part.height))
    return both


def _outlined(picture: Image.Image, region: NDArray[np.bool_]) -> Image.Image:
    inner = region.copy()
    inner[1:] &= region[:-1]
    inner[:-1] &= region[1:]
    inner[:, 1:] &= region[:, :-1]
    inner[:, :-1] &= region[:, 1:]
    pixels = np.asarray(picture).copy()
    pixels[region & ~inner] = (255, 0, 255)
    return Image.fromarray(pixels)
