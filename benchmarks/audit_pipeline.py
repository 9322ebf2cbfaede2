"""How much of an audit's time is the networks' own?

``python benchmarks/audit_pipeline.py [--products N] [--images DIR]``

In one run, on the same pictures and with the same loaded networks, it measures

- the whole audit: planning, reading pictures, cutting out, classifying, weighing labels, explaining flags, overlays and
  rows on the disk, in a temporary data folder; and
- the networks alone: the very tensors that went through the U-Net and the specialists, and those whose attention was
  asked for (flags and disputed labels), go through them again, in the same batches.

The two take turns, ``--rounds`` times, and the fastest of each counts: what else the machine does only adds time.
Loading the networks is part of neither. The ratio says what everything around the networks costs; 1.3 or less is wanted
on a CPU.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SHOP = "benchmark"
#: With ``--images`` nothing is known of the pictures; they are taken for what their shop sells most.
COLUMNS = ("external_id", "title", "category", "image", "colour")

if TYPE_CHECKING:
    from catalog_audit.catalog.models import Shop
    from inference.pipeline import Pipeline

Step = Callable[[], object]


class Spent(NamedTuple):
    """Seconds on the clock, and seconds of all processor cores together (which other programs hardly disturb)."""

    wall: float
    processor: float


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=256, metavar="N", help="pictures to audit (default 256)")
    parser.add_argument("--images", type=Path, metavar="DIR", help="pictures to use instead of drawn ones")
    parser.add_argument("--category", default="Dress", help="garment type of the pictures of --images (default Dress)")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="measure so often (default 2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="catalog-audit-benchmark-") as name:
        _set_up(Path(name))
        feed, images = _catalogue(Path(name), options)
        measure(feed, images, options.rounds)


def _set_up(folder: Path) -> None:
    """Start Django on an empty data folder."""
    os.environ["CATALOG_AUDIT_DATA"] = str(folder / "data")
    os.environ["CATALOG_AUDIT_LOG_LEVEL"] = "ERROR"
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "catalog_audit.settings"
    sys.path.insert(0, str(ROOT))
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _catalogue(folder: Path, options: argparse.Namespace) -> tuple[Path, Path]:
    """The feed to import and the folder of its pictures."""
    if options.images is None:
        from catalog_audit.demo import draw

        draw.draw_catalogue(folder / "drawn", options.products, seed=1)
        return folder / "drawn" / draw.FEED, folder / "drawn" / "images"
    pictures = sorted(path.name for path in options.images.iterdir() if path.is_file())[: options.products]
    feed = folder / "feed.csv"
    with feed.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows((picture, picture, options.category, picture, "black") for picture in pictures)
    return feed, options.images


def measure(feed: Path, images: Path, rounds: int) -> None:
    """Import the feed, measure, print the table."""
    from django.core.management import call_command

    from catalog_audit.audits import engine, running
    from catalog_audit.audits.models import AuditRun, Prediction
    from catalog_audit.catalog.models import Shop
    from catalog_audit.registry.service import active_models

    call_command("import_feed", str(feed), shop=SHOP, images=images, verbosity=0)
    shop = Shop.objects.get(slug=SHOP)
    recorder = Recorder(engine.pipeline_of(active_models()))
    with recorder.recording():  # warms everything up, too
        _audit(shop)
    whole: list[Spent] = []
    alone: list[dict[str, Spent]] = []
    for _ in range(rounds):
        alone.append(recorder.replay())
        _forget(shop)
        whole.append(_spent(partial(_audit, shop)))
    parts = min(alone, key=lambda one: sum(spent.wall for spent in one.values()))
    networks = Spent(sum(one.wall for one in parts.values()), sum(one.processor for one in parts.values()))
    audit = min(whole, key=lambda one: one.wall)
    run = AuditRun.objects.latest("pk")
    count = Prediction.objects.filter(run=run).values("product").distinct().count()
    print(f"{count} products, {running.flags_raised(run)} flags, {_machine()}")
    for name, spent in parts.items():
        _row(f"  {name}", spent, count)
    _row("networks alone", networks, count)
    _row("whole audit", audit, count)
    ratio, of_processor = audit.wall / networks.wall, audit.processor / networks.processor
    print(f"{'ratio':18} {ratio:8.2f}   {'':22} {of_processor:8.2f}")


def _row(name: str, spent: Spent, count: int) -> None:
    each = spent.wall / count * 1000
    print(f"{name:18} {spent.wall:8.2f} s {each:8.1f} ms a product {spent.processor:8.2f} s of processor time")


def _machine() -> str:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{torch.get_num_threads()} threads of a CPU"


def _spent(step: Step) -> Spent:
    start, start_processor = time.perf_counter(), time.process_time()
    step()
    return Spent(time.perf_counter() - start, time.process_time() - start_processor)


def _audit(shop: Shop) -> None:
    from catalog_audit.audits import running

    job = running.work_off(running.start_audit(shop, detach=False))
    if job.state != job.State.DONE:
        raise SystemExit(f"the audit {job.state}: {job.error}")


def _forget(shop: Shop) -> None:
    """Undo an audit, so that the next one looks at everything again."""
    from django.conf import settings

    from catalog_audit.audits.models import AuditRun

    AuditRun.objects.filter(shop=shop).delete()
    shutil.rmtree(settings.OVERLAYS_DIR, ignore_errors=True)


class Recorder:
    """Keeps what goes through the networks, so that it can go through them again with nothing around it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._parts = {"segmentation": [pipeline.segmenter.network]}
        self._parts["classification"] = [member for one in pipeline.classifiers.values() for member in one.members]
        self._steps: dict[str, list[Step]] = {"segmentation": [], "classification": [], "attention": []}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Keep every batch that goes through a network while the block runs."""
        from inference import classify

        hooks = [
            network.register_forward_pre_hook(partial(self._keep_forward, self._steps[name]))
            for name, networks in self._parts.items()
            for network in networks
        ]
        grad_cam = classify.grad_cam

        def keep_attention(*arguments: Any) -> Any:
            self._steps["attention"].append(partial(grad_cam, *arguments))
            return grad_cam(*arguments)

        classify.grad_cam = keep_attention
        try:
            yield
        finally:
            classify.grad_cam = grad_cam
            for hook in hooks:
                hook.remove()

    @staticmethod
    def _keep_forward(steps: list[Step], network: Any, tensors: tuple[Any, ...]) -> None:
        import torch

        if torch.is_inference_mode_enabled():  # otherwise it is a part of computing the attention
            device = tensors[0].device.type
            half = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
            steps.append(partial(_forward, network, tensors, device, half))

    def replay(self) -> dict[str, Spent]:
        """Name of a network's part -> what all its batches took."""
        return {name: _spent(partial(_run, steps)) for name, steps in self._steps.items()}


def _forward(network: Any, tensors: tuple[Any, ...], device: str, half: Any) -> None:
    import torch

    with torch.inference_mode(), torch.autocast(device, half, enabled=half is not None):
        network(*tensors).float().cpu()


def _run(steps: Sequence[Step]) -> None:
    for step in steps:
        step()


if __name__ == "__main__":
    main()
