"""Bring the interface's new sentences into the translation catalogues: ``python -m tests.translation.messages``.

Django's own ``makemessages`` needs the programs of GNU gettext; this needs Babel alone.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
SOURCES = (("catalog_audit", "*.py"), ("templates", "*.html"), ("catalog_audit", "*.html"))


def extracted() -> list[tuple[str | None, str | tuple[str, ...]]]:
    """Every sentence of the sources once, as (context, text or texts), in the order of the files."""
    found: dict[tuple[str | None, str | tuple[str, ...]], None] = {}
    for folder, pattern in SOURCES:
        for path in sorted((ROOT / folder).rglob(pattern)):
            source = path.read_text(encoding="utf-8")
            if path.suffix == ".html":
                # Leading blanks would be indentation to the extractor, which reads Python.
                source = "\n".join(line.lstrip() for line in templatize(source).splitlines())
            for _line, ids, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
                found[context, ids] = None
    return list(found)


def update(file: Path) -> int:
    """Add what is new to a catalogue and drop what is gone; returns how many sentences want translating."""
    with file.open("rb") as stream:
        catalogue = read_po(stream, locale=file.parents[1].name)
    template = Catalog()
    for context, ids in extracted():
        template.add(ids, context=context)
    catalogue.update(template, no_fuzzy_matching=True)
    body = io.BytesIO()
    write_po(body, catalogue, ignore_obsolete=True, no_location=True, omit_header=True, width=0)
    # The header stays as it was written: Babel's own has a date, which changes every time.
    header, _, _ = file.read_bytes().partition(b"\n\n")
    draft = file.with_suffix(".part")
    draft.write_bytes(header + b"\n\n" + body.getvalue().strip() + b"\n")
    draft.replace(file)
    return sum(not any(message.string or ()) for message in catalogue if message.id)


if __name__ == "__main__":
    for path in sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po")):
        print(f"{path.relative_to(ROOT)}: {update(path)} sentences want translating")
