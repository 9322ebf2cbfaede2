"""Draws one product picture and the exact mask of what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import backgrounds
from .canvas import ACCESSORY, BOTTOM, FOOTWEAR, FULL_BODY, TOP, Canvas, Outline, ellipse, smooth
from .colours import SHADES, Shade, lch_to_light
from .fabric import MULTICOLOUR_PATTERNS, Fabric, fabric_for, folds, plain, weave
from .figure import Pose, View, draw_arms, draw_back_hair, draw_body, draw_head, looks, spread, standing
from .garments import Cut, Garment, build, cut_for, tucked

#: Width and height of the pictures, pixels.
SIZE: Final = (360, 480)

_GROUP_NUMBER: Final = {"top": TOP, "bottom": BOTTOM, "full_body": FULL_BODY}
_WEAVES_OF: Final = {
    "jeans": ("twill",),
    "sweater": ("knit", "knit", "rib", "melange"),
    "hoodie": ("smooth", "melange"),
    "t_shirt": ("smooth", "smooth", "melange"),
    "trousers": ("smooth", "twill", "corduroy"),
    "skirt": ("smooth", "twill", "corduroy", "satin"),
    "shorts": ("smooth", "twill"),
    "shirt": ("smooth", "twill"),
}


@dataclass(frozen=True, slots=True)
class Product:
    """What to draw.

    Attributes:
        cut: the shape of the garment.
        value: its true colour, one of :data:`~catalog_audit.demo.colours.VALUES`.
        shade: which shade of a plain value; None for the patterns.
        weave: one of :data:`~catalog_audit.demo.fabric.WEAVES`.
        pattern: "plain", "floral" or one of :data:`~catalog_audit.demo.fabric.MULTICOLOUR_PATTERNS`.
        scene: "worn" by a figure or laid "flat".
        light_ground: ask for a light ground behind it.
    """

    cut: Cut
    value: str
    shade: Shade | None
    weave: str
    pattern: str
    scene: str
    light_ground: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished picture.

    Attributes:
        image: RGB.
        groups: uint8 (height, width): 0 background, 1 person, 2 top, 3 bottom, 4 full body, 5 footwear, 6 accessory.
    """

    image: Image.Image
    groups: NDArray[np.uint8]


def weave_for(rng: np.random.Generator, garment_type: str) -> str:
    """A weave that the garment type is made of."""
    return str(rng.choice(_WEAVES_OF.get(garment_type, ("smooth", "satin", "smooth"))))


def render(product: Product, rng: np.random.Generator) -> Drawing:
    """Draw a product; the same product and generator state give the same picture, byte by byte.

    Raises:
        ValueError: for an unknown scene, value or a shade of another value.
    """
    if product.scene == "worn":
        canvas = _worn(product, rng)
    elif product.scene == "flat":
        canvas = _flat(product, rng)
    else:
        raise ValueError(f"unknown scene {product.scene!r}")
    warmth = rng.normal(0, 0.012)
    exposure = np.float32(rng.uniform(0.94, 1.06)) * np.array([1 + warmth, 1, 1 - warmth], np.float32)
    grain = rng.standard_normal(canvas.groups.shape, np.float32) * np.float32(rng.uniform(0.006, 0.016))
    return Drawing(canvas.develop(exposure, grain), canvas.groups)


def _sew(
    canvas: Canvas,
    rng: np.random.Generator,
    view: View,
    garment: Garment,
    cloth: Fabric,
    group: int,
    sun: float,
    *,
    worn: bool,
    over_arms: bool,
) -> None:
    """Paint those pieces of a garment that lie under or over the arms."""
    strength = rng.uniform(0.6, 1.3)
    for number, part in enumerate(garment.parts):
        if part.over_arms != over_arms:
            continue
        stencil = canvas.stencil(view(part.outline), minus=None if part.minus is None else view(part.minus))
        if stencil is None:
            continue
        if over_arms:
            canvas.shadow(stencil, 5, (0, 2), 0.22)
        kind = part.folds if worn or part.folds == "drape" else "flat"
        shade = folds(rng, stencil, kind, strength if worn else strength * 0.8, sun, part.pleats)
        if cloth.weave == "satin":
            shade += 0.35 * np.maximum(shade - 1, 0) - 0.15 * np.maximum(1 - shade, 0)
        shade *= weave(rng, stencil, cloth.weave, view.scale)
        canvas.paint(stencil, cloth.light(stencil, 23 * number) * shade[..., None], group)


