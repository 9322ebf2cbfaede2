"""People and a flag to decide."""

from __future__ import annotations

import pytest

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from tests import factories


@pytest.fixture
def manager(db) -> User:
    return factories.make_manager("mia")


@pytest.fixture
def colleague(db) -> User:
    return factories.make_manager("carl")


@pytest.fixture
def admin(db) -> User:
    return factories.make_admin("ada")


@pytest.fixture
def flag(db) -> Flag:
    """The shop says navy, the picture says black."""
    return factories.make_flag(factories.make_label(factories.make_product(), "Navy", "navy"), suggested="black")
