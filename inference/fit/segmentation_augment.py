"""Random variations of segmentation samples: geometry, light, ground and garments laid together.

Everything works on one sample at a time: a float32 picture (3, height, width) in 0..1 and a uint8 group map
(height, width). 255 in a group map means "not known, do not learn from it".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

#: The number in a group map that the loss skips.
IGNORED = 255


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture, float32 (3, height, width) in 0..1, and its group map, uint8 (height, width)."""

    picture: Tensor
    groups: Tensor


class Dice:
    """Random numbers from one generator, so that a resumed training goes on with the same sequence."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    def uniform(self, low: float, high: float) -> float:
        """A number between ``low`` and ``high``."""
        return low + (high - low) * float(torch.rand((), generator=self.generator))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return float(torch.rand((), generator=self.generator)) < probability

    def below(self, limit: int) -> int:
        """A whole number 0..limit-1."""
        return int(torch.randint(limit, (), generator=self.generator))


def ground(height: int, width: int, dice: Dice, light: bool) -> Tensor:
    """A plain ground with a soft slope of light: float32 (3, height, width); near white when ``light``."""
    tint = torch.rand(3, generator=dice.generator)
    colour = dice.uniform(0.78, 1.0) + (tint - 0.5) * 0.06 if light else 0.1 + 0.85 * tint
    angle = dice.uniform(0, 2 * math.pi)
    down = torch.linspace(-1, 1, height)[:, None] * math.sin(angle)
    across = torch.linspace(-1, 1, width)[None, :] * math.cos(angle)
    slope = (down + across) * dice.uniform(0, 0.08)
    return (colour[:, None, None] + slope).clamp(0, 1)


def replace_ground(sample: Sample, dice: Dice, light: bool) -> Sample:
    """Put the figure or garment (everything but group 0) on another ground, with soft edges."""
    height, width = sample.groups.shape
    figure = (sample.groups != 0).float()[None, None]
    alpha = functional.avg_pool2d(figure, 3, stride=1, padding=1, count_include_pad=False)[0]
    return Sample(sample.picture * alpha + ground(height, width, dice, light) * (1 - alpha), sample.groups)


def lighten(sample: Sample, dice: Dice) -> Sample:
    """Bleach the garment, so that light garments on light grounds are not rare."""
    strength = dice.uniform(0.1, 0.6)
    garment = (sample.groups != 0)[None]
    bleached = 1 - (1 - sample.picture) * strength
    return Sample(torch.where(garment, bleached, sample.picture), sample.groups)


def lay_together(upper: Sample, lower: Sample, dice: Dice, light: bool) -> Sample:
    """Lay two garments into one picture, one above the other or side by side, with exact group maps."""
    height, width = upper.groups.shape
    canvas = ground(height, width, dice, light)
    groups = torch.zeros(height, width, dtype=torch.uint8)
    beside = dice.chance(0.3)
    places = ((0.27, 0.5), (0.73, 0.5)) if beside else ((0.5, 0.3), (0.5, 0.7))
    for sample, (x, y) in zip((upper, lower), places, strict=True):
        scale = dice.uniform(0.45, 0.6)
        small_height, small_width = int(height * scale), int(width * scale)
        picture = functional.interpolate(sample.picture[None], (small_height, small_width), mode="area")[0]
        part = functional.interpolate(sample.groups[None, None].float(), (small_height, small_width))[0, 0].byte()
        top = int(
            min(max(0.0, y * height - small_height / 2 + dice.uniform(-0.06, 0.06) * height), height - small_height)
        )
        left = int(min(max(0.0, x * width - small_width / 2 + dice.uniform(-0.06, 0.06) * width), width - small_width))
        window = (slice(top, top + small_height), slice(left, left + small_width))
        covered = part != 0
        canvas[:, *window] = torch.where(covered[None], picture, canvas[:, *window])
        groups[window] = torch.where(covered, part, groups[window])
    return Sample(canvas, groups)


def warp(sample: Sample, height: int, width: int, dice: Dice, zooms: tuple[float, float]) -> Sample:
    """Zoom, stretch, turn, move and mirror into a view of ``height`` x ``width``.

    Where the view leaves the picture, the border is repeated and the group map says :data:`IGNORED`.
    """
    zoom = math.exp(dice.uniform(math.log(zooms[0]), math.log(zooms[1])))
    stretch = math.exp(dice.uniform(-0.14, 0.14))
    zoom_x, zoom_y = zoom * stretch, zoom / stretch
    angle = math.radians(dice.uniform(-9, 9))
    mirror = -1.0 if dice.chance(0.5) else 1.0
    shift_x = dice.uniform(-1, 1) * (abs(1 - 1 / zoom_x) + 0.04)
    shift_y = dice.uniform(-1, 1) * (abs(1 - 1 / zoom_y) + 0.04)
    ratio = height / width
    theta = torch.tensor(
        [
            [[mirror * math.cos(angle) / zoom_x, -math.sin(angle) * ratio / zoom_x, shift_x],
             [mirror * math.sin(angle) / ratio / zoom_y, math.cos(angle) / zoom_y, shift_y]]
        ]
    )  # fmt: skip
    picture = sample.picture[None]
    wanted = (max(8, round(height * zoom_y)), max(8, round(width * zoom_x)))
    if wanted[0] < 0.8 * picture.shape[2]:
        picture = functional.interpolate(picture, wanted, mode="bilinear", antialias=True, align_corners=False)
    grid = functional.affine_grid(theta, [1, 3, height, width], align_corners=False)
    picture = functional.grid_sample(picture, grid, padding_mode="border", align_corners=False)[0]
    groups = functional.grid_sample(sample.groups[None, None].float(), grid, mode="nearest", align_corners=False)[0, 0]
    outside = (grid.abs() > 1).any(-1)[0]
    return Sample(picture, groups.byte().masked_fill(outside, IGNORED))


def light_and_lens(picture: Tensor, dice: Dice) -> Tensor:
    """Vary exposure, contrast, saturation, white balance, sharpness and noise of a picture; returns 0..1."""
    generator = dice.generator
    grey = picture.mean(0, keepdim=True)
    picture = grey + (picture - grey) * dice.uniform(0.4, 1.5)
    level = float(picture.mean())
    picture = (picture - level) * dice.uniform(0.7, 1.35) + level
    gain = dice.uniform(0.72, 1.28) * (1 + (torch.rand(3, 1, 1, generator=generator) - 0.5) * 0.2)
    picture = (picture * gain).clamp(0, 1)
    if dice.chance(0.15):
        mixing = torch.eye(3) * 0.6 + torch.rand(3, 3, generator=generator) * 0.4
        picture = torch.einsum("ij,jhw->ihw", mixing / mixing.sum(1, keepdim=True), picture)
    if dice.chance(0.5):
        picture = picture.clamp_min(1e-4) ** dice.uniform(0.75, 1.35)
    if dice.chance(0.2):
        height, width = picture.shape[1:]
        scale = dice.uniform(0.4, 0.85)
        small = functional.interpolate(picture[None], (int(height * scale), int(width * scale)), mode="area")
        picture = functional.interpolate(small, (height, width), mode="bilinear", align_corners=False)[0]
    if dice.chance(0.2):
        picture = picture + torch.randn(picture.shape, generator=generator) * dice.uniform(0.005, 0.03)
    return picture.clamp(0, 1)