def _stitch(canvas: Canvas, rng: np.random.Generator, view: View, garment: Garment, cloth: Fabric, cut: Cut) -> None:
    """Seams and buttons; they change the picture but not the groups."""
    width = max(0.8, view.scale * 0.016)
    dark = float(cloth.base.mean()) < 0.04
    for seam in garment.seams:
        stencil = canvas.stroke(view(seam), width)
        if cut.garment_type == "jeans" and not dark:
            canvas.paint(stencil, cloth.base * 0.6 + np.array([0.12, 0.07, 0.02], np.float32), None)
        elif dark:
            canvas.paint(stencil, cloth.base * 1.5 + 0.006, None)
        else:
            canvas.darken(stencil, 0.28)
    tone = np.float32(rng.choice([0.05, 0.5, 0.8]))
    for x, y in garment.buttons:
        canvas.paint(canvas.stencil(view(ellipse(x, y, 0.035, 0.035, 12))), np.full(3, tone, np.float32), None)


def _print_on_chest(canvas: Canvas, rng: np.random.Generator, view: View, cloth: Fabric) -> None:
    """A few short bars, like a line of letters seen from afar: too small to change the garment's colour."""
    ink = np.full(3, 0.75 if cloth.base.mean() < 0.3 else 0.08, np.float32)
    x = -0.3
    while x < 0.28:
        wide = rng.uniform(0.03, 0.09)
        bar = np.array([(x, 2.2), (x + wide, 2.2), (x + wide, 2.2 + rng.uniform(0.07, 0.12)), (x, 2.32)])
        canvas.paint(canvas.stencil(view(bar)), ink, None)
        x += wide + 0.035


def _frame(rng: np.random.Generator, group: str, hem: float) -> tuple[float, float]:
    """First and last height of the figure in view, in heads."""
    if group == "top" and rng.random() < 0.7:
        return rng.uniform(-0.35, 0.55), rng.uniform(4.6, 5.2)
    if group == "bottom" and rng.random() < 0.55:
        return rng.uniform(1.4, 2.5), rng.uniform(7.75, 8.0)
    if group == "full_body" and rng.random() < 0.4:
        return rng.uniform(-0.4, 0.3), max(hem + 0.4, 5.4)
    return rng.uniform(-0.5, -0.3), rng.uniform(7.85, 8.1)


def _worn(product: Product, rng: np.random.Generator) -> Canvas:
    width, height = SIZE
    first, last = _frame(rng, product.cut.group, product.cut.hem)
    scale = min(height / (last - first), width / 2.75)
    view = View(scale, width / 2 + rng.uniform(-12, 12), -first * scale, rng.normal(0, 0.012), rng.uniform(-0.12, 0.12))
    sun = float(rng.choice([-1, 1])) * rng.uniform(0.4, 1.2)
    kind = str(rng.choice(["studio", "wall"])) if product.light_ground else str(rng.choice(backgrounds.WORN))
    canvas = Canvas(backgrounds.draw(rng, SIZE, kind, view.dy + 7.35 * scale))
    pose, person = standing(rng), looks(rng)
    cloth = fabric_for(rng, product.value, product.shade, product.weave, product.pattern, SIZE, scale)
    floor_shadow = canvas.stencil(view(ellipse(0.15 * sun, 7.55, 1.1, 0.13)))
    canvas.shadow(floor_shadow, 8, (0, 0), 0.45)
    draw_back_hair(canvas, rng, view, person, sun)
    draw_body(canvas, rng, view, pose, person, sun)
    _shoes(canvas, rng, view, pose)
    stack = _outfit(product, rng, pose, cloth)
    for piece, fabric, cut in stack:
        _sew(canvas, rng, view, piece, fabric, _GROUP_NUMBER[cut.group], sun, worn=True, over_arms=False)
        _stitch(canvas, rng, view, piece, fabric, cut)
    if product.cut.garment_type in ("t_shirt", "hoodie") and product.shade is not None and rng.random() < 0.2:
        _print_on_chest(canvas, rng, view, cloth)
    if stack[-1][2].garment_type in ("jeans", "trousers", "shorts") and rng.random() < 0.35:
        _belt(canvas, rng, view, pose)
    draw_arms(canvas, rng, view, pose, person, sun)
    for piece, fabric, cut in stack:
        _sew(canvas, rng, view, piece, fabric, _GROUP_NUMBER[cut.group], sun, worn=True, over_arms=True)
    if first < 0.9:
        draw_head(canvas, rng, view, person, sun)
    _accessories(canvas, rng, view, pose)
    return canvas


