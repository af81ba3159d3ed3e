"""A second factor that comes or goes is part of the record: it decides who can act in somebody's name.

The rows themselves are watched, not django-allauth's signals: those come after the commit, and a process can die between.
"""

from __future__ import annotations

from base64 import b32encode
from secrets import token_bytes
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.db import transaction
from django.db.models.signals import post_delete, post_save

from offboarding.ledger.actions import Event, record
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work import sealed

# Who takes away what somebody else has lost is set on the row that goes.
TAKEN_BY = "taken_by"


def saved(instance: Authenticator, created: bool, **_: Any) -> None:
    if created:
        note(Event.FACTOR_ADDED, instance, instance.user)


def deleted(instance: Authenticator, **_: Any) -> None:
    note(Event.FACTOR_REMOVED, instance, getattr(instance, TAKEN_BY, instance.user))


def take_away(user: User, by: User) -> list[str]:
    """All that the person has, recovery codes too, by somebody else's hand. Gives back the kinds."""
    held = list(Authenticator.objects.select_for_update().filter(user=user))
    for each in held:
        setattr(each, TAKEN_BY, by)
        each.delete()
    return sorted(str(each.type) for each in held)


def note(event: Event, authenticator: Authenticator, by: User) -> None:
    with transaction.atomic():
        facts = {"user": authenticator.user_id, "kind": str(authenticator.type)}
        record(event, actor=actor_of(by), facts=facts)


def given_up(data: dict[str, Any]) -> dict[str, Any]:
    """A factor whose secret nobody can open any more: it stays, and no code fits it, since nobody knows the new secret."""
    unknown = b32encode(token_bytes(20)).decode("ascii")
    return {"data": sealed.replaced(data, lambda _old: encrypt(unknown))}


def follow() -> None:
    post_save.connect(saved, Authenticator, dispatch_uid="a second factor is added")
    post_delete.connect(deleted, Authenticator, dispatch_uid="a second factor is removed")
