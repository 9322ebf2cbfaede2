"""Folders of model files as the registry sees them: cards beside files of weights that nobody loads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

#: Thresholds of a card; a label is flagged when the network is nearly sure of another value.
POLICY: dict[str, Any] = {
    "frequencies": {"navy": 0.4, "black": 0.3, "red": 0.3},
    "error_rate": 0.05,
    "slope": 1.0,
    "intercept": 0.0,
    "flag_threshold": 0.8,
    "neighbour_threshold": 0.99,
    "set_threshold": 0.05,
    "margin": 0.3,
    "neighbours": [["black", "navy"]],
}


def write_model(folder: Path, name: str, weights: str = "first", **card: Any) -> str:
    """Write the two files of a model and return its version; other ``weights`` are another version."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(f"{name} {weights}".encode()).hexdigest()
    (folder / f"{name}.safetensors").write_text(weights)
    (folder / f"{name}.json").write_text(json.dumps({"format": 1, "sha256": digest} | card))
    return digest[:12]


def write_segmenter(folder: Path, weights: str = "first") -> str:
    """A segmentation network."""
    return write_model(folder, "segmentation", weights, kind="segmenter")


def write_classifier(folder: Path, group: str = "full_body", weights: str = "first", **card: Any) -> str:
    """The colour specialist of a garment group."""
    values = {"kind": "classifier", "attribute": "colour", "garment_group": group, "policy": POLICY}
    return write_model(folder, f"colour_{group}", weights, **(values | card))


def write_all(folder: Path) -> None:
    """Everything that an audit needs."""
    write_segmenter(folder)
    for group in ("top", "bottom", "full_body"):
        write_classifier(folder, group)
