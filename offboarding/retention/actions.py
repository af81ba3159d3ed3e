"""How long a client's records are kept, and legal holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.directory import again, changes, clients
from offboarding.directory.changes import reason, reference
from offboarding.directory.models import Client
from offboarding.directory.queries import scope_of, years_of
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import APP, Event, record
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of
from offboarding.retention.models import Extension, LegalHold
from offboarding.retention.rules import may_not_hold
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of
from offboarding.work.actions import put_down
from offboarding.work.rules import State


def keep_for(
    by: User, administers: Scope, client: Client, frameworks: Sequence[str], years: int, version: int
) -> Extension | None:
    """So many years from now on. More than before: what is kept already stays longer too. Fewer: it stays as it was."""
    with transaction.atomic():
        before = years_of(Client.objects.select_for_update().get(pk=client.pk))
        changed = clients.keep_for(by, administers, client, frameworks, years, version)
        if years_of(changed) <= before:
            return None
        made = Extension.objects.create(client=changed, years=years_of(changed), state=State.READY)
        pulse.nudge(made)
    return made


def extended(extension: Extension) -> None:
    with transaction.atomic():
        put_down(extension, State.DONE, after=None)
        facts = {"years": extension.years, "files": extension.files, "packets": extension.packets}
        record(Event.RETENTION_EXTENDED, actor=APP, about=reference(extension.client), facts=facts)


def try_again(by: User, scope: Scope, extension: Extension) -> None:
    """It goes on behind the last batch that stands."""
    changes.may(scope, extension.client, Role.ADMINISTRATOR)
    what = f"the longer retention of {extension.client.name}"
    again.try_again(by, extension, what, reference(extension.client))


# ---------------------------------------------------------------- legal holds


def put_on(by: User, on: Client | RemovalRequest, why: str, method: str) -> LegalHold:
    """From the commit on nothing of it is purged: whoever purges holds the same rows."""
    guard(by, on)
    why = reason(why)
    subject = {"client": on} if isinstance(on, Client) else {"removal": on}
    try:
        with transaction.atomic():
            locked_clients(on)
            made = LegalHold.objects.create(**subject, why=why, put_on_by=by, put_on_method=method)
            record(
                Event.HOLD_PUT_ON, actor=actor_of(by), about=named(on), facts={"why": why, "method": method}
            )
    except IntegrityError as error:
        raise Refused("held-already", "There is a legal hold on this already.") from error
    return made


def lift(by: User, on: Client | RemovalRequest, why: str, method: str) -> None:
    guard(by, on)
    why = reason(why)
    with transaction.atomic():
        locked_clients(on)
        found = on.legal_holds.select_for_update().filter(lifted_at=None).first()
        if found is None:
            raise Refused("not-held", "There is no legal hold on this.")
        LegalHold.objects.filter(pk=found.pk).update(
            lifted_by=by, lifted_at=Now(), lifted_method=method, lifted_because=why
        )
        facts = {"why": why, "method": method, "since": found.put_on_at.isoformat(), "was": found.why}
        record(Event.HOLD_LIFTED, actor=actor_of(by), about=named(on), facts=facts)


def guard(by: User, on: Client | RemovalRequest) -> None:
    addresses = () if isinstance(on, Client) else on.addresses
    scope = scope_of(by, datetime.now(UTC).date())
    if why := may_not_hold(scope, concerned(on), addresses):
        raise Refused("not-a-holder", why)


def concerned(on: Client | RemovalRequest) -> frozenset[int]:
    return frozenset({on.pk}) if isinstance(on, Client) else clients_of(on)


def locked_clients(on: Client | RemovalRequest) -> list[Client]:
    """The rows at which holds and purges queue, always in the same order."""
    return list(Client.objects.select_for_update().filter(pk__in=concerned(on)).order_by("pk"))


def named(on: Client | RemovalRequest) -> str:
    return reference(on) if isinstance(on, Client) else on.reference
