"""Roles, and what each is for."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from offboarding.ledger.rules import Actor


class Role(StrEnum):
    REQUESTER = "requester"
    APPROVER = "approver"
    OPERATOR = "operator"
    SECURITY = "security"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


# Who can decide, execute, reveal or export: whoever takes over such a sign-in could do harm that nobody sees.
ACTING = frozenset(Role) - {Role.REQUESTER}


# Who decides whose access goes, and who says who decides: what lets one of these in takes two administrators.
DECIDES = (Role.APPROVER, Role.SECURITY, Role.ADMINISTRATOR)


class Person(Protocol):
    pk: int
    name: str


def actor_of(user: Person) -> Actor:
    return Actor("user", str(user.pk), user.name)
