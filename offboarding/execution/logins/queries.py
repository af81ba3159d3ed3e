"""Which step changes a login now: two at once would overwrite each other."""

from __future__ import annotations

from offboarding.execution.logins.rules import NEW_LOGIN
from offboarding.execution.models import Attempt, Run, Secret
from offboarding.execution.rules import Act
from offboarding.work.rules import ENDED, State


def open_logins(run: Run) -> list[Secret]:
    return list(Secret.objects.filter(run=run, name=NEW_LOGIN, forgotten_at=None))


def calls_with(secret: Secret) -> list[Attempt]:
    """The calls that were made since the login was entered, or since a person asked for a new try with it."""
    since = max(secret.kept_at, secret.run.started_at or secret.kept_at)
    return list(secret.run.attempts.filter(act=Act.CALL, begun_at__gte=since).order_by("number"))


def another_at_work(run: Run) -> Run | None:
    """The step that changes the same login and goes first: one that has called already, else one whose login came earlier.

    One that waits for a person does nothing: nobody waits for it, and it goes before nobody.
    """
    own = None if run.state == State.NEEDS_PERSON else next(iter(open_logins(run)), None)
    others = Secret.objects.filter(
        name=NEW_LOGIN,
        forgotten_at=None,
        run__item__step=run.item.step,
        run__item__workspace=run.item.workspace_id,
        run__item__target__login_id=run.item.target["login_id"],
    )
    others = others.exclude(run=run).exclude(run__state__in=(*ENDED, State.NEEDS_PERSON))
    whole = others.select_related("run__item__plan__removal").defer("run__item__plan__body")
    first = min(whole, key=turn, default=None)
    if first is None or (own is not None and turn(own) < turn(first)):
        return None
    return first.run


def goes_first(run: Run) -> Run | None:
    """The same for a step that has a login of its own to save; one that has none waits for nobody."""
    return another_at_work(run) if open_logins(run) else None


def turn(secret: Secret) -> tuple[bool, int]:
    return not calls_with(secret), secret.pk
