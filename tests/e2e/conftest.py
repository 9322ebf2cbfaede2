"""A real Chromium, a served application, and a shop with twelve flags."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, sync_playwright

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.files import store_picture
from tests import factories

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
SWITCHES = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

# Playwright's synchronous interface runs an event loop in this thread, which Django takes for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).is_file():
        reason = "no Chromium here: install it (Debian: apt-get install chromium) or name it in CHROMIUM"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


class Visitor:
    """Somebody at a browser. Errors in its console, violations of the security policy among them, fail the test."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context = context
        self.address = address
        self.errors: list[str] = []
        self.expected: list[str] = []
        self.page = self.open()

    def open(self) -> Page:
        """A new tab."""
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        return self.page

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.text} {message.location['url']}".rstrip())

    def expect_errors(self, pattern: str) -> None:
        """Errors that belong to the test, as a regular expression."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        """Errors that nobody expected."""
        return [error for error in self.errors if not any(re.search(known, error) for known in self.expected)]

    def goto(self, path: str) -> None:
        """Open a page and wait until its scripts have done what they do at the start."""
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")

    def sign_in(self, username: str) -> None:
        """Sign in as somebody of the cast."""
        self.goto("/sign-in/")
        self.page.fill("#id_username", username)
        self.page.fill("#id_password", factories.PASSWORD)
        self.page.press("#id_password", "Enter")
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)

    def shown_flag(self) -> int:
        """The flag that the page shows."""
        return int(self.page.locator("[data-flag]").get_attribute("data-flag"))

    def press(self, key: str) -> None:
        """Press a key and wait until another flag (or the end) is shown."""
        before = self.page.locator("[data-part] > *").evaluate("node => node.dataset.flag || 'end'")
        self.page.keyboard.press(key)
        self.page.wait_for_function(
            "before => (document.querySelector('[data-part] > *').dataset.flag || 'end') !== before", arg=before
        )

    def lose_first_answer(self, addresses: str) -> list[int]:
        """Let the server answer and lose its first answer on the way; the list then holds its status."""
        lost: list[int] = []

        def pass_on(route: Route) -> None:
            if lost:
                route.continue_()
                return
            lost.append(route.fetch().status)
            route.abort()

        self.page.route(addresses, pass_on)
        return lost

    def wait_until_sent(self) -> None:
        """Wait until the server has answered for every decision."""
        self.page.wait_for_function("() => JSON.parse(localStorage['catalog-audit.outbox'] || '[]').length === 0")


@pytest.fixture
def visit(browser: Browser, live_server) -> Iterator:
    """Make a visitor with cookies and storage of their own."""
    visitors: list[Visitor] = []

    def make(**options) -> Visitor:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        visitors.append(Visitor(context, live_server.url))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.context.close()
    assert [error for visitor in visitors for error in visitor.unexpected()] == []


@pytest.fixture
def manager(transactional_db):
    return factories.make_manager("mia")


@pytest.fixture
def colleague(transactional_db):
    return factories.make_manager("carl")


@pytest.fixture
def admin(transactional_db):
    return factories.make_admin("ada")


@pytest.fixture
def flags(transactional_db, tmp_path: Path) -> list[Flag]:
    """Twelve flags in the order of the queue: the shop says navy, the picture says black."""
    shop = factories.make_shop("spring")
    return [make_flag(shop, number, tmp_path) for number in range(12)]


def make_flag(shop, number: int, folder: Path) -> Flag:
    product = factories.make_product(shop, f"P-{number:02}", title=f"Dress {number}")
    file = factories.picture_file(folder / f"{number}.png", size=(120, 180), colour=f"hsl({number * 30}, 60%, 40%)")
    stored = store_picture(file)
    picture = factories.make_picture(
        product, sha256=stored.sha256, suffix=stored.suffix, width=stored.width, height=stored.height
    )
    settings.OVERLAYS_DIR.mkdir(parents=True, exist_ok=True)
    names = {}
    inks = (
        ("mask", "LA", (255, 255)),
        ("attention", "RGBA", (255, 0, 0, 200)),
        ("attention_label", "RGBA", (0, 0, 255, 200)),
    )
    for kind, mode, ink in inks:
        overlay = Image.new(mode, (120, 180))
        ImageDraw.Draw(overlay).rectangle((30, 30, 90, 150), fill=ink)
        names[kind] = f"{uuid4().hex}.png"
        overlay.save(settings.OVERLAYS_DIR / names[kind])
    label = factories.make_label(product, "Navy", "navy")
    chance = 0.99 - number / 100
    prediction = factories.make_prediction(
        label,
        top="black",
        p_wrong=chance,
        state="flagged",
        picture=picture,
        probabilities={"black": 0.8, "grey": 0.1, "brown": 0.06, "navy": 0.04},
        palette=[["#101010", 0.7], ["#303040", 0.3]],
        region_share=0.4,
        **names,
    )
    for code in ("grey", "brown", "red", "green"):
        factories.value(code)
    return factories.make_flag(label, "black", chance, prediction=prediction)
