"""A catalogue of a million products with flags and decisions, made by the database itself.

No picture, network or audit takes part: rows are drawn by a few statements. What is drawn is as uneven as catalogues
are: a few shops, values, garment types and brands have most of the products, and most flags are about few pairs of
values. Of N products N/5 have an open flag and N/20 a decided one, and N/100 are check items or samples.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import CONTENT_MANAGERS, give_role
from catalog_audit.audits import counting
from catalog_audit.audits.models import AuditRun
from catalog_audit.catalog.models import Attribute, Product, Shop, Value
from catalog_audit.jobs.models import Job
from catalog_audit.review import days, parts

SHOPS, REVIEWERS, BRANDS = 12, 10, 400
#: Flags that each reviewer has skipped.
SKIPS = 20
SEED = 0.42

#: In the order in which they are filled; each one's key is the product's, a product has two labels.
_TABLES = (
    "catalog_product",
    "catalog_picture",
    "catalog_label",
    "audits_prediction",
    "audits_flag",
    "review_decision",
)

#: One row a product. ``place`` says what becomes of it: below 4 an open flag, 4 a decided one, 5 perhaps an item that
#: is mixed in, else nothing. Powers of random numbers make some shops and values frequent and others rare.
_DRAW = """
CREATE TEMPORARY TABLE drawn ON COMMIT DROP AS
SELECT *,
    CASE WHEN odd THEN %(garment)s ELSE %(colour)s END::bigint AS attribute_id,
    CASE WHEN odd THEN 2 * n ELSE 2 * n - 1 END AS label_id,
    CASE WHEN odd THEN kind ELSE shade END AS label_value_id,
    CASE WHEN odd THEN kinds[1 + (kind_at + 1 + step %% (cardinality(kinds) - 1)) %% cardinality(kinds)]
        ELSE shades[1 + (shade_at + 1 + step %% (cardinality(shades) - 1)) %% cardinality(shades)]
    END AS suggested_id,
    CASE WHEN place < 5 THEN 0.5 + 0.5 * sqrt(u) ELSE 0.2 * u END AS p_wrong,
    CASE WHEN place < 4 THEN 'open' WHEN place = 5 THEN 'open' WHEN v < 0.1 THEN 'second' WHEN v < 0.4 THEN 'accepted'
        ELSE 'fixed' END AS state,
    CASE WHEN place < 5 THEN 'flag' WHEN n %% 200 < 100 THEN 'check' ELSE 'sample' END AS sort,
    place < 5 OR (place = 5 AND n %% 25 < 1) AS flagged,
    now() - interval '1 day' * floor(60 * w) AS came