def _outfit(product: Product, rng: np.random.Generator, pose: Pose, cloth: Fabric) -> list[tuple[Garment, Fabric, Cut]]:
    """The product and what else the figure wears, in a colour of its own; the innermost first."""
    if product.cut.group == "full_body":
        return [(build(product.cut, pose), cloth, product.cut)]
    if product.cut.group == "top":
        kind = str(rng.choice(["jeans", "trousers", "skirt", "shorts", "jeans"]))
    else:
        kind = str(rng.choice(["t_shirt", "top", "blouse", "shirt", "sweater"]))
    other = plain(rng, _other_shade(rng, product.value, kind), weave_for(rng, kind))
    pieces = [(product.cut, cloth), (cut_for(rng, kind), other)]
    pieces.sort(key=lambda piece: piece[0].group)  # the bottom first, so that the top hangs over it
    (bottom, bottom_cloth), (top, top_cloth) = pieces
    if top.garment_type not in ("sweater", "hoodie") and rng.random() < 0.4:
        inside = tucked(top)
        return [(build(inside, pose), top_cloth, inside), (build(bottom, pose), bottom_cloth, bottom)]
    return [(build(bottom, pose), bottom_cloth, bottom), (build(top, pose), top_cloth, top)]


def _other_shade(rng: np.random.Generator, value: str, garment_type: str) -> Shade:
    """A shade for the other garment, never of the product's own value."""
    others = [shade for shade in SHADES if shade.value != value]
    favourites = (
        ["denim_blue", "black"]
        if garment_type == "jeans"
        else ["white", "black", "grey", "beige", "navy", "denim_blue"]
    )
    liked = [shade for shade in others if shade.name in favourites]
    pool = liked if rng.random() < 0.6 else others
    return pool[int(rng.integers(len(pool)))]


def _belt(canvas: Canvas, rng: np.random.Generator, view: View, pose: Pose) -> None:
    half = pose.waist + 0.06
    strap = np.array([(-half, 2.96), (half, 2.96), (half, 3.1), (-half, 3.1)])
    leather = lch_to_light(rng.uniform(8, 40), rng.uniform(2, 26), rng.uniform(45, 70))
    canvas.paint(canvas.stencil(view(strap)), leather, ACCESSORY)
    buckle = np.array([(-0.09, 2.96), (0.09, 2.96), (0.09, 3.1), (-0.09, 3.1)])
    canvas.paint(canvas.stencil(view(buckle)), lch_to_light(72, 24, 82), ACCESSORY)


def _shoes(canvas: Canvas, rng: np.random.Generator, view: View, pose: Pose) -> None:
    leather = lch_to_light(rng.uniform(6, 92), rng.uniform(0, 30), rng.uniform(0, 360))
    boots = rng.random() < 0.25
    for side, sign in enumerate((-1, 1)):
        x, y = pose.ankle[side]
        sole = smooth(
            [
                (x - sign * 0.11, y - 0.02),
                (x - sign * 0.12, y + 0.28),
                (x + sign * 0.1, y + 0.36),
                (x + sign * 0.24, y + 0.33),
                (x + sign * 0.2, y + 0.16),
                (x + sign * 0.11, y - 0.02),
            ]
        )
        stencils = [canvas.stencil(view(sole))]
        if boots:
            shaft = np.array([(x - 0.14, y - 0.7), (x + 0.14, y - 0.7), (x + 0.13, y + 0.1), (x - 0.13, y + 0.1)])
            stencils.insert(0, canvas.stencil(view(shaft)))
        for stencil in stencils:
            if stencil is not None:
                shade = folds(rng, stencil, "limb", 0.5, 0.5)
                canvas.paint(stencil, leather * shade[..., None], FOOTWEAR)


