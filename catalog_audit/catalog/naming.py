"""Shops, attributes and the values of the dictionary by key: what nearly every page names, kept for some seconds.

Another process may add a shop or a value at any time, so who looks for a key or a code that is not there looks again.
Kept rows are shared by all requests and may not be changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.keeping import Kept

#: A name that another process has changed is shown with this delay, in seconds.
SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Names:
    """Everything that has a name, by key.

    Attributes:
        shops: by slug.
        attributes: in their order.
        values: by attribute and in their order, each with its attribute loaded.
    """

    shops: dict[int, Shop]
    attributes: dict[int, Attribute]
    values: dict[int, Value]

    def values_of(self, attribute: int) -> list[Value]:
        """The values of an attribute, in their order."""
        return [value for value in self.values.values() if value.attribute_id == attribute]

    def shop(self, slug: str) -> Shop | None:
        """The shop of that slug."""
        return next((one for one in self.shops.values() if one.slug == slug), None)

    def attribute(self, code: str) -> Attribute | None:
        """The attribute of that code."""
        return next((one for one in self.attributes.values() if one.code == code), None)

    def coded(self, code: str, attribute: str = "") -> list[Value]:
        """The values of that code, of one attribute or of all."""
        return [one for one in self.values.values() if one.code == code and attribute in ("", one.attribute.code)]


def _read() -> Names:
    attributes = {one.pk: one for one in Attribute.objects.all()}
    shops = {one.pk: one for one in Shop.objects.all()}
    values = {}
    for value in Value.objects.order_by("attribute__position", "attribute__code", "position", "code"):
        if value.attribute_id not in attributes:  # added between the two questions
            continue
        value.attribute = attributes[value.attribute_id]
        values[value.pk] = value
    return Names(shops, attributes, values)


#: All names, at most :data:`SECONDS` old.
names: Kept[Names] = Kept(_read, SECONDS)
names.forget_with(Shop, Attribute, Value)


def names_with(shops: Collection[int] = (), values: Collection[int] = (), attributes: Collection[int] = ()) -> Names:
    """The names, read anew if one of these keys is not among them."""
    return _until(
        lambda found: (
            found.shops.keys() >= set(shops)
            and found.values.keys() >= set(values)
            and found.attributes.keys() >= set(attributes)
        )
    )


def names_where(has: Callable[[Names], object]) -> Names:
    """The names, read anew if ``has`` finds nothing in those that are kept."""
    return _until(lambda found: bool(has(found)))


def _until(whole: Callable[[Names], bool]) -> Names:
    found = names()
    return found if whole(found) else names.again()
