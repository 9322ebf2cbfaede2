"""Where a network looked: Grad-CAM of a value, brought back to the picture's own coordinates.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from captum.attr import LayerGradCam
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from inference.network import AttributeNetwork


def grad_cam(
    network: AttributeNetwork, pixels: Tensor, masks: Tensor, shapes: Tensor, targets: Sequence[int]
) -> NDArray[np.float32]:
    """Evidence for one value per crop, inside the product.

    Outside it the network sees neutral grey, and its last pooling looks away; what reaches there through wide filters
    would only mislead a person, so the map is weighted with the mask.

    Args:
        network: in evaluation mode.
        pixels: float (n, 3, side, side), RGB 0..255.
        masks: float (n, 1, side, side), 0..1.
        shapes: float (n, 2), see :func:`inference.crops.shape_of`.
        targets: the output whose evidence is wanted, one per crop.

    Returns:
        float32 (n, h, w), the attention layer's own small size, 0..1; the strongest place of each map is 1, and a map
        without any evidence for its value is 0 everywhere.
    """
    with torch.enable_grad():
        evidence = LayerGradCam(network, network.attention_layer()).attribute(
            pixels,
            target=torch.as_tensor(list(targets), device=pixels.device),
            additional_forward_args=(masks, shapes),
            relu_attributions=True,
        )
    inside = functional.adaptive_avg_pool2d(masks, evidence.shape[-2:])
    maps = (evidence.detach() * inside).float().cpu().numpy()[:, 0]
    peak = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, peak, out=np.zeros_like(maps), where=peak > 1e-12)


def to_picture(
    small: NDArray[np.float32], box: tuple[int, int, int, int], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Stretch a crop's map over the place in the picture that it was cut from.

    Args:
        small: float32 (h, w), 0..1.
        box: left, top, right, bottom of the crop in the picture.
        size: the picture's height and width.

    Returns:
        float32 (height, width), 0..1; 0 outside the box.
    """
    left, top, right, bottom = box
    stretched = Image.fromarray(small.astype(np.float32)).resize((right - left, bottom - top), Image.Resampling.BICUBIC)
    whole = np.zeros(size, np.float32)
    whole[top:bottom, left:right] = np.clip(np.asarray(stretched, np.float32), 0, 1)
    return whole
