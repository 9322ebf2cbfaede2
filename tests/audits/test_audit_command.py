"""``manage.py audit``: the contract of its last line, and messages for what is not there."""

from __future__ import annotations

import re

import pytest
from django.core.management import CommandError, call_command

from catalog_audit.audits import running
from catalog_audit.audits.models import Prediction
from catalog_audit.jobs import service
from catalog_audit.jobs.models import Job
from tests.audits.conftest import make_dress, sure_of

pytestmark = pytest.mark.usefixtures("networks")


@pytest.fixture
def dresses(boutique, settings):
    settings.CHUNK_SIZE = 2
    return [make_dress(boutique, external_id) for external_id in "ABC"]


def audit(capsys, *arguments: str) -> tuple[list[str], str]:
    call_command("audit", "--shop", "boutique", *arguments)
    out, err = capsys.readouterr()
    return out.splitlines(), err


def test_its_last_line_counts_products_flags_and_seconds(dresses, networks, capsys):
    networks.sees[dresses[1].pk] = sure_of("red")
    lines, _ = audit(capsys)
    assert re.fullmatch(r"audited 3 products, 1 flags, \d+\.\d seconds", lines[-1])


def test_a_second_run_says_what_did_not_change(dresses, capsys):
    audit(capsys)
    lines, _ = audit(capsys)
    assert lines[0] == "3 products unchanged since they were last looked at"
    assert lines[-1].startswith("audited 0 products, 0 flags, ")


def test_progress_goes_to_the_error_stream(dresses, capsys):
    _, err = audit(capsys)
    assert "3/3" in err


def test_it_goes_on_with_an_audit_that_was_left(boutique, dresses, networks, capsys):
    run = running.start_audit(boutique, detach=False)
    running.do_one_chunk(run)
    lines, err = audit(capsys)
    assert "going on with the audit" in err
    assert lines[-1].startswith("audited 3 products, ")
    assert sorted(networks.looked) == [dress.pk for dress in dresses]


def test_detached_it_plans_and_returns(dresses, capsys):
    lines, err = audit(capsys, "--detach")
    assert lines[-1].endswith("3 products to look at, 0 unchanged")
    assert "no worker is running" in err
    assert not Prediction.objects.exists()
    assert Job.objects.get().state == Job.State.QUEUED


def test_an_unknown_shop_is_named_beside_the_known_ones(boutique):
    with pytest.raises(CommandError, match=r"there is no shop 'market' \(shops: boutique\)"):
        call_command("audit", "--shop", "market")


def test_without_models_it_says_where_they_are_missed(boutique, settings, tmp_path):
    settings.SHIPPED_MODELS_DIR = tmp_path / "nothing"
    with pytest.raises(CommandError, match=f"there is no active segmentation model.*{tmp_path}"):
        call_command("audit", "--shop", "boutique")


def test_interrupted_it_says_that_nothing_is_lost(dresses, networks, monkeypatch, capsys):
    def interrupt(requests):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(networks, "read", interrupt)
        with pytest.raises(CommandError, match="nothing is lost, run it again") as ending:
            audit(capsys)
    assert ending.value.returncode == 130
    lines, _ = audit(capsys)
    assert lines[-1].startswith("audited 3 products, ")


def test_cancelled_by_somebody_else_it_says_how_far_it_came(dresses, networks, monkeypatch):
    read = networks.read

    def cancel_while_reading(requests):
        service.cancel(Job.objects.get())
        return read(requests)

    monkeypatch.setattr(networks, "read", cancel_while_reading)
    with pytest.raises(CommandError, match="cancelled after 2 of 3 products"):
        call_command("audit", "--shop", "boutique")


def test_a_part_that_cannot_be_done_ends_in_an_error_after_the_counts(dresses, networks, monkeypatch, capsys):
    def fail(requests):
        raise RuntimeError("poisonous")

    monkeypatch.setattr(networks, "read", fail)
    with pytest.raises(CommandError, match="2 parts failed three times; the first: RuntimeError: poisonous"):
        audit(capsys)
    assert capsys.readouterr().out.splitlines()[-1].startswith("audited 0 products, 0 flags, ")
