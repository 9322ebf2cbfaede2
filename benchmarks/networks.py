"""What does each network cost, and what would others cost in its place?

``python benchmarks/networks.py [--images DIR] [--repeats N] [--threads N] [--json FILE] [--write]``

In one run, on the same pictures, it measures the networks of one picture as they are shipped, each alone and together,
and for comparison a ResNet34 classifier, a U-Net whose encoder is a ResNet34, and the shipped U-Net with nothing but a
layer of outputs on its encoder's last map: what the attributes would cost at the very least if they had no networks
of their own.

Everything takes its turn in every repeat, in another order each time, so that whatever else the machine does hits all
alike; medians count. A turn is one batch as an audit sends it, and a few pictures one by one. Only networks are
measured, on tensors that are ready; an audit runs two such batches side by side, each on half of the threads
(:mod:`inference.pipeline`), and ``audit_pipeline.py`` says what it takes as a whole. No attention is computed.

Operations are the multiplications and additions of convolutions and matrix products, as counted by
``torch.utils.flop_counter.FlopCounterMode`` (a multiply-add is two); normalisation, activations, enlarging and the
colour histogram take time and are not counted. The measure of the processor is ``torch.mm`` of two square float32
matrices, of the size at which it is fastest, with the same number of threads, as one more turn of every repeat.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.networks_table import document, processor, table  # noqa: E402
from inference.fused import fused  # noqa: E402

if TYPE_CHECKING:
    from inference.classify import Classifier

DOCUMENT = ROOT / "docs" / "networks.md"

#: Milliseconds that the networks of one picture may take.
TARGET = 60

#: Side of the attribute networks' input where none are shipped, and how many there are.
SIDE, MEMBERS = 144, 3

#: Pictures that go one by one in each repeat.
SINGLES = 4

#: Sides of the matrices among which the fastest is chosen, and seconds that a turn of them takes at least.
MATRICES = (1024, 2048, 3072)
MATRIX_SECONDS = 0.2


@dataclass(frozen=True)
class Sizes:
    """What ``--tiny`` makes small.

    Attributes:
        view: height and width of the segmentation networks' input.
        side: of the attribute networks' input; None for what their card says.
        classifier_side: of the compared classifier's input.
        matrices: see :data:`MATRICES`.
        matrix_seconds: see :data:`MATRIX_SECONDS`.
    """

    view: tuple[int, int] = (288, 192)
    side: int | None = None
    classifier_side: int = 224
    matrices: tuple[int, ...] = MATRICES
    matrix_seconds: float = MATRIX_SECONDS


TINY = Sizes((64, 32), 32, 32, (64,), 0.0)


@dataclass(frozen=True)
class Part:
    """A network, or several that work together.

    Attributes:
        network: computes.
        inputs: what it takes, for as many pictures as a batch has.
        half: the 16-bit type that they compute in, or None.
    """

    network: Callable[..., object]
    inputs: tuple[Tensor, ...]
    half: torch.dtype | None = None

    def run(self, pictures: slice) -> None:
        """Send some of the pictures through, as one batch."""
        inputs = [tensor[pictures] for tensor in self.inputs]
        with torch.inference_mode(), torch.autocast("cpu", self.half, enabled=self.half is not None):
            self.network(*inputs)


@dataclass
class Row:
    """A row of the table.

    Attributes:
        key: its name in the JSON file.
        name: its name in the table.
        size: of its input.
        parts: what is measured.
        batch: seconds a picture in a whole batch, per repeat.
        single: seconds a picture alone, per repeat.
        operations: per picture.
    """

    key: str
    name: str
    size: str
    parts: tuple[Part, ...]
    batch: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    operations: int = 0

    def run(self, start: int, stop: int) -> None:
        """Send the pictures ``start`` to ``stop`` through all parts."""
        for part in self.parts:
            part.run(slice(start, stop))

    def count(self) -> None:
        """Count the operations of one picture."""
        with FlopCounterMode(display=False) as counter:
            self.run(0, 1)
        self.operations = int(counter.get_total_flops())

    def measure(self, batch: int) -> None:
        """Measure one turn."""
        self.batch.append(_seconds(partial(self.run, 0, batch)) / batch)
        singles = min(SINGLES, batch)
        self.single.append(sum(_seconds(partial(self.run, one, one + 1)) for one in range(singles)) / singles)

    def figures(self, peak: float) -> dict[str, Any]:
        """The row's figures; ``peak`` is the rate of matrix products in operations a second."""
        rate = self.operations / statistics.median(self.batch)
        return {
            "key": self.key,
            "name": self.name,
            "input": self.size,
            "ms_batch": statistics.median(self.batch) * 1e3,
            "ms_batch_fastest": min(self.batch) * 1e3,
            "ms_single": statistics.median(self.single) * 1e3,
            "ms_single_fastest": min(self.single) * 1e3,
            "gflop": self.operations / 1e9,
            "gflops": rate / 1e9,
            "share_of_matrix_product": rate / peak,
        }


