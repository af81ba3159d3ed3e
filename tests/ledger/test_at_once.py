"""Eight writers at the same time: no gap, no fork, and what was rolled back leaves no trace."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from offboarding.ledger import queries
from offboarding.ledger.actions import APP, Event, checkpoint, record
from offboarding.ledger.models import Checkpoint, Entry
from tests.work.test_at_once import THREADS, together

pytestmark = pytest.mark.django_db(transaction=True)
EACH = 12


def test_parallel_writers_leave_no_gap() -> None:
    def write(number: int) -> None:
        for count in range(EACH):
            try:
                with transaction.atomic():
                    record(Event.REMOVAL_FILED, actor=APP, about=f"R-{number}")
                    if count % 4 == 3:
                        raise RuntimeError
            except RuntimeError:
                pass

    together(write)
    kept = THREADS * EACH * 3 // 4
    assert list(Entry.objects.values_list("seq", flat=True)) == list(range(1, kept + 1))
    assert queries.broken() is None


def test_parallel_checkpoints_of_one_state_are_one(settings: Any, tmp_path: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    with transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP)
    sizes = {made.size for made in together(lambda _: checkpoint())}
    assert sizes == {1}
    assert Checkpoint.objects.count() == 1
