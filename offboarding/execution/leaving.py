"""Somebody is put out: the steps that they have go back to everybody who may take them, so that none waits for nobody."""

from __future__ import annotations

from django.db import transaction

from offboarding.directory import people
from offboarding.directory.rules import Scope
from offboarding.execution.actions import tell, touched
from offboarding.execution.models import Run
from offboarding.execution.queries import in_hand
from offboarding.ledger.actions import Event
from offboarding.users.models import User
from offboarding.users.rules import actor_of


def disable(by: User, administers: Scope, user: User, why: str) -> int:
    """Gives back how many browsers were signed out."""
    with transaction.atomic():
        ended = people.disable(by, administers, user, why)
        hand_back(by, user)
    return ended


def hand_back(by: User, user: User) -> None:
    for run in in_hand(user).select_for_update(of=("self",)):
        Run.objects.filter(pk=run.pk).update(assigned_to=None, **touched())
        tell(run, Event.ITEM_MOVED, actor_of(by), {"assigned_to": ""})
