"""What the grid says of its tiles. How many are taken out changes in the browser, so it gets every plural form."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext, ngettext

from catalog_audit.catalog.models import Value

#: Category of a number, as browsers name it -> a number of that category in English and in Russian.
_CATEGORIES = {"one": 1, "few": 2, "many": 5, "other": 5}
#: Where the browser puts the number.
_NUMBER = "{n}"


def sentences(label: Value, suggested: Value) -> dict[str, dict[str, str] | str]:
    """The sentences about tiles of one kind: name -> plural category -> sentence with "{n}" for the number.

    Args:
        label: the value of the labels.
        suggested: what is suggested instead.
    """
    names = {"number": _NUMBER, "label": label.name, "value": suggested.name}
    forms: dict[str, Callable[[int], str]] = {
        "suggestion": lambda n: ngettext(
            "%(number)s label becomes “%(value)s”", "%(number)s labels become “%(value)s”", n
        ),
        "accept": lambda n: ngettext("%(number)s label stays “%(label)s”", "%(number)s labels stay “%(label)s”", n),
        "both": lambda n: ngettext(
            "%(number)s label stays “%(label)s”, and “%(value)s” is right as well",
            "%(number)s labels stay “%(label)s”, and “%(value)s” is right as well",
            n,
        ),
        "left": lambda n: ngettext("%(number)s is left", "%(number)s are left", n),
        "done": lambda n: ngettext("%(number)s label decided", "%(number)s labels decided", n),
        "refused": lambda n: ngettext("%(number)s flag was not changed:", "%(number)s flags were not changed:", n),
    }
    said: dict[str, dict[str, str] | str] = {
        name: {category: form(number) % names for category, number in _CATEGORIES.items()}
        for name, form in forms.items()
    }
    return said | {"nothing": gettext("All tiles are taken out, so nothing would be decided. Ctrl+A puts them back.")}
