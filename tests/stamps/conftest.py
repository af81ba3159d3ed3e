from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from offboarding.ledger.actions import APP, Event, checkpoint, record
from offboarding.ledger.models import Checkpoint
from tests.tsa import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "ours")


@pytest.fixture
def sign(settings: Any, tmp_path: Path, db: None) -> Callable[[], Checkpoint]:
    """One entry more, and a checkpoint that covers it."""
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"

    def now() -> Checkpoint:
        with transaction.atomic():
            record(Event.REMOVAL_FILED, actor=APP)
        made = checkpoint()
        assert made
        return made

    return now
