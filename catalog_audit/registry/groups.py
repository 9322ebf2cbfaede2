"""Garment groups as people call them."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_NAMES = {
    "": gettext_noop("all garment groups"),
    "top": gettext_noop("tops and outerwear"),
    "bottom": gettext_noop("trousers, skirts and shorts"),
    "full_body": gettext_noop("dresses and one-pieces"),
}


def group_name(code: str) -> str:
    """The name of a garment group in the current language; "" is all of them."""
    return _(_NAMES[code]) if code in _NAMES else code
