from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.runner import Stand, stand


@pytest.fixture(scope="session")
def place() -> Iterator[Stand]:
    """Servers and migrated databases for all cases of a pass."""
    with stand() as made:
        yield made
