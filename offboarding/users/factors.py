"""A second factor that comes or goes is part of the record: it decides who can act in somebody's name.

The rows themselves are watched, not django-allauth's signals: those come after the commit, and a process can die between.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models.signals import post_delete, post_save

from offboarding.ledger.actions import Event, record
from offboarding.users.rules import actor_of


def saved(instance: Authenticator, created: bool, **_: Any) -> None:
    if created:
        note(Event.FACTOR_ADDED, instance)


def deleted(instance: Authenticator, **_: Any) -> None:
    note(Event.FACTOR_REMOVED, instance)


def note(event: Event, authenticator: Authenticator) -> None:
    with transaction.atomic():
        facts = {"user": authenticator.user_id, "kind": str(authenticator.type)}
        record(event, actor=actor_of(authenticator.user), facts=facts)


def follow() -> None:
    post_save.connect(saved, Authenticator, dispatch_uid="a second factor is added")
    post_delete.connect(deleted, Authenticator, dispatch_uid="a second factor is removed")
