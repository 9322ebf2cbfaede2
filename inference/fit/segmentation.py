"""Training of the segmentation network.

Usage:
    python -m inference.fit.segmentation --ccp ../shared/data/ccp --hm ../shared/data/hm \
        --pseudo var/training/pseudo/hm --out var/training/segmentation
    ... the same with --out var/training/finish --finish var/training/segmentation/checkpoint.pt
    ... the same with --out var/training/worn --worn inference/weights/segmentation.safetensors \
        --myntra ../shared/data/myntra --maps var/training/regions/myntra
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from inference.artifact import load_artifact, load_weights
from inference.contract import GROUPS
from inference.fit.checkpoint import AverageOfWeights, load_checkpoint, save_checkpoint
from inference.fit.data_ccp import Parsing
from inference.fit.data_flatlay import flat_lays
from inference.fit.data_worn import worn_garments
from inference.fit.pretrained import imagenet_state
from inference.fit.segmentation_augment import IGNORED
from inference.fit.segmentation_data import (
    GENTLE,
    STRONG,
    Mixture,
    load_flat_lays,
    load_photos,
    load_rendered,
    load_worn,
)
from inference.fit.segmentation_figures import Confusion
from inference.segment import DEFAULT_ARCHITECTURE, KIND, build_network, half_precision, normalise

log = logging.getLogger(__name__)

Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training does; a checkpoint goes on only with the same settings.

    Attributes:
        stages: (epochs, height, width), from small views to large ones (progressive resizing).
        batch: samples per step.
        rate: highest learning rate of the decoder; the pretrained encoder gets ``encoder_share`` of it.
        flat_lays_per_epoch: packshots drawn per epoch beside every street photo.
        rendered_per_epoch: drawn garments per epoch.
        worn_per_epoch: worn garments of a known type per epoch.
        average_decay: decay of the running average of weights, which is what is kept.
        seed: of all chance.
    """

    stages: tuple[tuple[int, int, int], ...] = ((12, 192, 128), (5, 288, 192))
    batch: int = 16
    rate: float = 1.5e-3
    encoder_share: float = 0.35
    weight_decay: float = 1e-2
    flat_lays_per_epoch: int = 140
    rendered_per_epoch: int = 100
    worn_per_epoch: int = 0
    average_decay: float = 0.995
    seed: int = 1

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage[0] for stage in self.stages)

    def view(self, epoch: int) -> tuple[int, int]:
        """(height, width) of the samples in an epoch, counted from 0."""
        for epochs, height, width in self.stages:
            if epoch < epochs:
                return height, width
            epoch -= epochs
        raise ValueError("epoch lies beyond the last stage")


#: A second training on top of the first: full size, mostly street photos. It goes with the variations GENTLE.
FINISHING = Settings(
    stages=((13, 288, 192),),
    batch=12,
    rate=1e-3,
    encoder_share=0.5,
    flat_lays_per_epoch=60,
    rendered_per_epoch=40,
    average_decay=0.99,
    seed=2,
)


#: A third training, with worn garments whose maps the second one's network drew and the product type put right.
WITH_WORN = Settings(
    stages=((4, 240, 160), (8, 288, 192)),
    batch=12,
    rate=1.2e-3,
    encoder_share=0.5,
    flat_lays_per_epoch=60,
    rendered_per_epoch=40,
    worn_per_epoch=150,
    average_decay=0.995,
    seed=3,
)


def loss_of(logits: Tensor, groups: Tensor) -> Tensor:
    """Cross-entropy plus soft Dice over the groups that occur (Milletari et al., 3DV 2016).

    Args:
        logits: float32 (n, 7, h, w).
        groups: int64 (n, h, w); 255 is skipped.

    Returns:
        A scalar.
    """
    entropy = functional.cross_entropy(logits, groups, ignore_index=IGNORED)
    known = (groups != IGNORED).unsqueeze(1)
    shares = logits.softmax(1) * known
    wanted = functional.one_hot(groups.clamp_max(logits.shape[1] - 1), logits.shape[1]).permute(0, 3, 1, 2) * known
    overlap = (shares * wanted).sum((0, 2, 3))
    total = shares.sum((0, 2, 3)) + wanted.sum((0, 2, 3))
    present = wanted.sum((0, 2, 3)) > 0
    dice = 1 - (2 * overlap[present] + 1) / (total[present] + 1)
    return entropy + dice.mean()


def new_network() -> nn.Module:
    """The default U-Net with an encoder that knows ImageNet."""
    network = build_network(DEFAULT_ARCHITECTURE)
    trunk = network.get_submodule("encoder.model")
    trunk.load_state_dict(imagenet_state(trunk.state_dict()))
    return network


