"""Many removals at once, filed and approved through the real verbs."""

from __future__ import annotations

from collections.abc import Iterable

from offboarding.execution.models import Run
from tests.faults import crew, worlds
from tests.faults.segment import Segment


def fill(segment: Segment, places: int, people: int, first: int = 0) -> int:
    """So many people of the world, beginning with this one, leave every place. How many steps run by themselves in all."""
    numbers = range(first, first + people)
    jotted(segment, places, numbers)
    for number in numbers:
        crew.start(worlds.email(number), worlds.choices(number, places))
    return Run.objects.filter(manual=False).count()


def jotted(segment: Segment, places: int, numbers: Iterable[int]) -> None:
    """What these people hold is known."""
    emails = [worlds.email(number) for number in numbers]
    crew.jot(segment, {worlds.slug(place): emails for place in range(places)})