def _accessories(canvas: Canvas, rng: np.random.Generator, view: View, pose: Pose) -> None:
    leather = lch_to_light(rng.uniform(10, 85), rng.uniform(2, 45), rng.uniform(0, 360))
    if rng.random() < 0.2:
        wx, wy = pose.wrist[int(rng.integers(2))]
        body = np.array([(wx - 0.32, wy + 0.75), (wx + 0.32, wy + 0.75), (wx + 0.38, wy + 1.3), (wx - 0.38, wy + 1.3)])
        for handle in (smooth([(wx - 0.22, wy + 0.8), (wx, wy + 0.2), (wx + 0.22, wy + 0.8)]),):
            canvas.paint(canvas.stroke(view(handle), max(1.5, view.scale * 0.05)), leather * 0.8, ACCESSORY)
        stencil = canvas.stencil(view(body))
        if stencil is not None:
            canvas.paint(stencil, leather * folds(rng, stencil, "flat", 0.5, 0.4)[..., None], ACCESSORY)
    if rng.random() < 0.12:
        for sign in (-1, 1):
            canvas.paint(
                canvas.stencil(view(ellipse(sign * 0.15, 0.5, 0.12, 0.095))), np.full(3, 0.015, np.float32), ACCESSORY
            )
        canvas.paint(
            canvas.stroke(view(np.array([(-0.06, 0.48), (0.06, 0.48)])), max(1.0, view.scale * 0.025)),
            np.full(3, 0.015, np.float32),
            ACCESSORY,
        )


def _fit(outlines: list[Outline], rng: np.random.Generator) -> View:
    """A view in which the outlines fill most of the picture."""
    points = np.concatenate(outlines)
    (left, top), (right, bottom) = points.min(0), points.max(0)
    width, height = SIZE
    scale = min(width * rng.uniform(0.78, 0.92) / (right - left), height * rng.uniform(0.74, 0.88) / (bottom - top))
    dx = width / 2 - scale * (left + right) / 2 + rng.uniform(-6, 6)
    dy = height / 2 - scale * (top + bottom) / 2 + rng.uniform(-6, 6)
    return View(scale, dx, dy, rng.normal(0, 0.015))


def _flat(product: Product, rng: np.random.Generator) -> Canvas:
    pose = spread(rng)
    garment = build(product.cut, pose)
    view = _fit([part.outline for part in garment.parts], rng)
    kind = str(rng.choice(["paper", "paper", "tinted"])) if product.light_ground else str(rng.choice(backgrounds.LAID))
    canvas = Canvas(backgrounds.draw(rng, SIZE, kind, SIZE[1] * 2))
    cloth = fabric_for(rng, product.value, product.shade, product.weave, product.pattern, SIZE, view.scale)
    whole = canvas.stencil(*[view(part.outline) for part in garment.parts], minus=None)
    canvas.shadow(
        whole, rng.uniform(7, 14), (int(rng.integers(-5, 6)), int(rng.integers(2, 8))), rng.uniform(0.15, 0.4)
    )
    canvas.shadow(whole, 3, (0, 2), 0.25)
    group = _GROUP_NUMBER[product.cut.group]
    sun = float(rng.choice([-0.6, 0.6]))
    if garment.lining is not None:
        inside = canvas.stencil(view(garment.lining))
        if inside is not None:
            canvas.paint(inside, cloth.light(inside, 5) * 0.62, group)
            label = canvas.stencil(view(np.array([(-0.07, 1.42), (0.07, 1.42), (0.07, 1.5), (-0.07, 1.5)])))
            canvas.paint(label, np.full(3, 0.7, np.float32), None)
    _sew(canvas, rng, view, garment, cloth, group, sun, worn=False, over_arms=True)
    _sew(canvas, rng, view, garment, cloth, group, sun, worn=False, over_arms=False)
    _stitch(canvas, rng, view, garment, cloth, product.cut)
    collar = Garment([part for part in garment.parts if part.over_arms and part.folds == "flat"])
    _sew(canvas, rng, view, collar, cloth, group, sun, worn=False, over_arms=True)
    if product.cut.garment_type in ("t_shirt", "hoodie") and product.shade is not None and rng.random() < 0.25:
        _print_on_chest(canvas, rng, view, cloth)
    return canvas


def pattern_for(rng: np.random.Generator, value: str) -> str:
    """A pattern that cloth of the value can have."""
    if value == "multicolour":
        return str(rng.choice(MULTICOLOUR_PATTERNS))
    return "floral" if value == "floral_print" else "plain"
