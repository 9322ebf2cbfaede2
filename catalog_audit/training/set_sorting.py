"""Sorting more lessons than fit into memory, and joining the designs that share a picture.

Lessons are sorted in runs that are merged afterwards (Knuth, The Art of Computer Programming, volume 3, section 5.4).
Then all lessons of one picture lie beside each other, which shows the designs that have it in common; these are joined
by union-find, and count as one design under the first of their names.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final

from catalog_audit.training.set_labels import Lesson

#: A picture of more designs than this shows none of them ("no picture yet"): it is left out, and joins nothing.
MOST_DESIGNS: Final = 5

#: Lessons of one run: some 100 MB.
_RUN = 200_000

_SEPARATOR = "\x1f"


class Sorter:
    """Takes lessons in any order and gives them back sorted, each once; keeps them in files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: list[str] = []
        self._runs: list[Path] = []

    def add(self, lessons: Iterable[Lesson]) -> None:
        """Take some more."""
        for lesson in lessons:
            self._lines.append(_SEPARATOR.join(lesson) + "\n")
            if len(self._lines) >= _RUN:
                self._spill()

    def _spill(self) -> None:
        self._lines.sort()
        run = self._folder / f"run{len(self._runs)}"
        with run.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(self._lines)
        self._runs.append(run)
        self._lines = []

    def sorted(self) -> Iterator[Lesson]:
        """All of them; may be asked for several times."""
        self._lines.sort()
        with ExitStack() as stack:
            files = [stack.enter_context(run.open(encoding="utf-8", newline="\n")) for run in self._runs]
            before = ""
            for line in heapq.merge(self._lines, *files):
                if line != before:
                    yield Lesson(*line[:-1].split(_SEPARATOR))
                before = line


class Designs:
    """Which designs count as one, and which pictures show none.

    Attributes:
        joined: designs that count as another one.
        crowded: pictures (their SHA-256) that more than :data:`MOST_DESIGNS` designs have.
    """

    def __init__(self, lessons: Iterable[Lesson]) -> None:
        """Find them.

        Args:
            lessons: sorted.
        """
        self._parent: dict[str, str] = {}
        self.crowded: set[str] = set()
        for sha256, same in groupby(lessons, itemgetter(0)):
            designs = {lesson.design for lesson in same}
            if len(designs) > MOST_DESIGNS:
                self.crowded.add(sha256)
            elif len(designs) > 1:
                self._join(sorted(designs))
        self.joined = sum(self.of(design) != design for design in list(self._parent))

    def of(self, design: str) -> str:
        """The name under which a design counts."""
        passed = []
        while (above := self._parent.get(design, design)) != design:
            passed.append(design)
            design = above
        for one in passed:
            self._parent[one] = design
        return design

    def _join(self, designs: list[str]) -> None:
        roots = sorted({self.of(design) for design in designs})
        for root in roots:
            self._parent[root] = roots[0]
