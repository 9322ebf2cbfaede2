"""Feeds that come through a browser, with the pictures in a ZIP archive."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog_audit.catalog.files import picture_path
from catalog_audit.catalog.models import Picture, Product, Shop
from catalog_audit.feeds import uploads
from catalog_audit.feeds.columns import ColumnError
from catalog_audit.feeds.models import FeedImport
from catalog_audit.feeds.readers import FeedError
from catalog_audit.feeds.tasks import import_feed
from catalog_audit.feeds.uploads import accept_upload, unpack
from catalog_audit.jobs import dispatch, service
from catalog_audit.jobs.models import Job
from tests.factories import make_admin, picture_file

FEED = b"id,colour,image\n1,navy,a.jpg\n,navy,a.jpg\n"


def csv_file(data: bytes = FEED) -> SimpleUploadedFile:
    return SimpleUploadedFile("../my feed.csv", data)


def zip_file(**files: bytes) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    buffer.seek(0)
    return buffer


@pytest.fixture
def jpeg(tmp_path) -> bytes:
    return picture_file(tmp_path / "a.jpg").read_bytes()


@pytest.fixture
def sent(monkeypatch) -> list[int]:
    """Job numbers that a worker was told of."""
    told: list[int] = []
    monkeypatch.setattr(dispatch.current_app, "send_task", lambda _name, args, queue: told.append(args[0]))
    return told


@pytest.fixture
def upload(dictionary, django_capture_on_commit_callbacks):
    admin = make_admin()

    def accept(feed=None, archive=None, mapping=None, **options) -> FeedImport:
        with django_capture_on_commit_callbacks(execute=True):
            return accept_upload("boutique", feed or csv_file(), archive, mapping or {}, admin, **options)

    return accept


def left_over(settings) -> list[Path]:
    root = Path(settings.UPLOADS_DIR)
    return list(root.iterdir()) if root.exists() else []


def test_an_upload_is_imported_by_a_worker(upload, sent, jpeg):
    feed_import = upload(archive=zip_file(**{"a.jpg": jpeg}))
    assert sent == [feed_import.job_id]
    assert not Product.objects.exists()
    import_feed(feed_import.job_id)
    feed_import.refresh_from_db()
    assert (feed_import.new, feed_import.rejected, feed_import.source_name) == (1, 1, "my feed.csv")
    assert feed_import.shop == Shop.objects.get(slug="boutique")
    assert feed_import.job.created_by.username == "admin"
    assert Picture.objects.get().problem == ""
    rejected = feed_import.rows.get(outcome="rejected")
    assert (rejected.line, rejected.field, rejected.reason) == (3, "external_id", "is empty")


def test_a_dry_run_keeps_its_results_and_changes_no_product(upload, sent, jpeg, settings):
    feed_import = upload(archive=zip_file(**{"a.jpg": jpeg}), dry_run=True)
    import_feed(feed_import.job_id)
    feed_import.refresh_from_db()
    assert (feed_import.new, feed_import.rejected) == (1, 1)
    assert not Product.objects.exists()
    assert not Shop.objects.exists()
    assert not settings.PICTURES_DIR.exists()


def test_the_files_of_an_upload_go_when_its_import_is_over(upload, sent, jpeg, settings):
    feed_import = upload(archive=zip_file(**{"a.jpg": jpeg}))
    assert len(left_over(settings)) == 1
    import_feed(feed_import.job_id)
    assert left_over(settings) == []
    assert picture_path(Picture.objects.get()).exists()


def test_the_files_stay_while_another_worker_imports_them(upload, sent, settings):
    feed_import = upload()
    with service.working(feed_import.job):
        import_feed(feed_import.job_id)
        assert len(left_over(settings)) == 1


def test_the_files_of_an_upload_that_was_cancelled_before_it_began_go(upload, sent, settings):
    feed_import = upload()
    service.cancel(feed_import.job)
    import_feed(feed_import.job_id)
    assert left_over(settings) == []
    assert not Product.objects.exists()


@pytest.mark.parametrize("inside", ["photos/a.jpg", "photos/deep/a.jpg"])
def test_a_folder_packed_as_a_whole_is_looked_into(upload, sent, jpeg, inside):
    feed = f"id,image\n1,{inside.removeprefix('photos/')}\n".encode()
    feed_import = upload(csv_file(feed), zip_file(**{inside: jpeg, "__MACOSX/._a.jpg": b"x"}))
    import_feed(feed_import.job_id)
    assert Picture.objects.get().problem == ""


def test_a_feed_that_names_the_folder_is_taken_at_its_word(upload, sent, jpeg):
    feed_import = upload(csv_file(b"id,image\n1,photos/a.jpg\n"), zip_file(**{"photos/a.jpg": jpeg}))
    import_feed(feed_import.job_id)
    assert Picture.objects.get().problem == ""


def test_a_second_upload_for_a_shop_is_refused_and_leaves_nothing(upload, sent, settings):
    service.start(Job.Kind.IMPORT, "boutique")
    with pytest.raises(service.AlreadyRunning):
        upload()
    assert left_over(settings) == []
    assert sent == []


@pytest.mark.parametrize(
    ("feed", "mapping", "error"),
    [
        (b"", {}, FeedError),
        (b"PK\x03\x04", {}, FeedError),
        (b"title\nx\n", {}, ColumnError),
        (FEED, {"colour": "farbe"}, ColumnError),
    ],
)
def test_a_feed_that_cannot_be_read_is_refused_at_once(upload, sent, settings, feed, mapping, error):
    with pytest.raises(error):
        upload(csv_file(feed), mapping=mapping)
    assert left_over(settings) == []
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["../evil.jpg", "/etc/evil.jpg", "a/../../evil.jpg", "C:/evil.jpg", "..\\evil.jpg"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path, name):
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(FeedError, match=r"evil\.jpg"):
        unpack(zip_file(**{"good.jpg": b"x", name: b"x"}), folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


def test_an_archive_with_a_link_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(FeedError, match="is a link"):
        unpack(buffer, tmp_path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with pytest.raises(FeedError, match="too large for a picture"):
        unpack(zip_file(**{"bomb.jpg": b"\0" * 20_000_000}), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("limit", "message"), [("MAX_ARCHIVE_FILES", "more than 1 files"), ("MAX_ARCHIVE_BYTES", "large")]
)
def test_an_archive_has_limits(tmp_path, monkeypatch, limit, message):
    monkeypatch.setattr(uploads, limit, 1)
    with pytest.raises(FeedError, match=message):
        unpack(zip_file(**{"a.jpg": b"x", "b.jpg": b"x"}), tmp_path)


def test_an_archive_that_lies_about_its_sizes_is_stopped(tmp_path):
    packed = bytearray(zip_file(**{"a.jpg": b"x" * 5000}).getvalue())
    real, told = (5000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    with pytest.raises(FeedError, match="cannot be unpacked"):
        unpack(io.BytesIO(bytes(packed).replace(real, told)), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"no archive at all", b"PK\x03\x04 torn"])
def test_what_is_no_archive_is_refused(tmp_path, data):
    with pytest.raises(FeedError, match="cannot be unpacked"):
        unpack(io.BytesIO(data), tmp_path)


def test_a_damaged_archive_is_refused(tmp_path, jpeg):
    data = bytearray(zip_file(**{"a.jpg": jpeg * 3}).getvalue())
    data[60:80] = bytes(20)
    with pytest.raises(FeedError, match="cannot be unpacked"):
        unpack(io.BytesIO(bytes(data)), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "a.jpg"] == []
