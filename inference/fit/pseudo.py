"""Pseudo-masks for flat-lay packshots: a general matting network outlines the garment, the known type says which group.

The teacher is U2-Netp (Apache-2.0; Qin et al., "U2-Net: Going Deeper with Nested U-Structure for Salient Object
Detection", Pattern Recognition 2020). It is used in training only and is no part of the product. On worn garments it
outlines the person, so only shops with flat-lays are run through it.

Usage:
    python -m inference.fit.pseudo --images ../shared/data/hm/images --model ../shared/weights/u2netp.onnx \
        --out var/training/pseudo/hm
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.fit.split import hash_number

#: Input of the teacher: a square of this side, RGB, normalised with the statistics of ImageNet. The file was exported
#: for 320; at 256 its outlines of flat-lays agree with those at 320 (IoU 0.994) in little over half the time.
TEACHER_SIDE = 256
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)

#: A pseudo-mask whose share of the picture lies outside these bounds shows that the teacher failed.
USABLE_SHARE = (0.03, 0.95)

_session: Any = None


def load_teacher(model: Path) -> Any:
    """Open U2-Net for inputs of any size on one thread; returns an ``onnxruntime.InferenceSession``."""
    import onnx
    import onnxruntime

    proto = onnx.load(str(model))
    sides = proto.graph.input[0].type.tensor_type.shape.dim
    sides[2].dim_param, sides[3].dim_param = "height", "width"
    del proto.graph.output[1:]  # the first output is the fused one
    for axis, dim in enumerate(proto.graph.output[0].type.tensor_type.shape.dim):
        dim.dim_param = f"out{axis}"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _start_worker(model: str) -> None:
    global _session
    _session = load_teacher(Path(model))


def matte(session: Any, picture: Image.Image) -> NDArray[np.float32]:
    """Run the teacher over one picture.

    Args:
        session: an ``onnxruntime.InferenceSession`` of U2-Net.
        picture: RGB, any size.

    Returns:
        float32 (height, width) in the picture's own size, 0..1 after stretching; about 1 on the garment.
    """
    small = np.asarray(picture.resize((TEACHER_SIDE, TEACHER_SIDE), Image.Resampling.BILINEAR), np.float32)
    pixels = (small / max(float(small.max()), 1.0) - _MEAN) / _STD
    answer = session.run(None, {session.get_inputs()[0].name: pixels.transpose(2, 0, 1)[None].astype(np.float32)})
    soft = answer[0][0, 0]
    low, high = float(soft.min()), float(soft.max())
    soft = (soft - low) / max(high - low, 1e-6)
    return np.asarray(Image.fromarray(soft).resize(picture.size, Image.Resampling.BILINEAR), np.float32)


def _mask_one(job: tuple[str, str]) -> str:
    source, target = job
    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    mask = Image.fromarray(((matte(_session, picture) > 0.5) * 255).astype(np.uint8))
    unfinished = f"{target}.{os.getpid()}.part"
    mask.save(unfinished, format="PNG")
    os.replace(unfinished, target)
    return target


def write_pseudo_masks(
    pictures: Sequence[Path], model: Path, out: Path, workers: int | None = None
) -> Iterator[tuple[int, int]]:
    """Write one binary mask (8-bit PNG, 0 or 255, the picture's own size) per picture, skipping those that exist.

    Files appear whole or not at all, so an interrupted run goes on where it stopped.

    Args:
        pictures: the files to outline.
        model: ``u2netp.onnx``.
        out: folder for the masks, named after the picture's stem; made when absent.
        workers: number of processes; as many as there are cores when None.

    Yields:
        (masks written so far, masks to write), after every mask.
    """
    out.mkdir(parents=True, exist_ok=True)
    jobs = [(str(path), str(out / f"{path.stem}.png")) for path in pictures]
    jobs = [job for job in jobs if not os.path.exists(job[1])]
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers or os.cpu_count() or 1, _start_worker, (str(model),)) as pool:
        for done, _ in enumerate(pool.imap_unordered(_mask_one, jobs, chunksize=8), start=1):
            yield done, len(jobs)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Write pseudo-masks of flat-lay pictures.")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--limit", type=int, help="only so many pictures, chosen by the hash of their names")
    options = parser.parse_args(arguments)
    pictures = [path for path in options.images.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png"}]
    pictures = sorted(pictures, key=lambda path: hash_number(path.stem))[: options.limit]
    started = time.monotonic()
    for done, total in write_pseudo_masks(pictures, options.model, options.out, options.workers):
        if done % 200 == 0 or done == total:
            print(f"{done}/{total} masks, {(time.monotonic() - started) / done:.3f} s each", flush=True)


if __name__ == "__main__":
    main()
