"""From files to readings: decode, segment, cut out the product, measure its colours, classify it.

Two batches are on their way at a time, so that the networks of one do not wait for the pictures of the other. A picture
that cannot be read becomes a :class:`~inference.contract.Reading` with a problem; it never stops the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from inference import palette
from inference.classify import Classifier
from inference.contract import Bundle, ExplainRequest, PaletteEntry, PictureRequest, Reading
from inference.pictures import Picture, PictureError, open_picture
from inference.regions import region_of
from inference.segment import BATCH, Segmenter

#: Pictures are looked at in at most this size; group maps and regions come back in the picture's own size.
WORKING_SIDE = 512

#: Threads that decode and measure beside the networks.
_THREADS = 2

#: Batches that are looked at side by side, each with its share of the cores: while one is cut out of its pictures, the
#: other keeps the cores busy with a network. A fifth faster on two cores than one batch after the other.
_LANES = 2

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(slots=True)
class _Seen:
    """A picture on its way through the pipeline, in working size."""

    request: PictureRequest
    picture: Picture
    groups: NDArray[np.uint8]
    region: NDArray[np.bool_] | None


class Pipeline:
    """All networks of one audit, loaded once and used for any number of pictures."""

    def __init__(self, segmenter: Segmenter, classifiers: Mapping[str, Classifier]) -> None:
        """Use networks that are already loaded; ``classifiers`` maps garment groups, or "" for all, to classifiers."""
        self.segmenter = segmenter
        self.classifiers = dict(classifiers)

    @classmethod
    def load(cls, bundle: Bundle, device: str | None = None) -> Pipeline:
        """Read every network of a bundle.

        Args:
            bundle: the files.
            device: ``cpu``, ``cuda`` ...; CUDA when present and nothing is given.

        Raises:
            inference.artifact.ArtifactError: a model file is missing, damaged or of another kind.
        """
        classifiers = {key: Classifier.load(path, device) for key, path in bundle.classifiers.items()}
        return cls(Segmenter.load(bundle.segmenter, device), classifiers)

    @property
    def versions(self) -> dict[str, str]:
        """Version of each network: ``segmenter``, and ``classifier/<garment group>`` ("" where it is for all)."""
        named = {f"classifier/{group}": one.version for group, one in self.classifiers.items()}
        return {"segmenter": self.segmenter.version, **named}

    def classifier_for(self, garment_group: str) -> Classifier | None:
        """The specialist of a garment group, or the classifier for all groups; None where there is neither."""
        return self.classifiers.get(garment_group) or self.classifiers.get("")

    def read(self, requests: Sequence[PictureRequest]) -> list[Reading]:
        """Look at pictures.

        Args:
            requests: any number; sixteen at a time go through the networks.

        Returns:
            One reading per request, in the same order. Without a classifier for its garment group a reading has no
            probabilities.
        """
        batches = [requests[start : start + BATCH] for start in range(0, len(requests), BATCH)]
        threads = max(1, torch.get_num_threads() // _LANES)
        with (
            ThreadPoolExecutor(_THREADS) as helpers,
            ThreadPoolExecutor(_LANES, initializer=torch.set_num_threads, initargs=(threads,)) as lanes,
        ):
            read = lanes.map(lambda batch: list(self._read_batch(batch, helpers)), batches)
            return [reading for batch in read for reading in batch]

    def _read_batch(self, requests: Sequence[PictureRequest], pool: ThreadPoolExecutor) -> Iterable[Reading]:
        pictures = list(pool.map(_decode, [request.path for request in requests]))
        readable = [(request, one) for request, one in zip(requests, pictures, strict=True) if isinstance(one, Picture)]
        maps = self.segmenter.predict([picture.image for _, picture in readable])
        seen = [
            _Seen(request, picture, groups, region_of(groups, request.garment_group))
            for (request, picture), groups in zip(readable, maps, strict=True)
        ]
        palettes = list(pool.map(_measure, seen))
        probabilities = self._classify(seen, palettes)
        done = iter([
            _reading(one, found, shares) for one, found, shares in zip(seen, palettes, probabilities, strict=True)
        ])  # fmt: skip
        for request, picture in zip(requests, pictures, strict=True):
            if isinstance(picture, PictureError):
                yield Reading(request.key, picture.code, picture.detail)
            else:
                yield next(done)

    def _classify(
        self, seen: Sequence[_Seen], palettes: Sequence[tuple[PaletteEntry, ...]]
    ) -> list[dict[str, dict[str, float]]]:
        """Per picture: attribute -> value -> probability."""
        found: list[dict[str, dict[str, float]]] = [{} for _ in seen]
        for classifier, numbers in self._by_classifier(seen):
            chosen = [seen[number] for number in numbers]
            answers = classifier.predict(
                [one.picture.image for one in chosen],
                [one.region for one in chosen if one.region is not None],
                [one.request.garment_group for one in chosen],
                [one.request.digest for one in chosen],
                [palettes[number] for number in numbers],
            )
            for attribute, rows in answers.items():
                for number, row in zip(numbers, rows.tolist(), strict=True):
                    found[number][attribute] = dict(zip(classifier.values[attribute], row, strict=True))
        return found

    def _by_classifier(self, seen: Sequence[_Seen]) -> Iterator[tuple[Classifier, list[int]]]:
        """Each classifier with the places of the pictures, with a region, that it looks at."""
        places: dict[int, tuple[Classifier, list[int]]] = {}
        for number, one in enumerate(seen):
            classifier = self.classifier_for(one.request.garment_group)
            if classifier is not None and one.region is not None:
                places.setdefault(id(classifier), (classifier, []))[1].append(number)
        yield from places.values()

    def explain(self, requests: Sequence[ExplainRequest]) -> list[NDArray[np.float32]]:
        """Show where the classifiers looked.

        Args:
            requests: predictions to explain.

        Returns:
            Per request float32 (height, width) of 0..1, as large as the request's region. All zero where nothing can be
            explained: the picture is gone, the region is empty, or no classifier knows the value.
        """
        maps = [np.zeros(request.region.shape, np.float32) for request in requests]
        places: dict[tuple[int, str], tuple[Classifier, list[int]]] = {}
        for number, request in enumerate(requests):
            classifier = self.classifier_for(request.garment_group)
            if classifier is None or not request.region.any():
                continue
            if request.value in classifier.values.get(request.attribute, ()):
                key = id(classifier), request.attribute
                places.setdefault(key, (classifier, []))[1].append(number)
        with ThreadPoolExecutor(_THREADS) as pool:
            for (_, attribute), (classifier, numbers) in places.items():
                decoded = _ahead(pool, _decode, [requests[number].path for number in numbers])
                for start in range(0, len(numbers), BATCH):
                    part = [(number, next(decoded)) for number in numbers[start : start + BATCH]]
                    self._explain_batch(classifier, attribute, requests, part, maps)
        return maps

    def _explain_batch(
        self,
        classifier: Classifier,
        attribute: str,
        requests: Sequence[ExplainRequest],
        part: Sequence[tuple[int, Picture | PictureError]],
        maps: list[NDArray[np.float32]],
    ) -> None:
        """Fill in the maps of one batch."""
        numbers: list[int] = []
        images: list[Image.Image] = []
        regions: list[NDArray[np.bool_]] = []
        for number, picture in part:
            if isinstance(picture, PictureError):
                continue
            region = _resized(requests[number].region, picture.image.size)
            if region.any():
                numbers.append(number)
                images.append(picture.image)
                regions.append(region)
        values = [requests[number].value for number in numbers]
        for number, small in zip(numbers, classifier.explain(images, regions, attribute, values), strict=True):
            height, width = maps[number].shape
            enlarged = Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR)
            maps[number] = np.clip(np.asarray(enlarged, np.float32), 0.0, 1.0)


def _decode(path: Path) -> Picture | PictureError:
    try:
        return open_picture(path, WORKING_SIDE)
    except PictureError as error:
        return error


def _measure(seen: _Seen) -> tuple[PaletteEntry, ...]:
    return () if seen.region is None else palette.measure(seen.picture.image, seen.region)


def _reading(seen: _Seen, found: tuple[PaletteEntry, ...], probabilities: Mapping[str, Mapping[str, float]]) -> Reading:
    groups = _resized(seen.groups, seen.picture.size)
    if seen.region is None:
        return Reading(seen.request.key, "no_region", f"no {seen.request.garment_group}", groups=groups)
    return Reading(
        key=seen.request.key,
        groups=groups,
        region=_resized(seen.region, seen.picture.size),
        region_share=float(seen.region.mean()),
        palette=found,
        probabilities=probabilities,
    )


_Map = TypeVar("_Map", NDArray[np.uint8], NDArray[np.bool_])


def _resized(array: _Map, size: tuple[int, int]) -> _Map:
    """A map of numbers or truths in another (width, height), without new values."""
    if array.shape == (size[1], size[0]):
        return array
    small = Image.fromarray(array.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    return np.asarray(small).astype(array.dtype)


def _ahead(pool: ThreadPoolExecutor, work: Callable[[_In], _Out], items: Sequence[_In]) -> Iterator[_Out]:
    """Results of ``work`` in order, kept two batches ahead of whoever takes them, so that memory stays bounded."""
    waiting: deque[Future[_Out]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > 2 * BATCH:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
