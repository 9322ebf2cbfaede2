"""What templates draw: swatches, chips, strips of colour, addresses with one parameter changed.

Swatches are SVG because the content security policy allows no inline style.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog_audit.catalog.models import Value

register = template.Library()
HEX = re.compile(r"#[0-9a-fA-F]{6}")


@register.simple_tag
def swatch(value: Value | None) -> SafeString:
    """The value's colours side by side, or nothing when it has none."""
    return _swatch(value.swatch) if value else SafeString()


@lru_cache(maxsize=1024)
def _swatch(text: str) -> SafeString:
    colours = [colour for colour in text.split() if HEX.fullmatch(colour)]
    return _svg("swatch", [(colour, 1.0) for colour in colours]) if colours else SafeString()


@register.simple_tag
def colour_strip(entries: list[Any]) -> SafeString:
    """Measured colours, each as wide as its share."""
    return _svg("strip", [(entry.hex, entry.share) for entry in entries if HEX.fullmatch(entry.hex)])


@register.simple_tag
def colour_square(hex_code: str) -> SafeString:
    """One colour."""
    return _svg("swatch", [(hex_code, 1.0)]) if HEX.fullmatch(hex_code) else SafeString()


@register.simple_tag
def bar(share: float, kind: str) -> SafeString:
    """A bar filled to a share 0..1; ``kind`` becomes a class."""
    drawn = f'<rect x="0" y="0" width="{max(0.0, min(share, 1.0)) * 100:.1f}" height="100"></rect>'
    return format_html(
        '<svg class="bar bar-{}" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        kind,
        SafeString(drawn),
    )


def _svg(css_class: str, parts: list[tuple[str, float]]) -> SafeString:
    whole = sum(share for _colour, share in parts) or 1.0
    rectangles, left = [], 0.0
    for colour, share in parts:
        width = share / whole * 100
        # A hair of overlap, so that no background shows between two colours.
        rectangles.append((f"{left:.2f}", f"{min(width + 0.2, 100 - left):.2f}", colour))
        left += width
    drawn = format_html_join("", '<rect x="{}" y="0" width="{}" height="100" fill="{}"></rect>', rectangles)
    return format_html(
        '<svg class="{}" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        css_class,
        drawn,
    )


@register.filter
def named(code: str, names: dict[str, str]) -> str:
    """The name of a code, or the code itself."""
    return names.get(code, code)


@register.filter
def web_address(address: str) -> str:
    """The address when it is one of the web, else "": a shop's list may hold ``javascript:...``."""
    try:
        return address if urlsplit(address).scheme in ("http", "https") else ""
    except ValueError:
        return ""


@register.simple_tag
def new_token() -> str:
    """The token of one decision, for a browser that runs no scripts (the page's script makes its own)."""
    return str(uuid4())


@register.filter
def percent(share: float | None) -> str:
    """0.974 -> "97%"; anything below certainty is never rounded up to "100%"."""
    if share is None:
        return "–"
    if 0 < share < 0.01:
        return "<1%"
    return f"{min(round(share * 100), 99) if share < 1 else 100}%"


@register.simple_tag(takes_context=True)
def address(context: template.Context, **changes: Any) -> str:
    """The present address's parameters with some changed; an empty value removes one."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        if value in ("", None):
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds in words of the page's language: "42 s", "3 min 10 s", "2 h 5 min"."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return _("%(seconds)d s") % {"seconds": whole}
    if whole < 3600:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": whole // 60, "seconds": whole % 60}
    return _("%(hours)d h %(minutes)d min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}


@register.filter
def whole(number: float) -> int:
    """The nearest whole number."""
    return round(number)


@register.filter
def about_time(seconds: float) -> str:
    """A rough time: "about 40 minutes", from two hours on "about 3 hours"."""
    if seconds < 7200:
        minutes = max(round(seconds / 60), 1)
        return ngettext("about %(count)s minute", "about %(count)s minutes", minutes) % {"count": minutes}
    hours = round(seconds / 3600)
    return ngettext("about %(count)s hour", "about %(count)s hours", hours) % {"count": hours}
