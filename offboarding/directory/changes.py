"""What every change to the directory has in common: who may, on which version, and what stands in the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any, TypeVar

from django.db.models import F, Model

from offboarding.directory.models import Client, Collaborator, Engagement
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of

M = TypeVar("M", bound=Model)  # with a `version`
Changed = dict[str, list[Any]]
LEADS = (Role.REQUESTER, Role.ADMINISTRATOR)


def reference(row: Model) -> str:
    """What an entry of the ledger is about: "client:4"."""
    return f"{row._meta.model_name}:{row.pk}"


def client_of(row: Client | Engagement | Collaborator) -> int:
    return row.pk if isinstance(row, Client) else row.client_id


def may(scope: Scope, row: Client | Engagement | Collaborator, *roles: Role) -> None:
    if not scope.covers(frozenset({client_of(row)}), *roles):
        raise Refused("may-not-change", refusal(roles))


def may_take_on(scope: Scope, engagement: Engagement) -> None:
    """Its roster is for who leads within it, too."""
    if engagement.pk not in scope.engagements(Role.REQUESTER):
        may(scope, engagement, *LEADS)


def refusal(roles: Iterable[Role]) -> str:
    if Role.REQUESTER in roles:
        return "Only engagement leads and administrators of this client change this."
    return "Only an administrator of this client changes this."


def held(row: M, version: int) -> M:
    """The row, locked, if nobody changed it since the form was opened. Raises Refused."""
    model: type[M] = type(row)
    locked = model._default_manager.select_for_update().filter(pk=row.pk, version=version).first()
    if locked is None:
        raise Refused(
            "stale",
            "Somebody changed this while you were writing, so nothing was saved. Compare, then save again.",
        )
    return locked


def differences(row: Model, wanted: Mapping[str, Any]) -> Changed:
    """By field, what was and what is to be."""
    return {
        name: [plain(getattr(row, name)), plain(value)]
        for name, value in wanted.items()
        if getattr(row, name) != value
    }


def plain(value: Any) -> Any:
    """As the ledger can keep it."""
    if isinstance(value, User):
        return value.pk
    return value.isoformat() if isinstance(value, (date, time)) else value


def write(locked: M, **fields: Any) -> None:
    type(locked)._default_manager.filter(pk=locked.pk).update(version=F("version") + 1, **fields)


def noted(
    event: Event, by: User, row: Model, facts: Mapping[str, Any], personal: Mapping[str, str] | None = None
) -> None:
    record(event, actor=actor_of(by), about=reference(row), facts=facts, personal=personal)


def nothing_changed() -> Refused:
    return Refused("nothing-changed", "Nothing was changed.")


def reason(text: str) -> str:
    if not text.strip():
        raise Refused("no-reason", "Say why: it stands in the record.", field="reason")
    if len(text.strip()) > 500:
        raise Refused("too-long", "Write at most 500 characters.", field="reason")
    return text.strip()
