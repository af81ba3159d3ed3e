"""What people set for themselves."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from offboarding.lib.refusals import Refused
from offboarding.users.models import User

# Names that the IANA database keeps for old programs stand outside these.
AREAS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@cache
def time_zones() -> tuple[str, ...]:
    """The IANA names that people choose from, UTC first."""
    named = (name for name in available_timezones() if name.split("/")[0] in AREAS)
    return ("UTC", *sorted(named))


def prefer(user: User, *, time_zone: str, theme: str, shortcuts: bool) -> None:
    """How this person wants to see the pages. An empty zone means the installation's."""
    if time_zone and time_zone not in time_zones():
        raise Refused("no-such-zone", "Choose a time zone from the list.", field="time_zone")
    if theme not in User.Theme.values:
        raise Refused("no-such-theme", "Choose one of the three looks.", field="theme")
    User.objects.filter(pk=user.pk).update(time_zone=time_zone, theme=theme, shortcuts=shortcuts)
    user.refresh_from_db(fields=["time_zone", "theme", "shortcuts"])
