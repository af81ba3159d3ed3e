"""A change that an administrator is about to make to somebody's access: a wish until it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from offboarding.directory.rules import Grant
from offboarding.users.rules import Role
from offboarding.web import proving
from offboarding.web.http import Request

KEY = "people_change"
ROLES, INVITE, DISABLE, ENABLE, SIGN_OUT = "roles", "invite", "disable", "enable", "sign-out"
UNLINK, DELEGATION, LOST, CORRECT = "unlink", "delegation", "lost-factor", "correct"
ACTS = (DISABLE, ENABLE, SIGN_OUT, UNLINK, LOST)


@dataclass(frozen=True, slots=True)
class Held:
    """`person` is 0 for somebody who is only being invited. `grants` are lists of role, client, engagement and days."""

    act: str
    person: int
    email: str
    name: str
    grants: list[list[Any]]
    delegation: int = 0


def keep(request: Request, act: str, person: int = 0, **more: Any) -> None:
    given: dict[str, Any] = {"email": "", "name": "", "grants": [], **more}
    proving.keep(request, KEY, act=act, person=person, **given)


def packed(grants: tuple[Grant, ...]) -> list[list[Any]]:
    return [
        [each.role.value, *each.where, *(day and day.isoformat() for day in days_of(each))] for each in grants
    ]


def days_of(grant: Grant) -> tuple[date | None, ...]:
    return grant.starts_on, grant.ends_on, grant.records_from, grant.records_until


def unpacked(held: Held) -> tuple[Grant, ...]:
    return tuple(
        Grant(Role(role), client, *map(day, days), engagement=engagement)
        for role, client, engagement, *days in held.grants
    )


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
