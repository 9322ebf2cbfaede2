"""Photograph the pages of a running server, for the README and for looking at them side by side.

    python tests/e2e/screenshots.py --address http://127.0.0.1:8000 --user NAME --password-file FILE --shop demo

English pictures are named after the page, Russian ones ``page.ru.png``.

Run it against the demo catalogue only: pictures of real shops do not belong into the repository.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

#: Larger files are not wanted in the repository.
MAX_BYTES = 150_000
#: file name -> (address, keys pressed before the picture is taken; what is longer than a key is a link to follow)
PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "home": ("/", ()),
    "dashboard": ("/dashboard/", ()),
    "trust": ("/dashboard/trust/", ()),
    "queue": ("/flags/?shop={shop}", ()),
    "flag": ("/flags/next/?shop={shop}", ()),
    "garment": ("/flags/next/?shop={shop}", ("m", "t")),
    "kinds": ("/flags/grid/?shop={shop}", ()),
    "grid": ("/flags/grid/?shop={shop}", ("a[href*='suggested=']",)),
    "product": ("/flags/?shop={shop}", ("a[href^='/products/']",)),
    "audits": ("/audits/", ()),
    "feeds": ("/feeds/", ()),
    "words": ("/words/", ()),
    "export": ("/export/", ()),
}


def photograph(page: Page, address: str, name: str, shop: str, file: Path) -> Path:
    """Open a page, press its keys, keep a picture of it as PNG with at most 256 colours."""
    path, keys = PAGES[name]
    page.goto(address + path.format(shop=shop))
    page.wait_for_load_state("networkidle")
    for key in keys:
        if len(key) > 1:
            page.locator(key).first.click()
            page.wait_for_load_state("networkidle")
        else:
            page.keyboard.press(key)
    page.wait_for_timeout(300)
    page.screenshot(path=file)
    if file.stat().st_size > MAX_BYTES:
        Image.open(file).convert("RGB").quantize(256).save(file, optimize=True)
    return file


def main() -> None:
    """Sign in and photograph the pages that were asked for."""
    parser = argparse.ArgumentParser(description="Photograph the pages of a running server.")
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path, help="a file that holds the password alone")
    parser.add_argument("--shop", default="demo")
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("--size", default="1280x800", metavar="WIDTHxHEIGHT")
    parser.add_argument("--languages", nargs="+", choices=("en", "ru"), default=["en", "ru"], metavar="CODE")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=list(PAGES), metavar="PAGE")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    width, height = map(int, options.size.split("x"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for language in options.languages:
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if options.dark else "light",
                locale={"en": "en-GB", "ru": "ru-RU"}[language],
            )
            page.goto(options.address + "/sign-in/")
            page.fill("#id_username", options.user)
            page.fill("#id_password", options.password_file.read_text(encoding="utf-8").strip())
            page.press("#id_password", "Enter")
            page.wait_for_load_state("networkidle")
            for name in options.pages:
                file = options.out / (f"{name}.png" if language == "en" else f"{name}.{language}.png")
                photograph(page, options.address, name, options.shop, file)
                print(f"{file}: {file.stat().st_size // 1000} kB")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
