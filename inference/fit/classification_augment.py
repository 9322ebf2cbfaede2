"""Augmentation of crops, batched on tensors.

Hue is never touched: it is what the network must tell. Exposure and white balance move only as far as a shop's
photographer would let them. The mask is disturbed more than the picture, because an audit's masks come from a network
and not from the teacher that outlined the training pictures.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def _uniform(count: int, low: float, high: float) -> Tensor:
    return torch.empty(count).uniform_(low, high)


def _affine(count: int) -> Tensor:
    """Random flip, rotation up to 8 degrees, zoom up to 1.2 per axis, shift up to 6%: (n, 2, 3) for ``affine_grid``."""
    angle = _uniform(count, -0.14, 0.14)
    wide, high = _uniform(count, -0.18, 0.12).exp(), _uniform(count, -0.18, 0.12).exp()
    flip = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = angle.cos() * wide * flip
    theta[:, 0, 1] = -angle.sin() * high
    theta[:, 1, 0] = angle.sin() * wide * flip
    theta[:, 1, 1] = angle.cos() * high
    theta[:, 0, 2], theta[:, 1, 2] = _uniform(count, -0.12, 0.12), _uniform(count, -0.12, 0.12)
    return theta


def disturb_masks(masks: Tensor) -> Tensor:
    """Grow, shrink and shift masks by a few pixels and take a bite out of a quarter of them.

    Args:
        masks: float (n, 1, side, side), 0..1.

    Returns:
        Masks of the same shape; none loses more than about a third of its product.
    """
    count, side = masks.shape[0], masks.shape[-1]
    reach = max(3, side // 24 * 2 + 1)
    blurred = functional.avg_pool2d(masks, reach, stride=1, padding=reach // 2)
    level = _uniform(count, 0.15, 0.85).view(-1, 1, 1, 1)
    moved = ((blurred - level) * 12 + 0.5).clamp(0, 1)
    step = max(1, side // 80)
    shift = [int(value) for value in torch.randint(-step, step + 1, (2,))]
    moved = torch.roll(moved, shift, dims=(2, 3))
    for row in torch.nonzero(torch.rand(count) < 0.25).flatten().tolist():
        high, wide = (int(value) for value in torch.randint(side // 8, side // 3, (2,)))
        top, left = int(torch.randint(0, side - high, (1,))), int(torch.randint(0, side - wide, (1,)))
        moved[row, :, top : top + high, left : left + wide] = 0
    kept = moved.sum((1, 2, 3)) >= 0.65 * masks.sum((1, 2, 3))
    return torch.where(kept.view(-1, 1, 1, 1), moved, masks)


def augment(pixels: Tensor, masks: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Disturb a batch.

    Args:
        pixels: uint8 (n, 3, s, s), RGB.
        masks: uint8 (n, 1, s, s), 0..255.
        side: side of the squares returned.

    Returns:
        float (n, 3, side, side), RGB 0..255, and float (n, 1, side, side), 0..1.
    """
    count = pixels.shape[0]
    grid = functional.affine_grid(_affine(count), [count, 4, side, side], align_corners=False)
    both = torch.cat([pixels.float(), masks.float()], 1)
    both = functional.grid_sample(both, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    picture, mask = both[:, :3], both[:, 3:] / 255
    exposure = _uniform(count, 0.93, 1.07).view(-1, 1, 1, 1)
    balance = _uniform(count * 3, 0.975, 1.025).view(-1, 3, 1, 1)
    return (picture * exposure * balance).clamp(0, 255), disturb_masks(mask)


def plain(pixels: Tensor, masks: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Resize a batch without disturbing it; arguments and result as in :func:`augment`."""
    size = (side, side)
    picture = functional.interpolate(pixels.float(), size, mode="bilinear", align_corners=False, antialias=True)
    mask = functional.interpolate(masks.float(), size, mode="bilinear", align_corners=False, antialias=True)
    return picture, mask / 255
