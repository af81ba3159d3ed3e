"""A change that an administrator is about to make to somebody's access: kept in the session until it is confirmed.

Only a proof of identity that is newer than the choice counts, and only for this change.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from offboarding.directory.rules import Grant
from offboarding.users.rules import Role
from offboarding.web.http import Request

KEY = "people_change"
ROLES, INVITE, DISABLE, ENABLE, SIGN_OUT = "roles", "invite", "disable", "enable", "sign-out"
UNLINK, DELEGATION = "unlink", "delegation"
ACTS = (DISABLE, ENABLE, SIGN_OUT, UNLINK)


@dataclass(frozen=True, slots=True)
class Held:
    """`person` is 0 for somebody who is only being invited. `grants` are lists of role, client, first and last day."""

    act: str
    person: int
    email: str
    name: str
    grants: list[list[Any]]
    nonce: str
    at: float
    delegation: int = 0


def keep(request: Request, act: str, person: int = 0, **more: Any) -> None:
    given: dict[str, Any] = {"email": "", "name": "", "grants": [], **more}
    held = Held(act, person, nonce=secrets.token_urlsafe(16), at=time.time(), **given)
    request.session[KEY] = asdict(held)


def held_in(request: Request) -> Held | None:
    kept = request.session.get(KEY)
    return Held(**kept) if kept else None


def forget(request: Request) -> None:
    request.session.pop(KEY, None)


def packed(grants: tuple[Grant, ...]) -> list[list[Any]]:
    return [
        [each.role.value, each.client, *(day and day.isoformat() for day in (each.starts_on, each.ends_on))]
        for each in grants
    ]


def unpacked(held: Held) -> tuple[Grant, ...]:
    return tuple(
        Grant(Role(role), client, starts and date.fromisoformat(starts), ends and date.fromisoformat(ends))
        for role, client, starts, ends in held.grants
    )
