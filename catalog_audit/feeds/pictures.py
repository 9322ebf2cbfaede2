"""The pictures that a feed names: looked at, and kept when they can be used.

A picture that is missing or cannot be used does not keep its product out of the catalogue: the product goes in, the
picture carries the problem, and the audit then shows the product as unreadable. Pictures named by a web address are
not fetched; they carry the problem "remote".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from catalog_audit.catalog.files import StoredPicture, store_picture
from catalog_audit.feeds.rows import is_remote
from inference.pictures import PictureError

REMOTE = "remote"
_THREADS = 4


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """A picture that has been looked at: either ``stored`` or a ``problem``.

    Attributes:
        source: as the feed names it.
        stored: the usable picture, or None.
        problem: a code of :data:`inference.contract.PROBLEMS`, or "remote"; "" when the picture can be used.
        detail: a short technical detail of the problem, or "".
    """

    source: str
    stored: StoredPicture | None = None
    problem: str = ""
    detail: str = ""


class PictureFolder:
    """A folder of pictures. Pillow decodes without Python's global lock, so threads use all cores."""

    def __init__(self, folder: Path, keep: bool) -> None:
        """Prepare to read from ``folder`` (resolved); ``keep`` False looks at the pictures and writes nothing."""
        self.folder = folder
        self._keep = keep
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="pictures")

    def close(self) -> None:
        """Let the threads end; pictures that wait are not looked at any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def look(self, names: Iterable[str], known: Mapping[str, StoredPicture]) -> dict[str, SeenPicture]:
        """Look at pictures.

        Args:
            names: as the feed writes them, checked by :mod:`catalog_audit.feeds.rows`.
            known: SHA-256 -> picture, of pictures stored before; they are not decoded again.

        Raises:
            FileProblem: a picture cannot be kept, for example because the disk is full.
        """
        distinct = list(dict.fromkeys(names))
        return dict(zip(distinct, self._pool.map(lambda name: self._look(name, known), distinct), strict=True))

    def _look(self, name: str, known: Mapping[str, StoredPicture]) -> SeenPicture:
        if is_remote(name):
            return SeenPicture(name, problem=REMOTE)
        try:
            return SeenPicture(name, stored=store_picture(self.folder / name, known, keep=self._keep))
        except PictureError as error:
            return SeenPicture(name, problem=error.code, detail=error.detail)
