"""Networks that look at the same crop together, at less than the price of each alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import torch
from timm.models.efficientnet import EfficientNet
from torch import Tensor, nn

from inference.crops import SHAPE_WIDTH
from inference.fused import EXAMPLE_SIDE, fused
from inference.network import AttributeNetwork

#: Stem of a trunk: the convolution and its activation, which works in place and so must not be parted from it.
_STEM = 2


class Ensemble:
    """Members of an ensemble, made lean (:func:`inference.fused.fused`), with what they have in common done once.

    Colours are measured once for all. The first stages of a trunk often stay as they came from ImageNet,
    and where they are the same in all members they are computed once as well; they see the largest maps.

    Attributes:
        members: the networks.
        slices: attribute -> columns of the logits that are its values.
        width: number of logits.
    """

    def __init__(self, members: Sequence[AttributeNetwork]) -> None:
        """Take over trained networks, all in evaluation mode, on one device and with the same outputs."""
        device = next(members[0].parameters()).device
        example = (
            torch.full((1, 3, EXAMPLE_SIDE, EXAMPLE_SIDE), 90.0, device=device),
            torch.ones(1, 1, EXAMPLE_SIDE, EXAMPLE_SIDE, device=device),
            torch.zeros(1, SHAPE_WIDTH, device=device),
        )
        self.members = tuple(fused(member, *example) for member in members)
        self.slices: Mapping[str, slice] = self.members[0].slices
        self.width = self.members[0].head.out_features
        self._stages = [_stages_of(member.trunk) for member in self.members]
        self._shared = _shared_stages(self._stages)

    def logits(self, pixels: Tensor, masks: Tensor, shapes: Tensor, wanted: Collection[int]) -> dict[int, Tensor]:
        """Classify crops.

        Args:
            pixels, masks, shapes: as :meth:`inference.network.AttributeNetwork.forward` takes them.
            wanted: numbers of the members that shall answer.

        Returns:
            Number of the member -> float (n, width).
        """
        first = self.members[0]
        histogram = first.measure(pixels, masks)
        begun = first.visible(pixels, masks)
        for stage in self._stages[0][: self._shared]:
            begun = stage(begun)
        found = {}
        for number in sorted(wanted):
            features = begun
            if self._stages[number]:
                for stage in self._stages[number][self._shared :]:
                    features = stage(features)
            else:
                features = self.members[number].trunk.forward_features(features)
            found[number] = self.members[number].conclude(features, masks, histogram, shapes)
        return found


def _stages_of(trunk: nn.Module) -> list[nn.Module]:
    """The parts of a trunk, one behind the other; nothing for trunks that are built in another way."""
    if not isinstance(trunk, EfficientNet):
        return []
    return [trunk.conv_stem, trunk.bn1, *trunk.blocks, trunk.conv_head, trunk.bn2]


def _shared_stages(members: Sequence[Sequence[nn.Module]]) -> int:
    """How many first stages have the same weights in all members."""
    count = 0
    for stages in zip(*members, strict=True):
        states = [stage.state_dict() for stage in stages]
        if any(not _equal(states[0], other) for other in states[1:]):
            break
        count += 1
    return count if count >= _STEM else 0


def _equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(part, other[name]) for name, part in one.items())
