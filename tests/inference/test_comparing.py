"""Two pipelines look by turns; labels are weighed as an audit weighs them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from inference.contract import PaletteEntry, PictureRequest, Reading
from inference.fit import comparing
from inference.suspicion import Policy


def requests(count: int) -> list[PictureRequest]:
    return [PictureRequest(str(number), None, "top") for number in range(count)]  # type: ignore[arg-type]


def pipeline(name: str, log: list[str]) -> SimpleNamespace:
    def read(part):
        log.append(f"{name}{len(part)}")
        return [Reading(f"{name}{one.key}") for one in part]

    return SimpleNamespace(read=read)


def test_they_look_by_turns_and_who_begins_changes():
    log: list[str] = []
    found = comparing.read_by_turns(pipeline("a", log), pipeline("b", log), requests(70))
    assert log == ["a32", "b32", "b32", "a32", "a6", "b6"]
    assert [one.key for one in found.readings[0]] == [f"a{number}" for number in range(70)]
    assert [one.key for one in found.readings[1]] == [f"b{number}" for number in range(70)]
    assert [count for count, _one, _other in found.seconds] == [32, 32, 6]


def test_the_other_may_begin():
    log: list[str] = []
    comparing.read_by_turns(pipeline("a", log), pipeline("b", log), requests(3), first=1)
    assert log == ["b3", "a3"]


CARD = {
    "policy": Policy(frequencies={"navy": 0.5, "red": 0.5}, flag_threshold=0.8, neighbours=frozenset()).to_json()
}  # fmt: skip


@pytest.mark.parametrize(
    ("known_as", "covers", "state"), [("navy", (), "flagged"), ("red", (), "ok"), ("", ("red",), "ok")]
)
def test_a_label_is_flagged_where_it_is_probably_wrong(known_as, covers, state):
    found = comparing.judge(CARD, {"navy": 0.01, "red": 0.99}, (PaletteEntry("#aa0000", 1.0),), known_as, covers)
    assert (found.top, found.share, found.state) == ("red", 0.99, state)


def test_a_label_that_the_networks_do_not_know_is_left_alone():
    found = comparing.judge(CARD, {"navy": 0.01, "red": 0.99}, (), "", ())
    assert (found.state, found.p_wrong) == ("ok", None)
