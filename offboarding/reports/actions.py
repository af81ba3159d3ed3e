"""Asking for a check of the ledger, and noting who took what out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.directory import again as directory
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import APP, Event, record
from offboarding.ledger.rules import Broken
from offboarding.lib.refusals import Refused
from offboarding.reports.models import Check
from offboarding.reports.walls import READERS
from offboarding.stamps.models import Stamping
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of
from offboarding.work.actions import put_down
from offboarding.work.rules import State


def check_ledger(by: User | None = None) -> Check | None:
    """Order a walk over the whole ledger. None if one is under way already, which serves as well."""
    try:
        with transaction.atomic():
            made = Check.objects.create(asked_by=by, state=State.READY)
            pulse.nudge(made)
    except IntegrityError:
        return None
    return made


def check_asked(by: User, scope: Scope) -> bool:
    """Somebody wants to know now. False if a walk is under way already."""
    if not scope.has(*READERS):
        raise Refused("not-a-reader", "Only auditors, security and administrators have the ledger checked.")
    return check_ledger(by) is not None


def try_again(by: User, scope: Scope, check: Check) -> None:
    if not scope.everywhere(Role.ADMINISTRATOR):
        raise Refused("not-for-all", "Only administrators of all clients have this tried again.")
    directory.try_again(by, check, "the check of the ledger")


def try_stamping_again(by: User, scope: Scope, row: Stamping) -> None:
    if not scope.everywhere(Role.ADMINISTRATOR):
        raise Refused("not-for-all", "Only administrators of all clients have this tried again.")
    directory.try_again(by, row, "the time stamps of the ledger")


def checked(check: Check, entries: int, found: Broken | None) -> None:
    with transaction.atomic():
        put_down(
            check,
            State.DONE,
            after=None,
            entries=entries,
            broken_at=found.seq if found else None,
            says=found.says[:300] if found else "",
            ended_at=Now(),
        )
        facts = {"entries": entries, "whole": found is None, "says": found.says if found else ""}
        record(Event.LEDGER_CHECKED, actor=actor_of(check.asked_by) if check.asked_by else APP, facts=facts)


def noted(event: Event, by: User, facts: Mapping[str, Any], about: str = "") -> None:
    """Somebody read or took something of the record: which, and by which filters."""
    with transaction.atomic():
        record(event, actor=actor_of(by), facts=facts, about=about)
