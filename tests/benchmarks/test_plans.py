"""Plans of the database: a table that is read as a whole is found, one that is read by an index is not."""

from __future__ import annotations

import pytest
from django.db import connection

from benchmarks.plans import Queries
from catalog_audit.catalog.models import Product
from tests import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="plans are asked of PostgreSQL"),
]


@pytest.fixture
def products() -> None:
    shop = factories.make_shop()
    Product.objects.bulk_create(Product(shop=shop, external_id=f"P{n}", title=f"T{n}") for n in range(3000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_product")


def test_a_look_up_without_an_index_reads_the_whole_table(products: None) -> None:
    queries = Queries()
    with queries.captured():
        list(Product.objects.filter(title="T7"))
    (tables,) = queries.whole_table_reads(large=1000).values()
    assert tables == "catalog_product"


def test_a_look_up_by_key_does_not(products: None) -> None:
    queries = Queries()
    with queries.captured():
        list(Product.objects.filter(pk=Product.objects.values_list("pk", flat=True)[0]))
    assert queries.whole_table_reads(large=1000) == {}


def test_small_tables_do_not_matter(products: None) -> None:
    queries = Queries()
    with queries.captured():
        list(Product.objects.filter(title="T7"))
    assert queries.whole_table_reads(large=5000) == {}
