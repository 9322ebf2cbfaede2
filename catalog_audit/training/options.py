"""What a training works with and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The stages in the order in which they build on each other.
STAGES: tuple[str, ...] = ("outlines", "drawn", "segmentation", "regions", "attributes")


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """Folders and stages.

    Attributes:
        data: folder with ``ccp/`` (street photos with masks), ``hm/`` (packshots with ``labels.csv``) and, where there
            is one, ``myntra/`` (worn garments with ``labels.csv``).
        teacher: ``u2netp.onnx``, which outlines the packshots.
        work: checkpoints and everything in between; a training that was interrupted goes on from here.
        out: where the finished models go.
        stages: some of :data:`STAGES`.
    """

    data: Path
    teacher: Path
    work: Path
    out: Path
    stages: tuple[str, ...] = STAGES

    def __post_init__(self) -> None:
        """Check what can be checked before hours are spent.

        Raises:
            ValueError: a folder, file or stage does not exist.
        """
        unknown = set(self.stages) - set(STAGES)
        if unknown:
            raise ValueError(f"no such stage: {', '.join(sorted(unknown))} (there are {', '.join(STAGES)})")
        needed = [self.data / "ccp" / "labels.csv", self.data / "hm" / "labels.csv"]
        if "outlines" in self.stages:
            needed.append(self.teacher)
        for path in needed:
            if not path.exists():
                raise ValueError(f"{path} does not exist")

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        folders = {name: str(getattr(self, name)) for name in ("data", "teacher", "work", "out")}
        return {**folders, "stages": list(self.stages)}

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> TrainingOptions:
        """Read what :meth:`to_json` gave."""
        folders = {name: Path(options[name]) for name in ("data", "teacher", "work", "out")}
        return cls(**folders, stages=tuple(options["stages"]))

    @property
    def hm(self) -> Path:
        """The packshots."""
        return self.data / "hm"

    @property
    def shops(self) -> dict[str, Path]:
        """Name -> folder of the labelled catalogues that are there."""
        folders = {name: self.data / name for name in ("hm", "myntra")}
        return {name: folder for name, folder in folders.items() if (folder / "labels.csv").exists()}

    @property
    def ccp(self) -> Path:
        """The street photos."""
        return self.data / "ccp"

    @property
    def outlines(self) -> Path:
        """Outlines of the packshots by the teacher."""
        return self.work / "outlines"

    @property
    def drawn(self) -> Path:
        """Drawn garments with exact masks."""
        return self.work / "drawn"

    @property
    def regions(self) -> Path:
        """Group maps of the shops' pictures by the segmentation network, a folder for each shop."""
        return self.work / "regions"

    @property
    def segmenter(self) -> Path:
        """The trained segmentation network."""
        return self.out / "segmentation.safetensors"

    @property
    def classifier(self) -> Path:
        """The trained ensemble of attribute networks."""
        return self.out / "attributes.safetensors"