FROM (
    SELECT *, shops[1 + shop_at] AS shop_id, shades[1 + shade_at] AS shade, kinds[1 + kind_at] AS kind
    FROM (
        SELECT n, (n * 7919) %% 20 AS place, n %% 11 = 0 AS odd,
            floor(cardinality(x.shops) * power(random(), 3))::int AS shop_at,
            floor(cardinality(x.shades) * power(random(), 2))::int AS shade_at,
            floor(cardinality(x.kinds) * power(random(), 2))::int AS kind_at,
            floor(40 * power(random(), 4))::int AS step,
            1 + floor(%(brands)s * power(random(), 3))::int AS brand,
            random() AS u, random() AS v, random() AS w, x.*
        FROM generate_series(1::bigint, %(products)s) AS n,
            (SELECT %(shops)s::bigint[] AS shops, %(shades)s::bigint[] AS shades, %(kinds)s::bigint[] AS kinds,
                %(runs)s::bigint[] AS runs) AS x
    ) AS thrown
) AS placed
"""

_FILL = (
    """
    INSERT INTO catalog_product
        (id, shop_id, external_id, title, "group", brand, description, url, created_at, updated_at)
    SELECT n, shop_id, 'P' || n, 'Brand ' || brand || ' no. ' || n, 'D' || n / 3, 'Brand ' || brand, '', '', came, came
    FROM drawn
    """,
    # Now and then two products have the same picture.
    """
    INSERT INTO catalog_picture (id, product_id, position, source, sha256, suffix, width, height, problem)
    SELECT n, n, 0, n || '.jpg', encode(sha256((n - (n % 40 = 0)::int)::text::bytea), 'hex'), 'jpg', 1080, 1340, ''
    FROM drawn
    """,
    """
    INSERT INTO catalog_label (id, product_id, attribute_id, raw, value_id, verdict, correction_id, decided_by_id,
        decided_at)
    SELECT key, n, one.attribute_id, name_en || repeat(' mix', (u < 0.1)::int), value_id,
        CASE WHEN settled THEN state ELSE '' END, CASE WHEN settled AND state = 'fixed' THEN suggested_id END,
        CASE WHEN settled THEN (%(people)s::bigint[])[1 + n %% %(reviewers)s] END, CASE WHEN settled THEN now() END
    FROM drawn,
        LATERAL (VALUES (2 * n - 1, %(colour)s, shade), (2 * n, %(garment)s, kind)) AS one(key, attribute_id, value_id)
        JOIN catalog_value ON catalog_value.id = value_id,
        LATERAL (SELECT drawn.attribute_id = one.attribute_id AND place = 4 AND state <> 'second') AS mark(settled)
    """,
    """
    INSERT INTO audits_prediction (id, run_id, product_id, attribute_id, picture_id, fingerprint, parts,
        current, label_value_id, problem, top_value_id, p_wrong, state, probabilities, palette, region_share, mask,
        attention, attention_label, created_at)
    SELECT n, runs[1 + shop_at], n, attribute_id, n, lpad(n::text, 64, '0'), '', TRUE, label_value_id, '',
        CASE WHEN place < 5 THEN suggested_id ELSE label_value_id END, p_wrong,
        CASE WHEN place < 5 THEN 'flagged' ELSE 'ok' END,
        '{"black": 0.61, "navy": 0.2, "grey": 0.1, "beige": 0.05, "brown": 0.04}',
        '[["#101018", 0.8], ["#8a8a90", 0.2]]',
        0.3, '', '', '', came
    FROM drawn
    """,
    """
    INSERT INTO audits_flag (id, shop_id, product_id, attribute_id, label_id, prediction_id, run_id, kind,
        garment_type_id, label_value_id, suggested_id, known_value_id, p_wrong, gain, raised_as, state, decided_by_id,
        created_at, changed_at)
    SELECT n, shop_id, n, attribute_id, label_id, n, runs[1 + shop_at], sort, kind, label_value_id, suggested_id,
        CASE WHEN sort = 'check' THEN suggested_id END, p_wrong, p_wrong * 0.61, 'open', state,
        CASE WHEN place = 4 THEN (%(people)s::bigint[])[1 + n %% %(reviewers)s] END, came, came
    FROM drawn WHERE flagged
    """,
    """
    INSERT INTO review_decision (token, flag_id, product_id, attribute_id, verdict, before, after, raw, old_value_id,
        new_value_id, user_id, created_at)
    SELECT gen_random_uuid(), n, n, drawn.attribute_id,
        CASE WHEN state = 'fixed' THEN 'fix' WHEN state = 'second' THEN 'dispute' WHEN v < 0.15 THEN 'both'
            ELSE 'accept' END,
        'open', state, name_en, label_value_id,
        CASE WHEN state = 'accepted' THEN label_value_id ELSE suggested_id END,
        (%(people)s::bigint[])[1 + n %% %(reviewers)s], now() - interval '60 days' * u
    FROM drawn JOIN catalog_value ON catalog_value.id = label_value_id WHERE place = 4 ORDER BY u DESC
    """,
    """
    INSERT INTO review_decision (token, flag_id, product_id, attribute_id, verdict, before, after, raw, user_id,
        created_at)
    SELECT gen_random_uuid(), n, n, attribute_id, 'skip', 'open', 'open', '', person, now() - interval '7 days' * u
    FROM unnest(%(people)s::bigint[]) WITH ORDINALITY AS one(person, number),
        LATERAL (SELECT * FROM drawn WHERE place < 4 ORDER BY p_wrong DESC OFFSET number * 7 LIMIT %(skips)s) AS first
    """,
)


def fill(products: int) -> None:
    """Fill an empty database, which must be a PostgreSQL of which one is a superuser: no constraint is checked.

    Raises:
        ValueError: there are products already.
    """
    if Product.objects.exists():
        raise ValueError("the database has products already")
    shops = [Shop.objects.create(slug=f"shop{number}", name=f"Shop {number}") for number in range(1, SHOPS + 1)]
    people = [User.objects.create_user(f"reviewer{number}") for number in range(1, REVIEWERS + 1)]
    for person in people:
        give_role(person, CONTENT_MANAGERS)
    jobs = [Job.objects.create(kind=Job.Kind.AUDIT, subject=shop.slug, state=Job.State.DONE) for shop in shops]
    runs = [AuditRun.objects.create(shop=shop, job=job) for shop, job in zip(shops, jobs, strict=True)]
    colour, garment = (Attribute.objects.get(code=code) for code in (Attribute.COLOUR, Attribute.GARMENT_TYPE))
    parameters = {
        "products": products,
        "shops": [shop.pk for shop in shops],
        "runs": [run.pk for run in runs],
        "people": [person.pk for person in people],
        "colour": colour.pk,
        "garment": garment.pk,
        "shades": _values(colour),
        "kinds": _values(garment),
        "brands": BRANDS,
        "reviewers": REVIEWERS,
        "skips": SKIPS,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        # Neither triggers nor constraints row by row; the numbers of flags are counted at the end.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        indexes = _drop_indexes(cursor)
        cursor.execute("SELECT setseed(%s)", [SEED])
        cursor.execute(_DRAW, parameters)
        for statement in _FILL:
            cursor.execute(statement, parameters if "%(" in statement else None)
        for table in _TABLES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) + 1 FROM {table}))")
        for definition in indexes:
            cursor.execute(definition)
    counting.recount()
    while counting.fold():
        pass
    # As the sweeper leaves it.
    days.rebuild()
    parts.refresh(at_once=True)
    with connection.cursor() as cursor:
        # As autovacuum leaves tables: with the map of pages that index-only scans need.
        cursor.execute("VACUUM (ANALYZE)")


def _values(attribute: Attribute) -> list[int]:
    """The values that products are given: those without parent, in the dictionary's order."""
    return list(
        Value.objects.filter(attribute=attribute, parent=None).order_by("position").values_list("pk", flat=True)
    )


def _drop_indexes(cursor: Any) -> list[str]:
    """Drop the indexes that no constraint needs; returns what makes them again. Filling first is three times faster."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef NOT LIKE 'CREATE UNIQUE%%'",
        [list(_TABLES)],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _name, definition in found]
