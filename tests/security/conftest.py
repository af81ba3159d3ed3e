from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.security.pressing import Doors


@pytest.fixture
def doors(live_server: Any) -> Iterator[Doors]:
    made = Doors(live_server.url)
    yield made
    for browser in made.browsers:
        browser.close()
