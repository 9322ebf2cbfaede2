"""Pieces that a page holds by the hundred: values, options, tiles, cells.

Written here and not as templates, which would take ten times as long for each; what is the same on every page is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Value
from catalog_audit.web.cards import FlagCard
from catalog_audit.web.filters import Option
from catalog_audit.web.heat import Cell
from catalog_audit.web.templatetags.ui import percent, swatch

register = template.Library()

_SELECTED = SafeString(" selected")
_CROSS = SafeString('<svg viewBox="0 0 16 16" width="14" height="14"><path d="m4 4 8 8M12 4l-8 8"></path></svg>')
_LENS = SafeString(
    '<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">'
    '<path d="M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM11 11l3 3M5 7h4M7 5v4"></path></svg>'
)


@register.simple_tag
def chip(value: Value) -> SafeString:
    """A value's swatch and name."""
    return _chip(swatch(value), value.name)


@lru_cache(maxsize=2048)
def _chip(drawn: SafeString, name: str) -> SafeString:
    return format_html('<span class="chip">{}<span>{}</span></span>', drawn, name)


@register.simple_tag
def value_buttons(card: FlagCard) -> SafeString:
    """Every value of the flag's attribute as a button, with what the network gives it."""
    begin = f'<button type="button" role="option" id="value-{card.flag.pk}-'
    rows = []
    for choice in card.values:
        one = choice.value
        known = None if card.hides_shares else choice.probability
        # Of a share nothing has to be escaped but the "<" of the smallest.
        share = "" if known is None else f'<span class="hint">{percent(known).replace("<", "&lt;")}</span>'
        rows.append(
            f"{begin}{_value(one.pk, one.name, one.name_en, one.name_ru, one.code, swatch(one))}{share}</button>"
        )
    return SafeString("\n".join(rows))


@lru_cache(maxsize=2048)
def _value(pk: int, name: str, english: str, russian: str, code: str, drawn: SafeString) -> SafeString:
    return format_html(
        '{0}" aria-selected="false" tabindex="-1" data-action="fix" data-value="{0}" data-name="{1}"'
        ' data-words="{2}|{3}|{4}">{5}<span>{1}</span>',
        pk,
        name,
        english,
        russian,
        code,
        drawn,
    )


@register.simple_tag
def options(offered: Sequence[Option], empty: str) -> SafeString:
    """What a filter can be set to, under the headings of their groups; ``empty`` is what asks for nothing."""
    parts = [format_html('<option value="">{}</option>', empty)]
    for group, members in groupby(offered, key=lambda option: option.group):
        parts += [format_html('<optgroup label="{}">', group)] if group else []
        for one in members:
            number = "" if one.number is None else f" ({_whole(one.number)})"
            chosen = _SELECTED if one.chosen else ""
            parts.append(format_html('<option value="{}"{}>{}{}</option>', one.code, chosen, one.name, number))
        parts += [SafeString("</optgroup>")] if group else []
    return SafeString("".join(parts))


@register.simple_tag
def tile(flag: Flag) -> SafeString:
    """A flag on the grid, with its product and picture loaded."""
    picture, product = flag.prediction.picture, flag.product
    title = product.title or product.external_id
    shown = False
    if picture is not None and picture.sha256:
        shown = True
        image = format_html(
            '<img src="{}?v={}" alt="" loading="lazy" width="120" height="160" draggable="false">',
            reverse("web:garment", args=[flag.prediction_id])
            if flag.prediction.mask
            else reverse("web:small_picture", args=[picture.pk]),
            picture.sha256[:12],
        )
    else:
        image = format_html('<span class="no-picture">{}</span>', _("no picture"))
    return format_html(
        '<div class="tile" role="gridcell" tabindex="-1" aria-selected="{}" data-tile="{}" data-stage-address="{}"'
        ' data-title="{title}">{}<span class="tile-mark" aria-hidden="true">{}</span>'
        '<span class="tile-text"><span class="tile-title">{title}</span> <span class="tile-share">{}</span></span>'
        '<button type="button" class="tile-closer" tabindex="-1" data-action="look" aria-label="{}">{}</button></div>',
        "true" if shown else "false",
        flag.pk,
        reverse("web:stage", args=[flag.pk]),
        image,
        _CROSS,
        percent(flag.p_wrong),
        _("Look closer: %(title)s") % {"title": title},
        _LENS,
        title=title,
    )


@register.simple_tag
def heat_cells(label: Value, cells: Sequence[Cell]) -> SafeString:
    """A row of the matrix: numbers of flags, each leading to them."""
    address, name = reverse("web:flags"), label.name
    drawn = []
    for cell in cells:
        if not cell.number:
            drawn.append(f'<td class="heat-{cell.shade}"></td>')
            continue
        words = {"label": name, "suggested": cell.suggested.name, "number": cell.number}
        drawn.append(
            format_html(
                '<td class="heat-{}"><a href="{}?{}" aria-label="{}">{}</a></td>',
                cell.shade,
                address,
                cell.queue,
                _("%(label)s, suggested %(suggested)s: %(number)s") % words,
                _whole(cell.number),
            )
        )
    return SafeString("".join(drawn))


def _whole(number: int) -> str:
    return str(number) if 0 <= number < 1000 else intcomma(number)
