"""Keeping a new key, showing it once, and what people decide about keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from offboarding.connections import keyring
from offboarding.execution import actions
from offboarding.execution.models import Ruling, Run, Secret
from offboarding.execution.rotation import queries
from offboarding.execution.rotation.rules import ADD, NEW_KEY
from offboarding.execution.rules import Cause, Ruled
from offboarding.ledger.actions import APP, Event
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work.actions import move, renew
from offboarding.work.rules import State


def keep(add: Run, fingerprint: str, sealed: str, event: Event) -> None:
    """The new key waits, sealed, for its one use. Keeping it twice keeps it once. Call it while the run is held."""
    with transaction.atomic():
        renew(add)
        if add.secrets.filter(name=NEW_KEY, fingerprint=fingerprint).exists():
            return
        Secret.objects.create(run=add, name=NEW_KEY, sealed=sealed, fingerprint=fingerprint)
        actions.tell(add, event, APP, {"fingerprint": fingerprint})


def reveal(run: Run, user: User, method: str) -> str:
    """The plain key, for the person who has the step, once; then it is forgotten here. Raises Refused for all others."""
    actions.guard(run, user)
    add = queries.adding(run)
    with transaction.atomic():
        actions.lock(run)
        if run.state != State.NEEDS_PERSON:
            raise Refused("not-its-turn", "This step does not wait for a person now. Look at it again.")
        if run.assigned_to_id != user.pk:
            raise Refused(
                "not-yours", "Only the person who has this step sees the key. Hand it to them first."
            )
        secret = queries.new_secret(add) if add else None
        if secret is None:
            raise Refused("no-key", "The new key is not there yet.")
        plain = taken_out(secret, user)
        Run.objects.filter(pk=run.pk).update(**actions.touched())
        actions.tell(
            run, Event.SECRET_REVEALED, actor_of(user), {"fingerprint": secret.fingerprint, "method": method}
        )
    return plain


def taken_out(secret: Secret, user: User) -> str:
    """Whoever matches the unseen row gets the value; the row has none from then on."""
    sealed = secret.sealed
    unseen = Secret.objects.filter(pk=secret.pk, revealed_at=None, forgotten_at=None)
    if not unseen.update(sealed="", revealed_at=Now(), revealed_to=user, forgotten_at=Now()):
        raise Refused("seen-already", "The key was shown already. It is shown only once.")
    try:
        return keyring.open_secret(sealed)
    except keyring.NotOpenable as error:
        raise Refused(
            "not-openable",
            "The sealing key of this value is missing, so it cannot be shown. Tell your administrator.",
        ) from error


def take(add: Run, user: User, fingerprint: str) -> None:
    """A key that appeared is the new one."""
    seen = queries.newest_look(add)
    if fingerprint not in seen.get("fresh", ()):
        raise Refused("not-listed", "Choose one of the keys that appeared.", field="key")
    rule(add, user, Ruled.TAKE, seen["fingerprints"], fingerprint)


def add_all_the_same(add: Run, user: User) -> None:
    """The keys that appeared count as old ones, and another key is added."""
    rule(add, user, Ruled.ADD, queries.newest_look(add).get("fingerprints", ()))


def rule(add: Run, user: User, what: Ruled, seen: Sequence[str], fingerprint: str = "") -> None:
    may_steer(add, user)
    with transaction.atomic():
        if add.item.step != ADD or add.manual or add.state != State.NEEDS_PERSON or add.cause != Cause.DOUBT:
            raise Refused("nothing-to-decide", "There is nothing to decide here now. Look at it again.")
        go_again(add, {"cause": "", "remedy": "", "sentence": ""})
        write(add, user, what, seen, fingerprint)


def may_steer(run: Run, user: User) -> None:
    """What starts calls again waits while the request is paused, and is over when its rest was cancelled."""
    actions.guard(run, user)
    removal = run.item.plan.removal
    if removal.paused_at:
        raise Refused("paused", "The work on this request is paused. Let it go on first.")
    if removal.rest_cancelled_at:
        raise Refused("cancelled", "The rest of this request was cancelled, so nothing more is called.")


def write(add: Run, user: User, what: Ruled, seen: Sequence[str], fingerprint: str) -> None:
    """Whatever is decided, the key that was ours until now is given up: it is lost, or it was never there."""
    given_up = queries.new_secret(add)
    facts = {
        "fingerprints": list(seen),
        "fingerprint": fingerprint,
        "given_up": given_up.fingerprint if given_up else "",
    }
    add.secrets.filter(name=NEW_KEY, forgotten_at=None).update(sealed="", forgotten_at=Now())
    Ruling.objects.create(run=add, what=what.value, facts=facts, by=user)
    actions.tell(add, Event.ITEM_RETRIED, actor_of(user), {"ruled": what.value, "fingerprint": fingerprint})


def go_again(add: Run, cleared: dict[str, Any]) -> None:
    if not move(
        add, State.READY, not_before=Now(), started_at=Now(), waiting_for="", **cleared, **actions.touched()
    ):
        raise Refused("moved-meanwhile", "This step moved on meanwhile. Look at it again.")


def start_over(run: Run, user: User) -> None:
    """The new key was lost, or is gone from the source: another one is added, and what followed comes again.

    `run` is any step of the rotation. The lost key becomes one of those that are removed at the end.
    """
    may_steer(run, user)
    with transaction.atomic():
        # Each intent holds this row too: the old keys go for the key that counts then, or not at all.
        RemovalRequest.objects.select_for_update(no_key=True).get(pk=run.item.plan.removal_id)
        add, removal = queries.adding(run), queries.removing(run)
        secret = queries.new_secret(add) if add else None
        if add is None or secret is None or add.state != State.DONE:
            raise Refused("no-key", "There is no new key that could be lost.")
        if not secret.revealed_at and not (removal and removal.cause == Cause.DOUBT):
            raise Refused("not-seen", "Nobody has seen the key yet, so it cannot be lost.")
        if removal is not None and removal.state in (State.DONE, State.RUNNING):
            raise Refused(
                "too-late", "The old keys are removed already or just now. File a rotation of its own."
            )
        reopen(add)
        go_again(add, {"cause": ""})
        seen = queries.newest_look(removal or add) or queries.newest_look(add)
        known = {*seen.get("fingerprints", ()), *queries.newest_look(add).get("fingerprints", ())}
        write(add, user, Ruled.LOST, sorted(known), secret.fingerprint)
        for later in filter(None, (queries.handing_over(run), queries.confirming(run))):
            reopen(later)
        if removal is not None and removal.state in (State.NEEDS_PERSON, State.WAITING, State.READY):
            wait_again(removal)


def reopen(run: Run) -> None:
    """From done back to a person. A step in another state stays where it is."""
    if run.state == State.DONE:
        cleared = {"ended": "", "ended_at": None, "ended_by": None, "sentence": ""}
        move(run, State.NEEDS_PERSON, **cleared, cause=Cause.MANUAL, **actions.touched())


def wait_again(removal: Run) -> None:
    """Until the new key is handed over and confirmed: the route lets go of it then."""
    if removal.state != State.WAITING:
        move(removal, State.WAITING, cause="", remedy="", sentence="", not_before=None, **actions.touched())
    else:
        Run.objects.filter(pk=removal.pk, state=State.WAITING).update(
            not_before=None, waiting_for="", fence=removal.fence + 1, **actions.touched()
        )
