"""The benchmark of the networks runs through and has every row. Tiny networks and inputs; no time is judged."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inference.artifact import save_artifact
from inference.classify import KIND as CLASSIFIER
from inference.network import AttributeNetwork
from inference.segment import KIND as SEGMENTER
from inference.segment import build_network

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "networks.py"

ROWS = [
    "segmentation",
    "attributes",
    "one_member",
    "one_picture",
    "shared_encoder",
    "resnet_classifier",
    "resnet_unet",
    "resnet_both",
]
NUMBERS = ["ms_batch", "ms_batch_fastest", "ms_single", "ms_single_fastest", "gflop", "gflops"]
#: One thread: two wait for each other at every layer where other programs keep the cores busy.
QUICK = ["--tiny", "--threads", "1", "--encoder", "resnet18", "--repeats", "1", "--batch", "2"]

UNET = {"encoder": "tu-tf_efficientnet_lite0", "decoder_channels": [8, 8, 8], "classes": 7}
TRUNK: dict[str, Any] = {"trunk": "test_efficientnet", "embedding": 16}
ATTRIBUTES = {"colour": {"values": ["black", "white"]}, "length": {"values": ["mini", "knee", "maxi"]}}


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("networks_benchmark", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:  # its dataclasses look for their module by name
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def segmentation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save_artifact(
        folder / "segmentation.safetensors", SEGMENTER, build_network(UNET).state_dict(), {"architecture": UNET}
    )
    return folder


def ship_attributes(folder: Path, members: int) -> str:
    counts = {name: len(one["values"]) for name, one in ATTRIBUTES.items()}
    states = [AttributeNetwork(counts, **TRUNK).state_dict() for _ in range(members)]
    tensors = {f"{number}.{name}": tensor for number, state in enumerate(states) for name, tensor in state.items()}
    card = {"architecture": TRUNK, "members": members, "attributes": ATTRIBUTES, "side": 64}
    return save_artifact(folder / "attributes.safetensors", CLASSIFIER, tensors, card)


def test_every_row_has_its_figures(
    benchmark: ModuleType, segmentation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, document = tmp_path / "networks.json", tmp_path / "networks.md"
    threads = torch.get_num_threads()
    files = ["--weights", str(segmentation), "--json", str(figures), "--write", str(document)]
    benchmark.main([*QUICK, *files])
    result = json.loads(figures.read_text())
    assert [row["key"] for row in result["rows"]] == ROWS
    for row in result["rows"]:
        assert all(row[number] > 0 for number in [*NUMBERS, "share_of_matrix_product"]), row
    assert result["matrix"]["gflops"] > 0
    assert result["threads"] == 1
    assert torch.get_num_threads() == threads
    assert result["shipped"]["attributes"] == "untrained"

    operations = {row["key"]: row["gflop"] for row in result["rows"]}
    assert operations["one_picture"] == pytest.approx(operations["segmentation"] + operations["attributes"])
    assert 2 * operations["one_member"] < operations["attributes"] <= 3 * operations["one_member"]
    assert operations["segmentation"] < operations["shared_encoder"] < operations["one_picture"]

    printed, written = capsys.readouterr().out, document.read_text()
    assert all(f"| {row['name']} " in printed and f"| {row['name']} " in written for row in result["rows"])
    assert printed.splitlines()[-1].startswith("one picture: ")
    assert printed.splitlines()[-1].endswith(" ms, target 60")
    for fact in (result["command"], f"torch {torch.__version__}", "1 threads", result["processor"]):
        assert fact in written


def test_the_shipped_ensemble_and_given_pictures_are_used(
    benchmark: ModuleType, segmentation: Path, tmp_path: Path
) -> None:
    weights, images = tmp_path / "weights", tmp_path / "images"
    weights.mkdir()
    images.mkdir()
    for file in segmentation.iterdir():
        (weights / file.name).write_bytes(file.read_bytes())
    version = ship_attributes(weights, 2)
    Image.fromarray(np.full((80, 60, 3), 90, np.uint8)).save(images / "one.png")
    (images / "notes.txt").write_text("no picture")
    files = ["--weights", str(weights), "--images", str(images), "--json", str(tmp_path / "networks.json")]
    benchmark.main([*QUICK, *files])
    result = json.loads((tmp_path / "networks.json").read_text())
    operations = {row["key"]: row["gflop"] for row in result["rows"]}
    assert result["shipped"]["attributes"] == version
    assert operations["attributes"] > 1.5 * operations["one_member"]


def test_a_folder_without_pictures_is_refused(benchmark: ModuleType, segmentation: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no picture"):
        benchmark.main([*QUICK, "--weights", str(segmentation), "--images", str(tmp_path)])
