"""What people set for themselves."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from allauth.usersessions.models import UserSession
from django.db import transaction

from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import actor_of

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


def end_browser(user: User, pk: int, but: str) -> None:
    """Ends one's own sign-in on another browser. `but` is the key of the session that asks: that one signs out instead."""
    with transaction.atomic():
        found = (
            UserSession.objects.select_for_update().filter(pk=pk, user=user).exclude(session_key=but).first()
        )
        if found is None:
            raise Refused("ended-already", "This browser is signed out already.")
        found.end()
        record(Event.SESSIONS_ENDED, actor=actor_of(user), facts={"user": user.pk, "browsers": 1})


def prefer(user: User, *, time_zone: str, theme: str, shortcuts: bool) -> None:
    """How this person wants to see the pages. An empty zone means the installation's."""
    if time_zone and time_zone not in time_zones():
        raise Refused("no-such-zone", "Choose a time zone from the list.", field="time_zone")
    if theme not in User.Theme.values:
        raise Refused("no-such-theme", "Choose one of the three looks.", field="theme")
    User.objects.filter(pk=user.pk).update(time_zone=time_zone, theme=theme, shortcuts=shortcuts)
    user.refresh_from_db(fields=["time_zone", "theme", "shortcuts"])
