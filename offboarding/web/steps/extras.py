"""What a kind of step shows beside what all steps show: a form of its own, a thing to be seen once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from offboarding.checklist.models import ChecklistItem
from offboarding.execution.models import Run
from offboarding.web.removal.overview import Overview


@dataclass(frozen=True, slots=True)
class Extra:
    """A fragment and the card that it shows as `extra`. It stands below the instructions of the step."""

    template: str
    card: object


Make = Callable[[Overview, ChecklistItem, Run], Extra | None]
# By the playbook's code of the step.
EXTRAS: dict[str, Make] = {}


def extra_of(view: Overview, item: ChecklistItem, run: Run | None) -> Extra | None:
    make = EXTRAS.get(item.code)
    return make(view, item, run) if make and run else None
