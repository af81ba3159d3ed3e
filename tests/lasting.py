"""What all tests of a module begin with, made once for them and not once for each: every test is rolled back to it.

A module asks for it with `lasting(globals(), conftest, "alice filed")`, and gives a fixture of its own the scope "module".
What stands there is there for each of its tests, asked for or not, so such a module has tests of one world only.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.db import transaction


def lasting(module: dict[str, Any], source: ModuleType, names: str) -> None:
    """These fixtures of `source` last for this module, and `db` with them."""
    module["db"] = pytest.fixture(scope="module", name="db")(around_all)
    module["rolled_back"] = pytest.fixture(autouse=True, name="rolled_back")(around_each)
    for name in names.split():
        made = getattr(source, name)._get_wrapped_function()
        module[name] = pytest.fixture(scope="module", name=name)(made)


def around_all(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A transaction around those of the tests, which are savepoints in it. No more than theirs is it one of the product's."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer._from_testcase = True
        with outer:
            yield
            transaction.set_rollback(True)


def around_each(request: pytest.FixtureRequest) -> None:
    """What `db` is to a test elsewhere."""
    if "db" in request.fixturenames:
        request.getfixturevalue("_django_db_helper")
