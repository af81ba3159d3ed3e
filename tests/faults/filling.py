"""Many removals at once, filed and approved through the real verbs."""

from __future__ import annotations

from offboarding.execution.models import Run
from tests.faults import crew, worlds
from tests.faults.segment import Segment


def fill(segment: Segment, places: int, people: int) -> int:
    """Each person of the world leaves every place. How many steps run by themselves."""
    emails = [worlds.email(number) for number in range(people)]
    crew.jot(segment, {worlds.slug(place): emails for place in range(places)})
    for number in range(people):
        crew.start(emails[number], worlds.choices(number, places))
    return Run.objects.filter(manual=False).count()
