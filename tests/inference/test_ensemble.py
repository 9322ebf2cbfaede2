"""Lean networks say what the original ones say."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import Tensor, nn

from inference.ensemble import Ensemble
from inference.fused import fused
from inference.network import AttributeNetwork
from inference.segment import DEFAULT_ARCHITECTURE, build_network

COUNTS = {"colour": 4, "length": 3}


def settled(network: nn.Module, seed: int) -> nn.Module:
    """A network in evaluation mode whose normalisations have statistics as a training leaves them."""
    generator = torch.Generator().manual_seed(seed)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.normal_(0, 0.1, generator=generator)
            part.running_var.uniform_(0.5, 2.0, generator=generator)
            part.weight.data.uniform_(0.5, 1.5, generator=generator)
            part.bias.data.normal_(0, 0.1, generator=generator)
    return network.eval().requires_grad_(False)


def member(seed: int) -> AttributeNetwork:
    torch.manual_seed(seed)
    network = AttributeNetwork(COUNTS)
    settled(network, seed)
    return network


def crops(count: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(count, 3, 64, 64, generator=generator) * 255
    masks = (torch.rand(count, 1, 64, 64, generator=generator) > 0.3).float()
    return pixels, masks, torch.randn(count, 2, generator=generator)


def normalisations(network: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in network.modules())


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet18", "mobilenetv3_small_050", "resnetv2_50"])
def test_a_lean_encoder_gives_the_same_map(name: str) -> None:
    torch.manual_seed(1)
    network = settled(timm.create_model(name, num_classes=0, global_pool=""), 1)
    picture = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    lean = fused(network, picture[:1])
    wanted = network(picture)
    torch.testing.assert_close(lean(picture), wanted, rtol=1e-3, atol=2e-3 * float(wanted.abs().max()))


def test_the_shipped_shapes_lose_all_their_normalisations() -> None:
    segmenter = settled(build_network(DEFAULT_ARCHITECTURE), 3)
    lean = fused(segmenter, torch.zeros(1, 3, 64, 64))
    assert normalisations(segmenter) > 50
    assert normalisations(lean) == 0
    assert all(normalisations(one) == 0 for one in Ensemble([member(0)]).members)


class Backwards(nn.Module):
    """Computes its second part before its first."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 1)
        self.normalisation = nn.BatchNorm2d(3)

    def forward(self, picture: Tensor) -> Tensor:
        return self.convolution(self.normalisation(picture).relu())


def test_a_network_that_fusing_would_change_stays_as_it_is() -> None:
    network = settled(Backwards(), 4)
    assert fused(network, torch.rand(1, 3, 8, 8)) is network


def test_members_say_together_what_each_says_alone() -> None:
    members = [member(0), member(1)]
    pixels, masks, shapes = crops(3)
    found = Ensemble(members).logits(pixels, masks, shapes, (0, 1))
    for number, one in enumerate(members):
        torch.testing.assert_close(found[number], one(pixels, masks, shapes), rtol=1e-3, atol=1e-3)


def test_stages_that_all_members_have_are_computed_once() -> None:
    members = [member(0), member(1)]
    for name in ("conv_stem", "bn1"):
        getattr(members[1].trunk, name).load_state_dict(getattr(members[0].trunk, name).state_dict())
    for number in (0, 1):
        members[1].trunk.blocks[number].load_state_dict(members[0].trunk.blocks[number].state_dict())
    pixels, masks, shapes = crops(2)
    wanted = [one(pixels, masks, shapes) for one in members]
    ensemble = Ensemble(members)
    calls: list[int] = []
    for number, one in enumerate(ensemble.members):
        one.trunk.blocks[1].register_forward_hook(lambda *_, number=number: calls.append(number))
    found = ensemble.logits(pixels, masks, shapes, (0, 1))
    assert calls == [0]
    for number in (0, 1):
        torch.testing.assert_close(found[number], wanted[number], rtol=1e-3, atol=1e-3)


def test_only_the_members_that_are_asked_answer() -> None:
    pixels, masks, shapes = crops(1)
    assert list(Ensemble([member(0), member(1)]).logits(pixels, masks, shapes, {1})) == [1]


def test_other_trunks_work_too() -> None:
    torch.manual_seed(0)
    network = AttributeNetwork(COUNTS, trunk="resnet18")
    settled(network, 0)
    pixels, masks, shapes = crops(2)
    found = Ensemble([network, network]).logits(pixels, masks, shapes, (0, 1))
    torch.testing.assert_close(found[1], network(pixels, masks, shapes), rtol=1e-3, atol=1e-3)
