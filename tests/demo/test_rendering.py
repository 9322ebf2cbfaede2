"""Drawn pictures: the same for the same seed, with masks that fit and colours that are what they are called."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from catalog_audit.demo.colours import SHADES, VALUES, pick_light, pick_shade
from catalog_audit.demo.garments import GROUP_OF, cut_for
from catalog_audit.demo.render import SIZE, Product, pattern_for, render, weave_for

GROUP_NUMBER = {"top": 2, "bottom": 3, "full_body": 4}


def product(garment_type: str = "dress", value: str = "red", scene: str = "worn", seed: int = 0) -> Product:
    rng = np.random.default_rng([seed, 9])
    pattern = pattern_for(rng, value)
    shade = pick_shade(rng, value) if pattern == "plain" else None
    return Product(
        cut_for(rng, garment_type), value, shade, weave_for(rng, garment_type), pattern, scene, light_ground=False
    )


def draw(wanted: Product, seed: int = 3):
    return render(wanted, np.random.default_rng(seed))


def lab(pixels: np.ndarray) -> np.ndarray:
    """sRGB 0..255 to CIE Lab (D65), written out again so that the renderer is not its own judge."""
    c = pixels / 255
    light = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    xyz = light @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    t = xyz / np.array([0.9505, 1.0, 1.089])
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


@pytest.mark.parametrize("scene", ["worn", "flat"])
@pytest.mark.parametrize("garment_type", sorted(GROUP_OF))
def test_the_mask_shows_the_garment_in_its_group(garment_type, scene):
    drawing = draw(product(garment_type, scene=scene))
    assert drawing.image.size == SIZE
    assert drawing.groups.shape == SIZE[::-1]
    assert drawing.groups.dtype == np.uint8
    share = float(np.mean(drawing.groups == GROUP_NUMBER[GROUP_OF[garment_type]]))
    assert share > 0.03


def test_a_worn_garment_has_a_person_and_another_garment_in_view():
    groups = set(np.unique(draw(product("skirt", scene="worn")).groups))
    assert {0, 1, 2, 3} <= groups


def test_a_garment_laid_flat_is_alone():
    assert set(np.unique(draw(product("dress", scene="flat")).groups)) == {0, 4}


@pytest.mark.parametrize("value", sorted(set(VALUES) - {"multicolour", "floral_print"}))
def test_the_colour_inside_the_mask_is_the_one_it_is_called(value):
    """The garment's middle colour is nearer to a shade of its own value than to those of all others."""
    rng = np.random.default_rng(1)
    drawing = draw(product("skirt", value, scene="flat"))
    pixels = np.asarray(drawing.image, np.float32)[drawing.groups == 3]
    measured = np.median(lab(pixels), axis=0)
    distance: dict[str, float] = {}
    for shade in SHADES:
        for _ in range(20):
            light = pick_light(rng, shade).astype(float)
            encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
            off = float(np.linalg.norm(measured - lab(encoded)))
            distance[shade.value] = min(distance.get(shade.value, np.inf), off)
    assert min(distance, key=distance.__getitem__) == value


def test_the_mask_ends_where_the_picture_changes():
    """A red skirt on a light ground: what the mask names is red, and what it does not name is not."""
    drawing = draw(product("skirt", "red", scene="flat"))
    pixels = np.asarray(drawing.image, np.int16)
    red = (pixels[..., 0] - pixels[..., 1]) > 60
    inside = drawing.groups == 3
    assert np.sum(red & inside) / np.sum(red | inside) > 0.97


@pytest.mark.parametrize("value", ["multicolour", "floral_print"])
def test_patterns_have_several_colours(value):
    plain = draw(product("dress", "blue", scene="flat"))
    pattern = draw(product("dress", value, scene="flat"))

    def spread(drawing) -> float:
        return float(lab(np.asarray(drawing.image, np.float32)[drawing.groups == 4])[:, 1:].std(axis=0).sum())

    assert spread(pattern) > 2 * spread(plain)


def test_the_same_seed_draws_the_same_picture():
    first, second = draw(product()), draw(product())
    assert first.image.tobytes() == second.image.tobytes()
    assert np.array_equal(first.groups, second.groups)
    assert draw(product(), seed=4).image.tobytes() != first.image.tobytes()


def test_an_unknown_scene_is_refused():
    with pytest.raises(ValueError, match="unknown scene"):
        draw(product(scene="hanging"))


def test_pictures_are_rgb():
    assert isinstance(draw(product()).image, Image.Image)
    assert draw(product()).image.mode == "RGB"
