"""Writes a demo catalogue to a folder: pictures, masks, the shop's feed, and the answers that the shop does not know.

``python -m catalog_audit.demo.draw --out DIR --count N --seed S [--masks] [--error-rate 0.08]``
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from .catalogue import Item, plan
from .colours import VALUES
from .render import render

FEED: Final = "catalogue.csv"
ANSWERS: Final = "answers.csv"
ANSWER_COLUMNS: Final = (
    "external_id", "file", "garment_type", "garment_group", "true_colour", "label_colour", "planted", "scene",
)  # fmt: skip


def draw_item(item: Item, out: Path, seed: int, masks: bool) -> None:
    """Draw one product and write its picture (JPEG) and, if wanted, its mask (8-bit PNG of group numbers 0..6)."""
    rng = np.random.default_rng([seed, 2, item.number])
    drawing = render(item.product, rng)
    drawing.image.save(out / "images" / item.file, quality=int(rng.integers(84, 95)))
    if masks:
        Image.fromarray(drawing.groups).save(out / "masks" / f"{Path(item.file).stem}.png")


def draw_catalogue(
    out: Path,
    count: int,
    seed: int,
    *,
    masks: bool = False,
    error_rate: float = 0.08,
    values: Sequence[str] = VALUES,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Item]:
    """Draw a whole catalogue; the same arguments give the same files.

    The answers are written last: where they are, the catalogue is complete.

    Args:
        out: folder for ``images/``, ``masks/``, ``catalogue.csv`` and ``answers.csv``; made when absent.
        count: number of products.
        seed: any whole number.
        masks: also write the masks.
        error_rate: share 0..1 of planted errors in the colour labels.
        values: true colours to draw.
        processes: how many processes draw; None for one per core.
        progress: called with (pictures done, pictures in all).

    Returns:
        The plan that was drawn.

    Raises:
        ValueError: as :func:`~catalog_audit.demo.catalogue.plan`.
        OSError: when the folder cannot be written.
    """
    items = plan(count, seed, error_rate, values)
    (out / "images").mkdir(parents=True, exist_ok=True)
    if masks:
        (out / "masks").mkdir(exist_ok=True)
    (out / ANSWERS).unlink(missing_ok=True)
    work = partial(draw_item, out=out, seed=seed, masks=masks)
    processes = processes or os.cpu_count() or 1
    if processes == 1:
        _count(map(work, items), count, progress)
    else:
        with ProcessPoolExecutor(processes) as pool:
            _count(pool.map(work, items, chunksize=8), count, progress)
    _write(out / FEED, items[0].row.keys(), (item.row for item in items))
    _write(out / ANSWERS, ANSWER_COLUMNS, (_answer(item) for item in items))
    return items


def _count(done: Iterable[None], count: int, progress: Callable[[int, int], None] | None) -> None:
    for number, _ in enumerate(done, 1):
        if progress:
            progress(number, count)


def _answer(item: Item) -> dict[str, str]:
    product = item.product
    return {
        "external_id": item.external_id,
        "file": item.file,
        "garment_type": product.cut.garment_type,
        "garment_group": product.cut.group,
        "true_colour": product.value,
        "label_colour": item.label_value,
        "planted": str(int(item.planted)),
        "scene": product.scene,
    }


def _write(path: Path, columns: Iterable[str], rows: Iterable[dict[str, str]]) -> None:
    """Write a CSV under another name, then rename it, so that a half-written file is never read."""
    temporary = path.with_suffix(".part")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of this module and of ``manage.py draw_catalogue``."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--count", type=int, required=True, metavar="N", help="number of products")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed draws the same catalogue")
    parser.add_argument("--masks", action="store_true", help="also write masks of the seven groups")
    parser.add_argument("--error-rate", type=float, default=0.08, metavar="SHARE", help="planted errors, 0..1")
    parser.add_argument(
        "--values", nargs="+", default=list(VALUES), choices=VALUES, metavar="VALUE", help="true colours"
    )
    parser.add_argument("--processes", type=int, default=None, metavar="N", help="one per core by default")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Draw a demo catalogue.")
    add_arguments(parser)
    options = parser.parse_args()
    items = draw_catalogue(
        options.out,
        options.count,
        options.seed,
        masks=options.masks,
        error_rate=options.error_rate,
        values=options.values,
        processes=options.processes,
    )
    print(f"{len(items)} products, {sum(item.planted for item in items)} planted errors in {options.out}")


if __name__ == "__main__":
    main()
