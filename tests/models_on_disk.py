"""Folders of model files as the registry sees them: cards beside files of weights that nobody loads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

#: What the classifier tells apart.
VALUES: dict[str, list[str]] = {
    "colour": ["navy", "black", "red", "blue", "light_blue"],
    "garment_type": ["dress", "skirt", "blouse", "trousers"],
    "pattern": ["solid", "stripe", "all_over_print", "placement_print"],
    "length": ["mini", "midi", "maxi"],
}

#: Thresholds for colour; a label is flagged when the network is nearly sure of another value.
POLICY: dict[str, Any] = {
    "frequencies": {"navy": 0.3, "black": 0.2, "red": 0.2, "blue": 0.2, "light_blue": 0.1},
    "error_rate": 0.05,
    "slope": 1.0,
    "intercept": 0.0,
    "flag_threshold": 0.8,
    "neighbour_threshold": 0.99,
    "set_threshold": 0.05,
    "rival_threshold": 0.3,
    "neighbours": [["black", "navy"]],
}


def judged(*attributes: str) -> dict[str, Any]:
    """A card's ``attributes``: all values are known, and labels of the attributes that are named can be judged."""
    known: dict[str, Any] = {code: {"values": values} for code, values in VALUES.items()}
    for code in attributes:
        even = {"frequencies": dict.fromkeys(VALUES[code], 1 / len(VALUES[code])), "neighbours": []}
        known[code]["policy"] = POLICY if code == "colour" else POLICY | even
    return known


def write_model(folder: Path, name: str, weights: str = "first", **card: Any) -> str:
    """Write the two files of a model and return its version; other ``weights`` are another version."""
    folder.mkdir(parents=True, exist_ok=True)
    content = f"{name} {weights}"
    digest = hashlib.sha256(content.encode()).hexdigest()
    (folder / f"{name}.safetensors").write_text(content)
    (folder / f"{name}.json").write_text(json.dumps({"format": 1, "sha256": digest} | card))
    return digest[:12]


def write_segmenter(folder: Path, weights: str = "first") -> str:
    """A segmentation network."""
    return write_model(folder, "segmentation", weights, kind="segmenter")


def write_classifier(folder: Path, group: str = "", weights: str = "first", **card: Any) -> str:
    """The classifier of all garment groups, or the specialist of one; of the attributes it judges colour."""
    values = {"kind": "classifier", "garment_group": group, "members": 3, "attributes": judged("colour")}
    return write_model(folder, f"attributes_{group}".rstrip("_"), weights, **(values | card))


def write_all(folder: Path) -> None:
    """Everything that an audit needs."""
    write_segmenter(folder)
    write_classifier(folder)