class Matrices:
    """The processor's rate of matrix products, in operations a second.

    Attributes:
        size: side of the matrices.
        rates: per repeat.
    """

    def __init__(self, sizes: Sequence[int], seconds: float) -> None:
        self._seconds = seconds
        self.rates: list[float] = []
        found = {size: max(self._rate(size, seconds) for _ in range(2)) for size in sizes}
        self.size = max(found, key=lambda size: found[size])

    def measure(self) -> None:
        """Measure one turn."""
        self.rates.append(self._rate(self.size, self._seconds))

    @staticmethod
    def _rate(size: int, seconds: float) -> float:
        one, other, product = torch.rand(size, size), torch.rand(size, size), torch.empty(size, size)
        torch.mm(one, other, out=product)
        spent, times = 0.0, 0
        while not times or spent < seconds:
            spent += _seconds(lambda: torch.mm(one, other, out=product))
            times += 1
        return times * 2 * size**3 / spent


class SharedEncoder(nn.Module):
    """A U-Net, and on its encoder's last map, averaged over the picture, one layer that names the attributes."""

    def __init__(self, network: nn.Module, values: int) -> None:
        super().__init__()
        self.network = cast(Any, network)
        self.head = nn.Linear(int(self.network.encoder.out_channels[-1]), values)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the groups (n, classes, h, w), and of the attributes' values (n, values)."""
        maps = self.network.encoder(pixels)
        groups = self.network.segmentation_head(self.network.decoder(maps))
        return groups, self.head(maps[-1].mean((2, 3)))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    with _threads(options.threads):
        measured = measure(options)
    result = {"command": shlex.join(["python", "benchmarks/networks.py", *given]), **measured}
    text = table(result)
    print(text)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if options.write is not None:
        options.write.write_text(document(result, text), encoding="utf-8")
    took = {row["key"]: row["ms_batch"] for row in result["rows"]}
    rest = took["one_picture"] - took["shared_encoder"]
    print(f"\nSharing the encoder would save {rest:.1f} ms of {took['one_picture']:.1f} at most.")
    print(f"one picture: {took['one_picture']:.1f} ms, target {TARGET}")


