from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import DAN


@pytest.fixture
def order(alice: Any, workspace: Callable[..., Any]) -> Callable[..., Any]:
    """Any row that the engine works on; looks are the simplest: `order(state="ready")`."""
    from offboarding.discovery.models import Look
    from offboarding.lib.addresses import key

    number = iter(range(1000))

    def make(**fields: Any) -> Any:
        address = f"{next(number)}.{DAN}"
        place = fields.pop("workspace", None) or workspace(f"Acme {address}"[:60])
        named = {"person": key([address]), "addresses": [address], "asked_by": alice}
        return Look.objects.create(workspace=place, **{**named, **fields})

    return make
