"""Every page is checked by axe-core in a real Chromium: nothing that hinders people seriously.

All pages in both languages and both colour schemes: ``ACCESSIBILITY=all pytest tests/e2e/test_accessibility.py``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.resources import files
from uuid import uuid4

import pytest
from django.template.loader import render_to_string

from catalog_audit.feeds.models import FeedImport, RowResult
from catalog_audit.review import actions
from catalog_audit.review.saved import save
from tests import factories
from tests.e2e.conftest import Visitor

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact)).flatMap((one) =>
    one.nodes.map((node) => `${one.impact} ${one.id}: ${node.target.join(" ")}: ${node.html.slice(0, 160)}`));
}"""
KIND = "attribute=colour&label=navy&suggested=black"

#: Name of a page -> its address; what stands behind | is done there before it is looked at.
PAGES = {
    "home": "/",
    "dashboard": "/dashboard/",
    "trust": "/dashboard/trust/",
    "queue": "/flags/",
    "queue, views": "/flags/|click .views summary",
    "queue by value": "/flags/?state=mine&order=value&p_from=0.5",
    "flag": "/flags/{flag}/",
    "flag, probabilities and facts": "/flags/{flag}/|click details:not([open]) summary",
    "flag, keys": "/flags/{flag}/|press ?",
    "flag, values": "/flags/{flag}/|press f",
    "flag, overlays": "/flags/{flag}/|press t",
    "decided flag": "/flags/{decided}/",
    "examples": "/flags/{flag}/evidence/",
    "end of the queue": "/flags/next/?label=black",
    "kinds": "/flags/grid/",
    "grid": f"/flags/grid/?{KIND}",
    "grid, a tile taken out": f"/flags/grid/?{KIND}|press Space",
    "grid, a closer look": f"/flags/grid/?{KIND}|press z",
    "end of the grid": f"/flags/grid/?{KIND}&shop=none",
    "product": "/products/{product}/",
    "audits": "/audits/",
    "feeds": "/feeds/",
    "feed result": "/feeds/{feed}/",
    "words": "/words/",
    "export": "/export/",
    "nothing there": "/nothing/",
    "failure": "/failure/",
}
#: Looked at in Russian and in the dark too, where words are longest and colours are most.
FEW = ("dashboard", "queue", "flag", "grid, a tile taken out", "product", "feed result")
#: Other states of pages that are looked at anyway; left out where time is short.
VARIANTS = (
    "queue, views",
    "queue by value",
    "flag, overlays",
    "decided flag",
    "grid, a closer look",
    "end of the grid",
)


@pytest.fixture
def places(admin, colleague, flags, monkeypatch) -> dict[str, int]:
    """What the addresses are about, with something to see on every page."""
    monkeypatch.setattr("catalog_audit.web.dashboard.FEWEST", 1)
    shop = flags[0].shop
    factories.make_label(factories.make_product(shop), "Abyss", None)
    actions.fix(flags[8], factories.value("black"), admin, uuid4())
    actions.accept(flags[9], admin, uuid4())
    actions.dispute(flags[10], colleague, uuid4())
    actions.both(flags[11], colleague, uuid4())
    save(admin, "Navy", "label=navy", shared=True)
    factories.make_run(shop, state="running", total=10, done=3)
    factories.make_run(shop, state="failed", error="The disk is full.")
    job = factories.make_job("import", shop.slug)
    feed = FeedImport.objects.create(
        job=job, shop=shop, shop_slug=shop.slug, source_name="list.csv", new=1, rejected=1, unmapped_words=1
    )
    RowResult.objects.create(
        feed_import=feed, line=3, external_id="P-3", outcome=RowResult.Outcome.REJECTED, field="url", reason="is wrong"
    )
    return {"flag": flags[0].pk, "decided": flags[8].pk, "product": flags[8].product_id, "feed": feed.pk}


def open_page(visitor: Visitor, place: str) -> None:
    """Go to an address and do what stands behind it."""
    address, _, act = place.partition("|")
    visitor.page.goto(visitor.address + address)
    verb, _, what = act.partition(" ")
    if verb == "press":
        visitor.page.keyboard.press(what)
    elif verb == "click":
        visitor.page.locator(what).evaluate_all("nodes => nodes.forEach((node) => node.click())")


def findings(visitor: Visitor) -> list[str]:
    """What axe finds that is serious or critical."""
    visitor.page.evaluate(AXE)
    found: list[str] = visitor.page.evaluate(RUN)
    return found


def everything(visitor: Visitor, names: Sequence[str], places: dict[str, int]) -> list[str]:
    visitor.page.route("**/failure/", lambda route: route.fulfill(body=render_to_string("500.html")))
    found = []
    for name in names:
        open_page(visitor, PAGES[name].format(**places))
        found += [f"{name}: {one}" for one in findings(visitor)]
    return found


@pytest.mark.parametrize(
    ("language", "scheme"),
    [("en", "light"), ("ru", "dark"), *([("en", "dark"), ("ru", "light")] if "ACCESSIBILITY" in os.environ else [])],
)
def test_no_page_hinders_anybody_seriously(visit, admin, places, language, scheme):
    admin.language = language
    admin.save()
    visitor = visit(color_scheme=scheme, reduced_motion="reduce")
    visitor.expect_errors("404")
    visitor.page.set_default_timeout(60_000)  # on a busy machine axe takes its time
    visitor.goto("/sign-in/")
    found = findings(visitor)
    visitor.sign_in("ada")
    names = FEW if (language, scheme) != ("en", "light") else [name for name in PAGES if name not in VARIANTS]
    found += everything(visitor, list(PAGES) if "ACCESSIBILITY" in os.environ else names, places)
    assert found == []


#: Numbers everything that Tab has to reach; of radio buttons that is the chosen one of each group.
NUMBER = """() => {
  const reachable = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const nodes = [...document.querySelectorAll(reachable)].filter((node) =>
    !node.disabled && node.tabIndex >= 0 && node.checkVisibility() && !node.matches("[type=radio]:not(:checked)"));
  nodes.forEach((node, number) => (node.dataset.stop = number));
  return nodes.map((node) => node.outerHTML.slice(0, 120));
}"""
#: Which of these has the focus, and whether that is seen.
FOCUSED = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node.matches("input[type=radio]") ? node.nextElementSibling : node);
  return [node.dataset.stop ?? "", style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
}"""


@pytest.mark.parametrize("name", ["queue", "flag", "grid"])
def test_tab_reaches_everything_and_shows_where_it_is(visit, admin, places, name):
    visitor = visit()
    visitor.sign_in("ada")
    open_page(visitor, PAGES[name].format(**places))
    page = visitor.page
    page.evaluate("document.activeElement.blur()")
    stops = page.evaluate(NUMBER)
    reached, unseen = set(), []
    for _press in range(len(stops) + 3):
        page.keyboard.press("Tab")
        stop, is_seen = page.evaluate(FOCUSED)
        reached.add(stop)
        if stop and not is_seen:
            unseen.append(stops[int(stop)])
    assert [html for number, html in enumerate(stops) if str(number) not in reached] == []
    assert unseen == []


def test_the_first_tab_offers_to_skip_to_the_content(visit, admin, flags):
    visitor = visit()
    visitor.sign_in("ada")
    visitor.goto("/flags/")
    page = visitor.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    assert page.locator(".skip-link").bounding_box()["height"] > 20
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
