"""Feeds that come through a browser: kept below the uploads folder, pictures unpacked from a ZIP archive."""

from __future__ import annotations

import secrets
import shutil
import stat
import zipfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from catalog_audit.catalog.files import MAX_PICTURE_BYTES, FileProblem, atomic_file
from catalog_audit.feeds import running
from catalog_audit.feeds.columns import Columns, resolve
from catalog_audit.feeds.importing import Plan
from catalog_audit.feeds.models import FeedImport
from catalog_audit.feeds.readers import FeedError, RawRow, open_feed
from catalog_audit.feeds.rows import RowError, parse, why_unsafe
from catalog_audit.jobs import dispatch

MAX_ARCHIVE_FILES = 100_000
MAX_ARCHIVE_BYTES = 8 * 1024**3

#: Pictures hardly shrink in an archive; a file that grows more than this is a bomb.
MAX_RATIO = 100

_BLOCK = 1024 * 1024


def accept_upload(
    shop_slug: str,
    feed_file: UploadedFile,
    archive_file: UploadedFile | None,
    mapping: Mapping[str, str],
    user: Any,
    dry_run: bool = False,
) -> FeedImport:
    """Keep an uploaded feed (and its pictures) and have a worker import it.

    Args:
        shop_slug: the shop; a new one is made with the first row that goes in.
        feed_file: the CSV.
        archive_file: a ZIP archive of the pictures, or None.
        mapping: field -> column, as :func:`catalog_audit.feeds.columns.resolve` takes it.
        user: who uploads.
        dry_run: only say what would change.

    Raises:
        FeedError: the feed or the archive cannot be read.
        ColumnError: the columns do not fit.
        FileProblem: the upload cannot be kept, for example because the disk is full.
        AlreadyRunning: an import into the shop is under way.
    """
    folder = Path(settings.UPLOADS_DIR) / secrets.token_hex(8)
    images = folder / "images"
    source = folder / "feed.csv"
    try:
        images.mkdir(parents=True)
        _keep(feed_file, source)
        preview(source, mapping)
        if archive_file is not None:
            unpack(archive_file, images)
            images = picture_root(images, source, mapping)
        with transaction.atomic():
            plan = Plan(source, images, shop_slug, dict(mapping), dry_run)
            feed_import = running.begin(plan, user=user, source_name=Path(feed_file.name or "feed.csv").name)
            dispatch.enqueue(feed_import.job)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return feed_import


def forget(feed_import: FeedImport) -> None:
    """Delete the files of an upload whose import is over: its pictures are stored, its row results are kept.

    A feed that was imported from where the shop keeps it is left alone.
    """
    feed_import.job.refresh_from_db()
    folder = feed_import.source.parent
    if not feed_import.job.is_active and folder.parent == Path(settings.UPLOADS_DIR):
        shutil.rmtree(folder, ignore_errors=True)


def preview(source: Path, mapping: Mapping[str, str]) -> Columns:
    """The columns of a feed as they would be imported.

    Raises:
        FeedError: the feed cannot be read.
        ColumnError: the columns do not fit.
    """
    with open_feed(source) as feed:
        return resolve(feed.header, mapping)


def picture_root(images: Path, source: Path, mapping: Mapping[str, str]) -> Path:
    """The folder from which the feed names its pictures.

    Who packs a folder has the folder's name in front of every file, but rarely in the feed: when all files lie in one
    folder, the feed's first pictures tell whether they are named from there or from above.
    """
    inside = [path for path in images.iterdir() if path.name != "__MACOSX"]
    if len(inside) != 1 or not inside[0].is_dir():
        return images
    names = list(islice(_picture_names(source, mapping), 100))
    return max((images, inside[0]), key=lambda root: sum((root / name).is_file() for name in names))


def _picture_names(source: Path, mapping: Mapping[str, str]) -> Iterator[str]:
    with open_feed(source) as feed:
        columns = resolve(feed.header, mapping)
        for row in feed.rows:
            try:
                if isinstance(row, RawRow):
                    yield from parse(row, columns).pictures or ()
            except RowError:
                continue  # the import lists it


def _keep(upload: UploadedFile, path: Path) -> None:
    with atomic_file(path) as stream:
        for block in upload.chunks():
            stream.write(block)


def unpack(archive_file: IO[bytes] | UploadedFile, folder: Path) -> int:
    """Unpack the files of a ZIP archive; folders are made, links and anything that leads out are refused.

    Returns:
        The number of files.

    Raises:
        FeedError: no archive, damaged, locked, too many or too large files, or a name that leads out of the folder.
        FileProblem: a file cannot be written.
    """
    try:
        # zipfile takes any object that reads and seeks, which Django's uploads do.
        with zipfile.ZipFile(archive_file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check(members)
            for member in members:
                _unpack_one(archive, member, folder / member.filename)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise FeedError(_("The archive cannot be unpacked: %(reason)s.") % {"reason": error}) from None
    return len(members)


def _check(members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive by its directory, before anything is unpacked."""
    if len(members) > MAX_ARCHIVE_FILES:
        raise FeedError(_("The archive holds more than %(limit)d files.") % {"limit": MAX_ARCHIVE_FILES})
    if sum(member.file_size for member in members) > MAX_ARCHIVE_BYTES:
        raise FeedError(
            _("The archive is too large once unpacked (limit: %(limit)d GB).") % {"limit": MAX_ARCHIVE_BYTES // 1024**3}
        )
    for member in members:
        name = member.filename
        danger = why_unsafe(name)
        if danger:
            raise FeedError(_("The archive's file “%(name)s” %(reason)s.") % {"name": name, "reason": danger})
        if stat.S_ISLNK(member.external_attr >> 16):
            raise FeedError(_("The archive's file “%(name)s” is a link; links are not unpacked.") % {"name": name})
        if member.file_size > MAX_PICTURE_BYTES or member.file_size > MAX_RATIO * max(member.compress_size, 1024):
            raise FeedError(_("The archive's file “%(name)s” is too large for a picture.") % {"name": name})


def _unpack_one(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Write one file; the size that the directory promised is not exceeded, whatever the data hold."""
    left = member.file_size
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem(
            _("%(path)s cannot be written: %(reason)s.") % {"path": path, "reason": error.strerror}
        ) from None
    with archive.open(member) as packed, atomic_file(path) as stream:
        while block := packed.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(f"{member.filename} is larger than it says")
            stream.write(block)