class Trainer:
    """One training from start, or from its checkpoint, to end."""

    def __init__(self, mixture: Mixture, settings: Settings, checkpoint: Path, device: str | None = None) -> None:
        """Build network and optimiser and take up the checkpoint, if there is one.

        Raises:
            CheckpointMismatch: the checkpoint was written with other settings.
        """
        self.settings = settings
        self.mixture = mixture
        self.checkpoint = checkpoint
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.manual_seed(settings.seed)
        self.network = new_network().to(memory_format=torch.channels_last).to(self.device)
        encoder = list(self.network.get_submodule("encoder").parameters())
        known = {id(parameter) for parameter in encoder}
        others = [parameter for parameter in self.network.parameters() if id(parameter) not in known]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": encoder, "share": settings.encoder_share},
                {"params": others, "share": 1.0},
            ],
            lr=settings.rate,
            weight_decay=settings.weight_decay,
        )
        self.average = AverageOfWeights(self.network, settings.average_decay)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.epoch = 0
        self._take_up()

    def start_from(self, weights: Path) -> None:
        """Begin with the weights of another training; a training that has already begun keeps its own.

        Args:
            weights: a checkpoint, whose averaged weights are taken, or a model file (``.safetensors``).

        Raises:
            FileNotFoundError: there is no such checkpoint.
            inference.artifact.ArtifactError: the model file cannot be used.
        """
        if self.epoch:
            return
        if weights.suffix == ".safetensors":
            load_weights(self.network, load_artifact(weights, KIND))
        else:
            saved = load_checkpoint(weights)
            if saved is None:
                raise FileNotFoundError(weights)
            average = AverageOfWeights(self.network, self.settings.average_decay)
            average.load_state_dict(saved["average"])
            average.copy_to(self.network)
        self.average = AverageOfWeights(self.network, self.settings.average_decay)

    def _take_up(self) -> None:
        saved = load_checkpoint(self.checkpoint, json.loads(json.dumps(asdict(self.settings))))
        if saved is None:
            return
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average.load_state_dict(saved["average"])
        self.generator.set_state(saved["generator"])
        self.epoch = int(saved["epoch"])

    def _put_down(self) -> None:
        save_checkpoint(
            self.checkpoint,
            {
                "settings": json.loads(json.dumps(asdict(self.settings))),
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": self.average.state_dict(),
                "generator": self.generator.get_state(),
                "epoch": self.epoch,
            },
        )

    def _set_rate(self, done: float) -> None:
        """Warm up over the first 4%, then fall along a cosine to nothing."""
        warm = min(1.0, done / 0.04 + 0.02)
        factor = warm * 0.5 * (1 + torch.cos(torch.tensor(done * torch.pi)).item())
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.rate * group["share"] * factor

    def run(self, progress: Progress, validate: Callable[[nn.Module], dict[str, Any]] | None = None) -> nn.Module:
        """Train to the end, writing the checkpoint after every epoch.

        Args:
            progress: called after every epoch with epoch, epochs, loss, seconds and what ``validate`` gave; what it
                raises stops the training, which can be taken up again.
            validate: measures the averaged network; called every second epoch and after the last.

        Returns:
            The network with averaged weights, in evaluation mode.
        """
        while self.epoch < self.settings.epochs:
            started = time.monotonic()
            loss = self._one_epoch()
            self.epoch += 1
            self._put_down()
            report = {
                "epoch": self.epoch,
                "epochs": self.settings.epochs,
                "loss": round(loss, 4),
                "seconds": round(time.monotonic() - started, 1),
            }
            if validate and (self.epoch % 2 == 0 or self.epoch == self.settings.epochs):
                report |= validate(self.averaged())
            progress(report)
        return self.averaged()

    def averaged(self) -> nn.Module:
        """A fresh network with the averaged weights, in evaluation mode."""
        network = build_network(DEFAULT_ARCHITECTURE).to(memory_format=torch.channels_last).to(self.device)
        self.average.copy_to(network)
        return network.eval()

    def _one_epoch(self) -> float:
        self.network.train()
        view = self.settings.view(self.epoch)
        half = torch.bfloat16 if half_precision(self.device) else None
        steps = len(self.mixture) // self.settings.batch
        total = 0.0
        for step, (pictures, groups) in enumerate(self.mixture.batches(self.settings.batch, view, self.generator)):
            self._set_rate((self.epoch + step / steps) / self.settings.epochs)
            pictures = normalise(pictures).to(self.device, memory_format=torch.channels_last)
            with torch.autocast(self.device.type, half, enabled=half is not None):
                logits = self.network(pictures)
            loss = loss_of(logits.float(), groups.to(self.device))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self.optimizer.step()
            self.average.update(self.network)
            total += float(loss.detach())
            if step % 20 == 0:
                log.info("epoch %d step %d/%d loss %.3f", self.epoch + 1, step, steps, float(loss.detach()))
        return total / max(steps, 1)


