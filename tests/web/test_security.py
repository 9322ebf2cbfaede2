"""What every page does and leaves out."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from django.test import RequestFactory
from django.views.defaults import server_error

from tests import factories

PAGES = ["/", "/flags/", "/flags/next/", "/audits/", "/feeds/", "/words/", "/export/"]
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
def evil(shop, flag):
    """Markup wherever a shop can write."""
    product = factories.make_product(shop, EVIL, title=EVIL, group=EVIL, description=EVIL, url="javascript:alert(3)")
    factories.make_label(product, EVIL, None, "garment_type")
    return factories.make_flag(factories.make_label(product, EVIL, "navy"), p_wrong=0.99)


@pytest.mark.parametrize("address", PAGES)
def test_nothing_is_loaded_from_elsewhere_and_no_script_stands_in_a_page(admin, flag, address):
    page = admin.get(address, follow=True).content.decode()
    for found in re.findall(r'\s(?:src|href|action|hx-get)="([^"]*)"', page):
        assert found.startswith(("/", "?", "#")), found
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)


@pytest.mark.parametrize("address", PAGES)
def test_the_browser_is_told_to_run_own_scripts_only(admin, flag, address):
    headers = admin.get(address, follow=True).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", [*PAGES, "/flags/?shop=%22%3E%3Cscript%3E", "/flags/?label=%3Cscript%3E"])
def test_what_a_shop_writes_is_shown_as_text(admin, evil, address):
    page = admin.get(address, follow=True).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert '"><script>' not in page


def test_a_flags_page_shows_markup_as_text_and_links_to_web_addresses_only(admin, evil):
    page = admin.get(f"/flags/{evil.pk}/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page


def test_a_swatch_that_is_no_colour_is_not_drawn(admin, flag):
    value = flag.suggested
    value.swatch = '#123456 "/><script>alert(4)</script> url(//x)'
    value.save()
    page = admin.get(f"/flags/{flag.pk}/").content.decode()
    assert 'fill="#123456"' in page
    assert "alert(4)" not in page


def test_the_server_says_that_it_is_well_without_a_sign_in(stranger):
    assert stranger.get("/healthz").json() == {"status": "ok"}


def test_the_server_says_when_the_database_is_gone(stranger, monkeypatch):
    from django.db import OperationalError, connection

    def gone():
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", gone)
        assert stranger.get("/healthz").status_code == 503


def test_an_error_has_a_page_that_needs_nothing():
    page = server_error(RequestFactory().get("/")).content.decode()
    assert "Something went wrong" in page
    assert "{%" not in page


def test_a_stranger_learns_nothing_of_addresses(stranger):
    page = stranger.get("/nowhere/").content.decode()
    assert "There is nothing at this address" in page
    assert "/flags/" not in page


def test_django_finds_nothing_wrong_with_the_deployment(tmp_path):
    """In a process of its own, with nothing configured but the data folder: the defaults have to be the safe ones."""
    ours = ("CATALOG_AUDIT_", "DJANGO_ALLOW_ASYNC_UNSAFE", "DATABASE_URL", "REDIS_URL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**environment, "CATALOG_AUDIT_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_process_that_serves_pages_never_loads_the_networks():
    """In a process of its own, because other tests load them."""
    check = (
        "import django, sys; django.setup(); import catalog_audit.urls, catalog_audit.wsgi;"
        "sys.exit(', '.join(name for name in ('torch', 'torchvision', 'timm') if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
