"""A change that an administrator is about to make to somebody's access: a wish until it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from offboarding.directory.rules import Act, Grant, Said
from offboarding.web import proving
from offboarding.web.http import Request

KEY = "people_change"
ROLES, INVITE, CORRECT = Act.ROLES.value, Act.INVITE.value, Act.CORRECT.value
DISABLE, ENABLE, SIGN_OUT = "disable", "enable", "sign-out"
UNLINK, DELEGATION, LOST = "unlink", "delegation", "lost-factor"
AGREE, DECLINE, WITHDRAW = "agree", "decline", "withdraw"
ACTS = (DISABLE, ENABLE, SIGN_OUT, UNLINK, LOST)
DECISIONS = (AGREE, DECLINE, WITHDRAW)


@dataclass(frozen=True, slots=True)
class Held:
    """`person` is 0 for somebody who is only being invited. `grants` are those of `Grant.as_json`."""

    act: str
    person: int
    email: str
    name: str
    grants: list[list[Any]]
    delegation: int = 0
    proposal: int = 0


def keep(request: Request, act: str, person: int = 0, **more: Any) -> None:
    given: dict[str, Any] = {"email": "", "name": "", "grants": [], **more}
    proving.keep(request, KEY, act=act, person=person, **given)


def packed(grants: tuple[Grant, ...]) -> list[list[Any]]:
    return [each.as_json() for each in grants]


def unpacked(held: Held) -> tuple[Grant, ...]:
    return tuple(map(Grant.from_json, held.grants))


def said(held: Held) -> Said | None:
    """What may take two administrators; None of what one may always do."""
    return Said(Act(held.act), held.email, held.name, unpacked(held)) if held.act in set(Act) else None
