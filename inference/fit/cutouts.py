"""How well garments are cut out of packshots, against masks that were checked and corrected by eye.

``verified/cutouts.csv`` holds, for 60 pictures of held-out designs (24 of them light on light), what to add to and cut
from the teacher's outline so that it is right; no masks and no pictures.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inference.fit.data_shop import hm_garment_group
from inference.fit.pseudo import load_teacher, matte
from inference.pictures import read_picture
from inference.regions import region_of
from inference.segment import Segmenter

_TABLE = Path(__file__).with_name("verified") / "cutouts.csv"


def corrected(
    outline: NDArray[np.bool_], add: list[list[list[float]]], cut: list[list[list[float]]]
) -> NDArray[np.bool_]:
    """An outline with polygons (lists of x, y in pixels) filled in, then others taken out."""
    mask = Image.fromarray(outline.astype(np.uint8) * 255)
    draw = ImageDraw.Draw(mask)
    for polygons, fill in ((add, 255), (cut, 0)):
        for polygon in polygons:
            draw.polygon([(x, y) for x, y in polygon], fill=fill, outline=fill)
    return np.asarray(mask) > 127


def cutout_figures(segmenter: Segmenter, hm: Path, teacher: Path) -> dict[str, Any]:
    """IoU of the product's region with the checked masks.

    Args:
        segmenter: the network.
        hm: folder with ``labels.csv`` and ``images/``.
        teacher: ``u2netp.onnx``.

    Returns:
        Per kind (``light``: light on light, ``other``, and ``all``): ``count``, ``mean_iou`` and ``lowest_iou``; a
        product that is not found counts as 0.
    """
    with (hm / "labels.csv").open(newline="", encoding="utf-8") as lines:
        types = {row["file"]: row["product_type"] for row in csv.DictReader(lines)}
    session = load_teacher(teacher)
    found: dict[str, list[float]] = {"light": [], "other": []}
    with _TABLE.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            picture = read_picture(hm / "images" / row["file"])
            truth = corrected(matte(session, picture) > 0.5, json.loads(row["add"]), json.loads(row["cut"]))
            region = region_of(segmenter.predict([picture])[0], hm_garment_group(types[row["file"]]))
            overlap = 0.0 if region is None else float((region & truth).sum() / max(1, (region | truth).sum()))
            found[row["kind"]].append(overlap)
    found["all"] = found["light"] + found["other"]
    return {
        kind: {"count": len(part), "mean_iou": float(np.mean(part)), "lowest_iou": float(np.min(part))}
        for kind, part in found.items()
    }
