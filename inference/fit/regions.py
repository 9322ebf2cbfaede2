"""Group maps of many pictures by a trained segmentation network, kept as files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image

from inference.pictures import PictureError, read_picture
from inference.segment import BATCH, Segmenter


def write_group_maps(
    pictures: Sequence[Path], segmenter: Path, out: Path, device: str | None = None
) -> Iterator[tuple[int, int]]:
    """Write one group map (8-bit PNG of 0..6, the picture's own size) per picture, skipping those that exist.

    Files appear whole or not at all, so an interrupted run goes on where it stopped. Unreadable pictures get none.

    Args:
        pictures: the files to cut up.
        segmenter: the network's ``.safetensors`` file.
        out: folder for the maps, named after the picture's stem; made when absent.
        device: "cpu", "cuda" or None for the best there is.

    Yields:
        (pictures done so far, pictures to do), after every batch.
    """
    yield from write_maps({path: out / f"{path.stem}.png" for path in pictures}, segmenter, device)


def write_maps(places: Mapping[Path, Path], segmenter: Path, device: str | None = None) -> Iterator[tuple[int, int]]:
    """The same with a place of its own for each map: ``places`` says picture -> map."""
    missing = [path for path, place in places.items() if not place.exists()]
    if not missing:
        return
    for folder in {places[path].parent for path in missing}:
        folder.mkdir(parents=True, exist_ok=True)
    network = Segmenter.load(segmenter, device)
    for start in range(0, len(missing), BATCH):
        readable = []
        for path in missing[start : start + BATCH]:
            try:
                readable.append((path, read_picture(path)))
            except PictureError:
                continue
        maps = network.predict([picture for _path, picture in readable])
        for (path, _picture), groups in zip(readable, maps, strict=True):
            place = places[path]
            unfinished = place.with_name(f".{place.name}.{os.getpid()}.part")
            Image.fromarray(groups).save(unfinished, format="PNG")
            os.replace(unfinished, place)
        yield min(start + BATCH, len(missing)), len(missing)
