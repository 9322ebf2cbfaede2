"""Two processes that train one ensemble together, as ``torchrun`` starts them, on the processor."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.classify import Classifier, load_members
from inference.fit.crew import Crew
from inference.fit.retraining import FINETUNE
from tests.inference.test_retraining import Shop, write_base

ROOT = Path(__file__).resolve().parents[2]

#: What ``manage.py train`` does in each process, without a database.
PROCESS = """
import json, sys
from pathlib import Path
from inference.fit.candidate import retrain
from inference.fit.crew import assembled
from inference.fit.retraining import Order
order, out = Path(sys.argv[1]), Path(sys.argv[2])
with assembled("cpu") as crew:
    told = crew.told(json.loads(order.read_text()) if crew.leads else None)
    found = retrain(Order.from_json(told), out / str(crew.rank), lambda news: None, crew)
    (out / f"{crew.rank}.json").write_text(json.dumps(found))
"""


def test_two_processes_make_one_model_and_only_the_first_writes(tmp_path: Path) -> None:
    base = write_base(tmp_path)
    order = Shop(tmp_path, 36).order(FINETUNE, schedule={"sides": [32], "batch": 8, "frozen": 1, "weights": {}})
    (tmp_path / "order.json").write_text(json.dumps(asdict(order), default=str))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path / "order.json"), str(tmp_path)],
            cwd=ROOT, env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        errors = [process.communicate(timeout=250)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], errors
    found = json.loads((tmp_path / "0.json").read_text())
    assert json.loads((tmp_path / "1.json").read_text()) == {}
    assert not (tmp_path / "1").exists()
    assert Classifier.load(Path(found["path"]), "cpu").values == {"colour": ("red", "green", "blue"),
                                                                 "length": ("mini", "maxi")}  # fmt: skip
    before, after = load_members(base)[0], load_members(Path(found["path"]))[0]
    for old, new in zip(before, after, strict=True):
        assert not torch.equal(old.trunk.state_dict()["conv_head.weight"], new.trunk.state_dict()["conv_head.weight"])


def test_a_batch_is_shared_out_and_nobody_goes_without() -> None:
    rows = np.arange(8)
    shares = [Crew(rank, 3).share(rows).tolist() for rank in range(3)]
    assert sorted(row for share in shares for row in share) == list(range(8))
    few = [Crew(rank, 4).share(np.arange(3)).tolist() for rank in range(4)]
    assert all(len(share) == 2 for share in few), "a network's statistics need two pictures"
    assert {row for share in few for row in share} == {0, 1, 2}
    assert Crew().share(rows) is rows


@pytest.mark.parametrize(("rank", "leads"), [(0, True), (1, False)])
def test_the_first_process_leads(rank: int, leads: bool) -> None:
    assert Crew(rank, 2).leads is leads
