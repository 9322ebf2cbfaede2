"""Flags follow the newest audit; a person's verdict is never overrun; overlays are whole files."""

from __future__ import annotations

import pytest
from PIL import Image

from catalog_audit.audits import overlays, running, storing
from catalog_audit.audits.models import Flag, Prediction
from catalog_audit.catalog import files
from catalog_audit.catalog.models import Label
from catalog_audit.jobs import chunks
from catalog_audit.jobs.chunks import Lost
from catalog_audit.jobs.models import Chunk
from tests import factories
from tests.audits.conftest import audit, make_dress, sure_of


@pytest.fixture
def dress(boutique, networks):
    dress = make_dress(boutique, "A")
    networks.sees[dress.pk] = sure_of("red")
    return dress


def colour_of(dress) -> Label:
    return dress.labels.get(attribute__code="colour")


def while_looking(monkeypatch, networks, act):
    """Let something happen after the products were read and before the findings are stored."""
    read = networks.read

    def read_and_act(requests):
        readings = read(requests)
        act()
        return readings

    monkeypatch.setattr(networks, "read", read_and_act)


def test_a_newer_audit_closes_the_flag_of_a_label_that_is_right_now(boutique, dress, networks):
    audit(boutique)
    Label.objects.filter(pk=colour_of(dress).pk).update(raw="Red", value=factories.value("red"))
    audit(boutique)
    assert list(Flag.objects.values_list("state", flat=True)) == [Flag.State.CLOSED]


def test_a_newer_audit_replaces_the_flag_of_a_label_that_is_wrong_otherwise(boutique, dress, networks):
    audit(boutique)
    networks.sees[dress.pk] = sure_of("black")
    Label.objects.filter(pk=colour_of(dress).pk).update(raw="Red", value=factories.value("red"))
    audit(boutique)
    assert list(Flag.objects.order_by("pk").values_list("state", "suggested__code")) == [
        (Flag.State.CLOSED, "red"),
        (Flag.State.OPEN, "black"),
    ]


def test_a_decided_flag_stays_decided_when_its_product_is_looked_at_again(boutique, dress):
    audit(boutique)
    Flag.objects.update(state=Flag.State.FIXED)
    factories.decide(colour_of(dress), factories.make_manager(), "red")
    audit(boutique)
    assert list(Flag.objects.values_list("state", flat=True)) == [Flag.State.FIXED]


def test_a_verdict_given_during_the_audit_raises_no_flag_and_the_next_audit_looks_again(
    boutique, dress, networks, monkeypatch
):
    manager = factories.make_manager()
    while_looking(monkeypatch, networks, lambda: factories.decide(colour_of(dress), manager))
    audit(boutique)
    assert not Flag.objects.exists()
    assert colour_of(dress).verdict == Label.Verdict.ACCEPTED
    networks.looked.clear()
    audit(boutique)
    assert networks.looked == [dress.pk]
    assert not Flag.objects.exists()


def test_a_label_imported_anew_during_the_audit_raises_no_flag_about_the_old_one(
    boutique, dress, networks, monkeypatch
):
    red = factories.value("red")
    while_looking(
        monkeypatch, networks, lambda: Label.objects.filter(pk=colour_of(dress).pk).update(raw="Red", value=red)
    )
    audit(boutique)
    assert not Flag.objects.exists()


def test_a_worker_that_lost_its_chunk_stores_nothing(boutique, dress, networks, monkeypatch):
    run = running.start_audit(boutique, detach=False)
    while_looking(
        monkeypatch, networks, lambda: Chunk.objects.filter(job=run.job).update(owner="elsewhere:1", attempts=2)
    )
    with pytest.raises(Lost):
        running.do_one_chunk(run)
    assert not Prediction.objects.exists()
    assert not Flag.objects.exists()
    run.job.refresh_from_db()
    assert run.job.done == 0


def test_a_chunk_is_stored_wholly_or_not_at_all(boutique, dress, monkeypatch):
    run = running.start_audit(boutique, detach=False)

    def refuse(*args):
        raise RuntimeError("no flags today")

    monkeypatch.setattr(storing, "_flag", refuse)
    with pytest.raises(RuntimeError, match="no flags today"):
        running.do_one_chunk(run)
    assert not Prediction.objects.exists()
    assert run.job.chunks.get().state == Chunk.State.PENDING


def test_the_number_of_flags_is_that_of_the_wrong_labels(boutique, dress, networks):
    disputed = make_dress(boutique, "B")
    networks.sees[disputed.pk] = {"black": 0.7, "navy": 0.25, "red": 0.05}
    run = audit(boutique)
    assert running.flags_raised(run) == 1
    assert run.job.result == {"flags": 1, "unchanged": 0}


# --- overlays ----------------------------------------------------------------------------------------------------


def test_mask_and_attention_are_pictures_that_lie_over_the_product(boutique, dress):
    audit(boutique)
    prediction = Prediction.objects.get()
    with Image.open(overlays.path_of(prediction.mask)) as mask:
        assert (mask.format, mask.size) == ("PNG", (8, 12))
        alpha = mask.getchannel("A")
        assert alpha.getpixel((2, 5)) == 255
        assert alpha.getpixel((7, 11)) == 0
    for name, strong, weak in ((prediction.attention, (7, 11), (0, 0)), (prediction.attention_label, (0, 0), (7, 11))):
        with Image.open(overlays.path_of(name)) as attention:
            assert (attention.format, attention.size) == ("PNG", (8, 12))
            strength = attention.convert("RGBA").getchannel("A")
            assert strength.getpixel(strong) > 200 > 20 > strength.getpixel(weak)


def test_large_regions_become_overlays_of_a_bounded_size():
    import numpy as np

    data = overlays.mask_png(np.ones((3000, 1500), np.bool_))
    path = overlays.store("large.png", data)
    with Image.open(overlays.path_of(path)) as mask:
        assert mask.size == (overlays.SIDE // 2, overlays.SIDE)


def test_an_overlay_that_is_there_is_not_written_again(settings, tmp_path, monkeypatch):
    settings.OVERLAYS_DIR = tmp_path
    overlays.store("aa/mask.png", b"first")
    monkeypatch.setattr(overlays, "write_atomically", None)
    assert overlays.store("aa/mask.png", b"first") == "aa/mask.png"
    assert [path.name for path in (tmp_path / "aa").iterdir()] == ["mask.png"]


def test_a_full_disk_leaves_no_half_overlay_and_the_next_audit_goes_on(boutique, dress, settings, monkeypatch):
    """Every attempt meets the full disk: the job fails with a message; with room again nothing is missing."""

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        run = audit(boutique)
    assert run.job.state == "failed"
    assert "no room left on the disk" in run.job.error
    assert [path for path in settings.OVERLAYS_DIR.rglob("*") if path.is_file()] == []
    assert not Prediction.objects.exists()
    assert audit(boutique).job.state == "done"
    assert Prediction.objects.get().mask


def test_a_chunk_given_back_is_done_by_the_next(boutique, dress):
    run = running.start_audit(boutique, detach=False)
    chunk = chunks.claim(run.job)
    with pytest.raises(KeyboardInterrupt), chunks.held(chunk):
        raise KeyboardInterrupt
    running.work_off(run)
    assert Prediction.objects.count() == 1