def _parser() -> argparse.ArgumentParser:
    from inference.segment import BATCH

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, metavar="DIR", help="pictures to use instead of random ones")
    parser.add_argument("--weights", type=Path, default=ROOT / "inference" / "weights", metavar="DIR",
                        help="folder of the model files (default inference/weights)")  # fmt: skip
    parser.add_argument("--repeats", type=_positive, default=9, metavar="N", help="measure so often (default 9)")
    parser.add_argument("--threads", type=_positive, metavar="N", help="use so many threads (default: one per core)")
    parser.add_argument("--batch", type=_positive, default=BATCH, metavar="N",
                        help=f"pictures of a batch (default {BATCH}, as in an audit)")  # fmt: skip
    parser.add_argument("--encoder", default="resnet34", metavar="NAME", choices=("resnet18", "resnet34"),
                        help="what the shipped networks are compared with (default resnet34)")  # fmt: skip
    parser.add_argument("--tiny", action="store_true", help="small inputs, for tests; the figures then mean nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures into this file, too")
    parser.add_argument("--write", type=Path, nargs="?", const=DOCUMENT, metavar="FILE",
                        help=f"write the table into this file, too (default {DOCUMENT.relative_to(ROOT)})")  # fmt: skip
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Build everything, take turns, return all figures."""
    sizes = TINY if options.tiny else Sizes()
    pictures = read_pictures(options.images, options.batch)
    rows, shipped = build_rows(pictures, options.weights, options.encoder, sizes)
    for row in rows:
        row.count()
        row.run(0, options.batch)  # warms up
    matrices = Matrices(sizes.matrices, sizes.matrix_seconds)
    turns: list[Callable[[], None]] = [matrices.measure]
    turns += [partial(row.measure, options.batch) for row in rows]
    for repeat in range(options.repeats):
        random.Random(repeat).shuffle(turns)
        for turn in turns:
            turn()
    peak = statistics.median(matrices.rates)
    return {
        "torch": torch.__version__,
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "pictures": "random" if options.images is None else str(options.images),
        "batch": options.batch,
        "repeats": options.repeats,
        "tiny": options.tiny,
        "shipped": shipped,
        "matrix": {"size": matrices.size, "gflops": peak / 1e9, "gflops_fastest": max(matrices.rates) / 1e9},
        "rows": [row.figures(peak) for row in rows],
    }


def read_pictures(folder: Path | None, count: int) -> list[Image.Image]:
    """So many pictures: random ones, or those of a folder, again and again where there are too few."""
    if folder is None:
        noise = np.random.default_rng(1).integers(0, 256, (count, 288, 192, 3), dtype=np.uint8)
        return [Image.fromarray(one) for one in noise]
    from inference.pictures import PictureError, read_picture
    from inference.pipeline import WORKING_SIDE

    found: list[Image.Image] = []
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        if len(found) == count:
            break
        try:
            found.append(read_picture(path, WORKING_SIDE))
        except PictureError:
            continue
    if not found:
        raise SystemExit(f"no picture in {folder} can be read")
    return list(itertools.islice(itertools.cycle(found), count))


def build_rows(
    pictures: Sequence[Image.Image], weights: Path, encoder: str, sizes: Sizes
) -> tuple[list[Row], dict[str, str]]:
    """The rows to measure, and the versions of the shipped networks ("untrained" where there is none)."""
    import timm
    from segmentation_models_pytorch import Unet

    from inference.segment import Segmenter, half_precision, normalise

    torch.manual_seed(1)
    segmenter = Segmenter.load(weights / "segmentation.safetensors", "cpu")
    classifier = load_classifier(weights / "attributes.safetensors")
    side = sizes.side or classifier.side
    width = sum(len(values) for values in classifier.values.values())
    half = half_precision(segmenter.device)

    view = (normalise(_tensor(pictures, sizes.view)),)
    square = (normalise(_tensor(pictures, (sizes.classifier_side, sizes.classifier_side))),)
    crops = (_tensor(pictures, (side, side)), torch.ones(len(pictures), 1, side, side), torch.zeros(len(pictures), 2))
    segmentation = Part(segmenter.network, view, half)
    logits, members = classifier.ensemble.logits, range(len(classifier.members))
    ensemble = Part(partial(logits, wanted=members), crops)
    shared = Part(SharedEncoder(segmenter.network, width).eval().requires_grad_(False), view, half)
    other = Part(_ready(timm.create_model(encoder, pretrained=False), square), square)
    other_unet = Part(_ready(Unet(encoder, encoder_weights=None, classes=7), view), view, half)

    name = {"resnet18": "ResNet18", "resnet34": "ResNet34"}[encoder]
    seen, cut, whole = _size(view), _size(crops), _size(square)
    rows = [
        Row("segmentation", "segmentation", seen, (segmentation,)),
        Row("attributes", f"attributes, all {len(classifier.members)} networks", cut, (ensemble,)),
        Row("one_member", "attributes, one network", cut, (Part(partial(logits, wanted=(0,)), crops),)),
        Row("one_picture", "one picture: segmentation and attributes", f"{seen}, {cut}", (segmentation, ensemble)),
        Row("shared_encoder", "segmentation, attributes from its encoder", seen, (shared,)),
        Row("resnet_classifier", f"{name} classifier", whole, (other,)),
        Row("resnet_unet", f"U-Net with {name}", seen, (other_unet,)),
        Row("resnet_both", f"U-Net with {name} and {name}", f"{seen}, {whole}", (other_unet, other)),
    ]
    return rows, {"segmentation": segmenter.version, "attributes": classifier.version or "untrained"}


def load_classifier(path: Path) -> Classifier:
    """The shipped attribute networks; untrained ones of the same kind where none are shipped yet."""
    from inference.artifact import card_path
    from inference.classify import Classifier
    from inference.fit.values import VALUES
    from inference.network import AttributeNetwork

    if path.exists() or card_path(path).exists():
        return Classifier.load(path, "cpu")
    counts = {attribute: len(values) for attribute, values in VALUES.items()}
    card = {"side": SIDE, "attributes": {attribute: {"values": values} for attribute, values in VALUES.items()}}
    return Classifier([AttributeNetwork(counts) for _ in range(MEMBERS)], card, device="cpu")


def _ready(network: nn.Module, inputs: Sequence[Tensor]) -> nn.Module:
    """A network made as lean as the shipped ones are."""
    ready = network.to(memory_format=torch.channels_last).eval().requires_grad_(False)
    return fused(ready, *(tensor[:1] for tensor in inputs))


def _tensor(pictures: Sequence[Image.Image], size: tuple[int, int]) -> Tensor:
    """The pictures, stretched to (height, width), as float (n, 3, height, width) of 0..255."""
    small = [np.asarray(one.resize(size[::-1], Image.Resampling.BILINEAR), np.uint8) for one in pictures]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)


def _size(inputs: Sequence[Tensor]) -> str:
    return "x".join(str(side) for side in inputs[0].shape[2:])


def _seconds(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
