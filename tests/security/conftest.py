from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from offboarding.web import pace
from tests.security.pressing import Doors


@pytest.fixture
def doors(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """A hundred presses at once are faster than anybody may be, and each has to meet its own rule."""
    monkeypatch.setattr(pace, "PACES", ())
    monkeypatch.setattr("offboarding.api.http.MOST_CALLS", 10_000)
    made = Doors(live_server.url)
    yield made
    for browser in made.browsers:
        browser.close()
