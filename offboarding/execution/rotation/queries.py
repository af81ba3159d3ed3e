"""The steps of one rotation, and what our rows say about its keys. Fingerprints only."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from offboarding.execution.models import Attempt, Ruling, Run, Secret
from offboarding.execution.queries import history_of
from offboarding.execution.rotation.rules import (
    ADD,
    CONFIRM,
    HAND_OVER,
    NEW_KEY,
    REMOVE,
    Known,
    Outgoing,
    old_keys,
)
from offboarding.execution.rules import Act, Result, Ruled, settles_in
from offboarding.work.rules import ENDED, State

HAD_NO_EFFECT = (Result.NOT_APPLIED, Result.ABSENT)


def source_of(run: Run) -> str:
    return str(run.item.target.get("source_id", ""))


def runs_of_rotation(run: Run) -> QuerySet[Run]:
    """The steps for the same source in the same plan."""
    found = Run.objects.filter(
        item__plan=run.item.plan_id,
        item__workspace=run.item.workspace_id,
        item__target__source_id=source_of(run),
    )
    whole = ("item__plan__removal", "item__workspace", "assigned_to", "ended_by")
    return found.select_related(*whole).defer("item__plan__body")


def adding(run: Run) -> Run | None:
    return runs_of_rotation(run).filter(item__step=ADD).first()


def handing_over(run: Run) -> Run | None:
    return runs_of_rotation(run).filter(item__code=HAND_OVER).first()


def confirming(run: Run) -> Run | None:
    return runs_of_rotation(run).filter(item__code=CONFIRM).first()


def removing(run: Run) -> Run | None:
    return runs_of_rotation(run).filter(item__step=REMOVE).first()


def rulings_of(add: Run) -> list[Ruling]:
    return list(add.rulings.order_by("pk"))


def lost_keys(rulings: list[Ruling]) -> set[str]:
    """Keys that were ours for a while: people lost them, or they are not there and another one was asked for."""
    lost = {str(each.facts["fingerprint"]) for each in rulings if each.what == Ruled.LOST}
    return lost | {given_up for each in rulings if (given_up := str(each.facts.get("given_up", "")))}


def new_secret(add: Run) -> Secret | None:
    """The key that this rotation brought and that is not lost; revealed or not."""
    lost = lost_keys(rulings_of(add))
    found = add.secrets.filter(name=NEW_KEY).exclude(fingerprint__in=lost)
    return found.select_related("revealed_to").last()


def keys_on_our_rows(run: Run) -> QuerySet[Secret]:
    """Every key that a rotation of this source ever brought, in any request."""
    return Secret.objects.filter(
        name=NEW_KEY,
        run__item__workspace=run.item.workspace_id,
        run__item__target__source_id=source_of(run),
    )


def calls_since(add: Run, since: datetime | None) -> list[Attempt]:
    """Calls that may have made a key, after the newest ruling."""
    found = add.attempts.filter(act=Act.CALL).exclude(result__in=HAD_NO_EFFECT)
    return list((found.filter(begun_at__gt=since) if since else found).order_by("number"))


def known(add: Run) -> Known:
    """All that the next look has to be compared with."""
    rulings, secret = rulings_of(add), new_secret(add)
    ruling = rulings[-1] if rulings else None
    calls = calls_since(add, ruling.at if ruling else None)
    attempts = list(add.attempts.order_by("number"))
    adopted = secret.fingerprint if secret else ""
    ours = set(keys_on_our_rows(add).values_list("fingerprint", flat=True)) - {adopted}
    return Known(
        expected=frozenset(expected(add, ruling, calls)),
        called=bool(calls),
        settling=settling(attempts),
        ours=frozenset(ours),
        adopted=adopted,
        taken=str(ruling.facts["fingerprint"]) if ruling and ruling.what == Ruled.TAKE else "",
        consumers_read=any(has_consumers(each) for each in attempts),
    )


def expected(add: Run, ruling: Ruling | None, calls: list[Attempt]) -> list[str]:
    if calls:
        return list((calls[0].seen_before or {}).get("fingerprints", ()))
    return list(ruling.facts["fingerprints"] if ruling else add.item.target["keys"])


def settling(attempts: list[Attempt]) -> bool:
    """Whether, after the look that is about to come, there is another one before anything else happens."""
    history = history_of(attempts)
    return settles_in(replace(history, looks_since_call=history.looks_since_call + 1)) is not None


def has_consumers(attempt: Attempt) -> bool:
    return "unread" in attempt.facts


def consumers_of(add: Run) -> dict[str, Any]:
    """What hangs on the source, as it was read before the key was added; empty if it was not."""
    read = [each.facts for each in add.attempts.order_by("number") if has_consumers(each)]
    return read[-1] if read else {}


def newest_look(run: Run) -> dict[str, Any]:
    seen = run.attempts.filter(act=Act.LOOK, result=Result.SEEN).order_by("number").last()
    return seen.facts if seen else {}


def outgoing(run: Run) -> Outgoing:
    """The old keys of a rotation, out of the rows of the step that added the new one."""
    add, confirm = adding(run), confirming(run)
    secret = new_secret(add) if add else None
    if add is None or secret is None:
        return Outgoing()
    confirmed = confirm is not None and confirm.state == State.DONE
    return Outgoing(replaced(add, secret), secret.fingerprint, confirmed)


def replaced(add: Run, secret: Secret) -> frozenset[str]:
    """The fingerprints of the keys for which this new one came."""
    own = set(add.secrets.values_list("fingerprint", flat=True))
    elsewhere = set(keys_on_our_rows(add).values_list("fingerprint", flat=True)) - own
    old = old_keys(seen_before(add), add.item.target["keys"], elsewhere, secret.fingerprint)
    old |= lost_keys(rulings_of(add)) - {secret.fingerprint}  # one that was missing may be back
    return frozenset(old)


def seen_before(add: Run) -> list[str]:
    """What was there before the key that counts. Where a person chose a key, only what the plan named, and lost ones."""
    rulings = rulings_of(add)
    ruling = rulings[-1] if rulings else None
    if ruling and ruling.what == Ruled.TAKE:
        named = {*add.item.target["keys"], *lost_keys(rulings)}
        return [key for key in ruling.facts["fingerprints"] if key in named]
    return expected(add, ruling, calls_since(add, ruling.at if ruling else None))


def grace_ends(run: Run) -> datetime | None:
    """When the old keys may go; None while nobody confirmed that the senders use the new one."""
    confirm = confirming(run)
    if confirm is None or confirm.state != State.DONE or confirm.ended_at is None:
        return None
    return confirm.ended_at + timedelta(days=int(run.item.target.get("grace_days", 0)))


def another_at_work(add: Run) -> bool:
    """True while another request adds a key to the same source: two new keys at once could not be told apart.

    Whoever called and does not know its key yet goes first, whatever it waits for.
    """
    if undecided(add):
        return False
    others = Run.objects.filter(
        item__step=ADD,
        item__workspace=add.item.workspace_id,
        item__target__source_id=source_of(add),
    )
    others = others.exclude(pk=add.pk).exclude(state__in=ENDED)
    return any(goes_first(each, add) for each in others)


def goes_first(other: Run, add: Run) -> bool:
    if undecided(other) or other.state in (State.UNKNOWN, State.VERIFYING):
        return True
    return other.state == State.RUNNING and other.pk < add.pk


def undecided(add: Run) -> bool:
    """A call of it may have made a key, and none is ours yet."""
    rulings = rulings_of(add)
    return new_secret(add) is None and bool(calls_since(add, rulings[-1].at if rulings else None))


def not_handed_over(run: Run) -> str:
    """Why the hand-over of a key cannot be signed off yet; empty if it can."""
    add = adding(run)
    if add is None or add.state == State.CANCELLED or add.manual:
        return ""
    secret = new_secret(add)
    if secret is None:
        return "The new key is not there yet."
    return (
        ""
        if secret.revealed_at
        else "Look at the new key first. It is shown once, to the person who has this step."
    )


def not_confirmable(run: Run) -> str:
    """Senders cannot use a key that is not handed over: after a lost key the hand-over comes again."""
    before = handing_over(run)
    if before is None or before.state in (State.DONE, State.CANCELLED):
        return ""
    return f"The new key is not handed over yet: step {before.item.number}."
