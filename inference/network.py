"""The network that names the values of all attributes inside a region: learned features and measured colours.

Two branches see the same crop. A convolutional trunk (EfficientNet-Lite0; Tan & Le, ICML 2019) is pooled over the
region only, with everything outside replaced by neutral grey, so that neither the background nor another garment
gives a colour. Beside it a soft three-dimensional CIE Lab histogram of the region states the colours as measured.
Either alone is weaker: the trunk loses absolute colour, the histogram does not know a print from a shadow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.crops import SHAPE_WIDTH

#: RGB value that stands for "not the product"; it becomes 0 after normalisation.
NEUTRAL = 127.0
SCALE = 128.0

#: Bins of the histogram along L, a and b, and the range that they span; colours outside fall into the outermost bins.
BINS = (8, 9, 9)
LOW = (0.0, -48.0, -48.0)
HIGH = (100.0, 72.0, 72.0)

#: The shape that training builds.
TRUNK = "tf_efficientnet_lite0"
EMBEDDING = 128

_EPSILON = 1e-6


def lab_from_rgb(pixels: Tensor) -> Tensor:
    """Convert sRGB 0..255, shape (n, 3, ...), to CIE Lab under D65: L 0..100, a and b about -128..127, same shape."""
    share = pixels / 255.0
    linear = torch.where(share <= 0.04045, share / 12.92, ((share.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4)
    red, green, blue = linear.unbind(1)
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    cube = torch.stack([x, y, z], 1)
    bent = torch.where(cube > 216 / 24389, cube.clamp_min(_EPSILON) ** (1 / 3), cube * (24389 / 27 / 116) + 16 / 116)
    fx, fy, fz = bent.unbind(1)
    return torch.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], 1)


def lab_histogram(pixels: Tensor, mask: Tensor) -> Tensor:
    """Soft histogram of the colours inside a region, with means and deviations.

    Args:
        pixels: float (n, 3, h, w), RGB 0..255.
        mask: float (n, 1, h, w), 0..1.

    Returns:
        float (n, HISTOGRAM_WIDTH): the square roots of the bins' shares (Hellinger), then mean and standard deviation
        of L, a and b over 100.
    """
    count = pixels.shape[0]
    lab = lab_from_rgb(pixels[:, :, ::2, ::2]).flatten(2)
    weight = mask[:, :, ::2, ::2].flatten(2)
    weight = (weight + _EPSILON) / (weight + _EPSILON).sum(2, keepdim=True)
    low, high = lab.new_tensor(LOW).view(1, 3, 1), lab.new_tensor(HIGH).view(1, 3, 1)
    steps = lab.new_tensor([bins - 1 for bins in BINS]).view(1, 3, 1)
    place = ((lab - low) / (high - low)).clamp(0, 1) * steps
    floor = torch.minimum(place.floor(), steps - 1)
    part = place - floor
    start = floor.long()
    bins = pixels.new_zeros(count, BINS[0] * BINS[1] * BINS[2])
    for corner in range(8):
        index, share = torch.zeros_like(start[:, 0]), weight[:, 0]
        for axis in range(3):
            upper = corner >> axis & 1
            index = index * BINS[axis] + start[:, axis] + upper
            share = share * (part[:, axis] if upper else 1 - part[:, axis])
        bins.scatter_add_(1, index, share)
    mean = (lab * weight).sum(2)
    deviation = ((lab - mean.unsqueeze(2)) ** 2 * weight).sum(2).clamp_min(_EPSILON).sqrt()
    return torch.cat([bins.clamp_min(_EPSILON).sqrt(), mean / 100, deviation / 100], 1)


HISTOGRAM_WIDTH = BINS[0] * BINS[1] * BINS[2] + 6


class AttributeNetwork(nn.Module):
    """Logits of the values of several attributes for the product inside a region.

    Attributes:
        slices: attribute -> columns of the logits that are its values.

    Args:
        values: attribute -> number of values, in the order of the outputs.
        trunk: name of a timm network whose ``forward_features`` gives a map (n, channels, h, w).
        embedding: width of the histogram's embedding.
        dropout: share of the joined features dropped in training.
    """

    def __init__(
        self, values: Mapping[str, int], trunk: str = TRUNK, embedding: int = EMBEDDING, dropout: float = 0.25
    ) -> None:
        super().__init__()
        self.trunk = cast(Any, timm.create_model(trunk, pretrained=False, num_classes=0, global_pool=""))
        self.measured = nn.Sequential(nn.Linear(HISTOGRAM_WIDTH, embedding), nn.ReLU(), nn.Dropout(dropout))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(int(self.trunk.num_features) + embedding + SHAPE_WIDTH, sum(values.values()))
        self.slices: dict[str, slice] = {}
        start = 0
        for attribute, count in values.items():
            self.slices[attribute] = slice(start, start + count)
            start += count

    def attention_layer(self) -> nn.Module:
        """The layer whose activations explain a prediction: the last one of stride 16, finer than the final map."""
        name = next(entry["module"] for entry in self.trunk.feature_info if entry["reduction"] == 16)
        return cast(nn.Module, self.trunk.get_submodule(name))

    def forward(self, pixels: Tensor, mask: Tensor, shapes: Tensor) -> Tensor:
        """Classify crops.

        Args:
            pixels: float (n, 3, side, side), RGB 0..255.
            mask: float (n, 1, side, side), 0..1, 1 where the product is.
            shapes: float (n, SHAPE_WIDTH).

        Returns:
            float (n, values of all attributes): logits; :attr:`slices` says which columns are whose.
        """
        features = self.trunk.forward_features(self.visible(pixels, mask))
        return self.conclude(features, mask, self.measure(pixels, mask), shapes)

    @staticmethod
    def measure(pixels: Tensor, mask: Tensor) -> Tensor:
        """The histogram of the colours, which is measured and not learnt: alike for all members of an ensemble."""
        with torch.no_grad(), torch.autocast(pixels.device.type, enabled=False):
            return lab_histogram(pixels.detach().float(), mask.float())

    @staticmethod
    def visible(pixels: Tensor, mask: Tensor) -> Tensor:
        """What the trunk sees: float (n, 3, side, side), about -1..1, 0 outside the region."""
        return ((pixels - NEUTRAL) / SCALE * mask).contiguous(memory_format=torch.channels_last)

    def conclude(self, features: Tensor, mask: Tensor, histogram: Tensor, shapes: Tensor) -> Tensor:
        """Logits from the trunk's map, what :meth:`measure` gave, and the shapes."""
        return cast(Tensor, self.head(self.joined(features, mask, histogram, shapes)))

    def joined(self, features: Tensor, mask: Tensor, histogram: Tensor, shapes: Tensor) -> Tensor:
        """What the outputs are a linear function of: float (n, width of the trunk + embedding + SHAPE_WIDTH)."""
        weight = functional.adaptive_avg_pool2d(mask, (features.shape[2], features.shape[3])) + 1e-3
        pooled = (features * weight).sum((2, 3)) / weight.sum((2, 3))
        return torch.cat([self.dropout(pooled), self.measured(histogram), shapes], 1)
