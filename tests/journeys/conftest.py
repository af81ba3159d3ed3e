from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.journeys.stack import Installation, installation


@pytest.fixture(scope="session")
def product() -> Iterator[Installation]:
    """One installation for all journeys of a pass. `JOURNEY_STACK` names its form: sqlite or production."""
    with installation(os.environ.get("JOURNEY_STACK", "sqlite") == "production") as made:
        yield made
