"""A new login: taken from a person, kept sealed for its one use, forgotten when the step has ended."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from offboarding import spelled
from offboarding.connections import keyring
from offboarding.execution.actions import guard, lock, tell, touched
from offboarding.execution.logins.queries import another_at_work, open_logins
from offboarding.execution.logins.rules import NEW_LOGIN, STEPS, Asked, faults, secrets_of
from offboarding.execution.models import Run, Secret
from offboarding.ledger.actions import APP, Actor, Event
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work.actions import move
from offboarding.work.rules import ENDED, State


def changes_now(other: Run) -> str:
    return (
        f"Step {other.item.number} of {other.item.plan.removal.reference} changes this login now. "
        "Wait until it has ended, then see whether this step still has to change it."
    )


def takes_login(run: Run) -> bool:
    return run.item.step in STEPS and not run.manual and run.state == State.NEEDS_PERSON


def may_enter(run: Run, user: User) -> None:
    """Asked before a form is shown, and again when it comes back. Raises Refused."""
    guard(run, user)
    if not takes_login(run):
        raise Refused("no-login-wanted", "This step does not wait for a new login. Look at it again.")
    if other := another_at_work(run):
        raise Refused("login-changes", changes_now(other))


def enter(run: Run, user: User, asked: tuple[Asked, ...], login: Mapping[str, str], method: str) -> None:
    """Keep the login sealed, in the place of an earlier one, and let the step try it.

    `method`: how the person showed who they are just before.
    """
    may_enter(run, user)
    if wrong := faults(asked, login):
        field, sentence = next(iter(wrong.items()))
        raise Refused("bad-login", sentence, field=field, wrong=wrong)
    given = {each.name: login[each.name] for each in asked if login.get(each.name)}
    with transaction.atomic():
        lock(run)
        may_enter(run, user)
        for earlier in open_logins(run):
            forget(earlier, actor_of(user))
        print_of = keyring.fingerprint("\n".join(secrets_of(given)))
        sealed = keyring.seal(json.dumps(given, ensure_ascii=False))
        Secret.objects.create(run=run, name=NEW_LOGIN, sealed=sealed, fingerprint=print_of)
        afresh = {"not_before": Now(), "started_at": Now(), "waiting_for": ""}
        if not move(run, State.READY, **afresh, cause="", remedy="", sentence="", **touched()):
            raise Refused("moved-meanwhile", "This step moved on meanwhile. Look at it again.")
        tell(
            run,
            Event.SECRET_KEPT,
            actor_of(user),
            {"name": NEW_LOGIN, "fingerprint": print_of, "method": method},
        )


def forget(secret: Secret, actor: Actor) -> None:
    """Call inside a transaction. Twice forgets once."""
    if Secret.objects.filter(pk=secret.pk, forgotten_at=None).update(sealed="", forgotten_at=Now()):
        facts = {"name": secret.name, "fingerprint": secret.fingerprint}
        tell(secret.run, Event.SECRET_FORGOTTEN, actor, facts)


def forget_ended() -> None:
    """However a step ended: what it kept for its use has none any more."""
    for secret in left():
        with transaction.atomic():
            forget(secret, APP)


@spelled.Asked
def left() -> QuerySet[Secret]:
    found = Secret.objects.filter(name=NEW_LOGIN, forgotten_at=None, run__state__in=ENDED)
    return found.select_related("run__item__plan__removal").defer("run__item__plan__body")