def quick_validation(arrays: Sequence[tuple[Any, Any]], view: tuple[int, int]) -> Callable[[nn.Module], dict[str, Any]]:
    """A cheap measure on kept photos: figures at the kept size from pictures shrunk to ``view``."""

    @torch.inference_mode()
    def validate(network: nn.Module) -> dict[str, Any]:
        device = next(network.parameters()).device
        confusion = Confusion(len(GROUPS))
        for start in range(0, len(arrays), 16):
            part = arrays[start : start + 16]
            pictures = torch.stack([torch.from_numpy(picture).permute(2, 0, 1).float() for picture, _ in part])
            small = functional.interpolate(pictures, view, mode="bilinear", antialias=True, align_corners=False)
            logits = network(normalise(small).to(device, memory_format=torch.channels_last)).float().cpu()
            large = functional.interpolate(logits, pictures.shape[2:], mode="bilinear", align_corners=False)
            for seen, (_, groups) in zip(large.argmax(1).numpy(), part, strict=True):
                confusion.add(groups, seen)
        return {"accuracy": round(confusion.accuracy, 4), "miou": round(confusion.mean_iou, 4)}

    return validate


def train(
    ccp: Path,
    hm: Path,
    pseudo: Path,
    out: Path,
    settings: Settings | None = None,
    rendered: Path | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    start: Path | None = None,
    worn: tuple[Path, Path] | None = None,
) -> nn.Module:
    """Train on the photos and designs that are not held out; goes on from ``out/checkpoint.pt`` when it is there.

    Args:
        ccp: folder of Clothing Co-Parsing.
        hm: folder with ``labels.csv`` and ``images/`` of flat-lays.
        pseudo: their pseudo-masks.
        out: for the checkpoint and ``progress.jsonl``.
        settings: see :class:`Settings`.
        rendered: folder of drawn garments with exact masks, or None.
        device: "cpu", "cuda" or None for the best there is.
        progress: called after every epoch.
        start: checkpoint (or model file) of another training to begin from, instead of ImageNet; samples are then
            varied gently unless worn garments are among them.
        worn: folders of a shop's worn garments and of their group maps, see :mod:`inference.fit.data_worn`.

    Returns:
        The trained network in evaluation mode.
    """
    settings = settings or Settings()
    out.mkdir(parents=True, exist_ok=True)
    parsing = Parsing(ccp)
    photos, held_out = parsing.split()
    mixture = Mixture(
        load_photos(parsing, photos),
        load_flat_lays(flat_lays(hm, pseudo)[0]),
        load_rendered(rendered) if rendered else [],
        settings.flat_lays_per_epoch,
        settings.rendered_per_epoch,
        GENTLE if start and not worn else STRONG,
        load_worn(worn_garments(*worn)) if worn else (),
        settings.worn_per_epoch,
    )
    counts = (len(mixture.photos), len(mixture.flat_lays), len(mixture.rendered), sum(map(len, mixture.worn)))
    log.info("%d photos, %d flat-lays, %d drawn, %d worn", *counts)

    def keep(report: dict[str, Any]) -> None:
        with (out / "progress.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(report) + "\n")
        log.info("%s", report)
        if progress:
            progress(report)

    trainer = Trainer(mixture, settings, out / "checkpoint.pt", device)
    if start:
        trainer.start_from(start)
    last = settings.stages[-1]
    return trainer.run(keep, quick_validation(load_photos(parsing, held_out), (last[1], last[2])))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Train the segmentation network.")
    parser.add_argument("--ccp", type=Path, required=True)
    parser.add_argument("--hm", type=Path, required=True)
    parser.add_argument("--pseudo", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rendered", type=Path)
    parser.add_argument("--device")
    parser.add_argument("--finish", type=Path, help="checkpoint of a first training to finish at full size")
    parser.add_argument("--worn", type=Path, help="model to go on from with worn garments of a known type")
    parser.add_argument("--myntra", type=Path, help="the worn garments")
    parser.add_argument("--maps", type=Path, help="their group maps by that model")
    options = parser.parse_args(arguments)
    if options.worn and not (options.myntra and options.maps):
        parser.error("--worn needs --myntra and --maps")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(
        options.ccp,
        options.hm,
        options.pseudo,
        options.out,
        WITH_WORN if options.worn else FINISHING if options.finish else None,
        rendered=options.rendered,
        device=options.device,
        start=options.worn or options.finish,
        worn=(options.myntra, options.maps) if options.worn else None,
    )


if __name__ == "__main__":
    main()
