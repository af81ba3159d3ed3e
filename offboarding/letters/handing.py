"""What the engine writes down about one copy of a letter. Every write holds only while the claim does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from offboarding.evidence.actions import Stored, write
from offboarding.evidence.models import Evidence
from offboarding.ledger.actions import Event
from offboarding.letters.actions import succeeded, tell_of
from offboarding.letters.fulfilling import fulfil
from offboarding.letters.models import Delivery, Letter
from offboarding.letters.rules import TITLES, Kind, Standing
from offboarding.notifications import outbox
from offboarding.work.actions import keep, must_not_stand_still, put_down
from offboarding.work.rules import State

FORM = "message/rfc822"


@dataclass(frozen=True, slots=True)
class Made:
    """The bytes of a copy, where they are stored, and the document that goes along."""

    raw: bytes
    stored: Stored
    document: Stored | None
    name: str


def hand_over(delivery: Delivery, made: Made) -> None:
    """The row that stands before the mail goes. Raises LostLease if it is no longer ours, StandsStill if nothing may go."""
    with transaction.atomic():
        must_not_stand_still()
        files: dict[str, Any] = {}
        if delivery.file is None:
            to = delivery.address
            files["file"] = evidence(
                delivery, made.stored, f"letter-{delivery.pk}.eml", FORM, f"as mailed to {to}"
            )
        if made.document:
            files["document"] = evidence(
                delivery, made.document, made.name, "application/pdf", "the document"
            )
        keep(delivery, handed_over_at=Now(), tries=delivery.tries + 1, **files)


def document_made(delivery: Delivery, made: Made) -> None:
    """It lies ready for whoever takes it along."""
    with transaction.atomic():
        file = evidence(delivery, made.stored, made.name, "application/pdf", "the document")
        keep(delivery, file=file, document=file)
        end(delivery, State.DONE, sent_at=Now(), trouble="")
        tell_of(delivery, Event.LETTER_DOCUMENT_MADE)


def evidence(delivery: Delivery, stored: Stored, name: str, media_type: str, how: str) -> Evidence:
    letter = delivery.letter
    return write(
        stored,
        name=name,
        media_type=media_type,
        shows=f"{TITLES[Kind(letter.kind)]}, {letter.client.name}: {how}",
        source=Evidence.Source.APP,
        taken_by="Offboard",
        origin="",
    )


def later(delivery: Delivery, says: str) -> None:
    """Nothing was handed over."""
    put_down(delivery, State.WAITING, after=timedelta(seconds=30), waiting_for=says[:200], trouble=says[:500])


def impossible(delivery: Delivery, says: str) -> None:
    with transaction.atomic():
        end(delivery, State.FAILED, trouble=says[:500])
        tell_of(delivery, Event.LETTER_FAILED, says=says[:300])


def overtaken(delivery: Delivery, why: str) -> None:
    """The facts changed before it went. If no copy has gone, the letter has lapsed."""
    says = f"Not sent, since the facts changed: {why}"
    with transaction.atomic():
        letter = (
            Letter.objects.select_for_update(of=("self",))
            .select_related("removal", "client")
            .get(pk=delivery.letter_id)
        )
        put_down(delivery, State.CANCELLED, after=None, trouble=says[:500])
        others = letter.deliveries.exclude(pk=delivery.pk).exclude(state=State.CANCELLED)
        if letter.standing == Standing.RELEASED and not others.exists():
            succeeded(letter, why, None)
        tell_of(delivery, Event.LETTER_FAILED, says=says[:300])


def parked(delivery: Delivery) -> None:
    """It stopped three times in the middle. The engine holds the transaction."""
    says = f"This letter {delivery.waiting_for}."
    Delivery.objects.filter(pk=delivery.pk).update(trouble=says, waiting_for="")
    tell_of(delivery, Event.LETTER_FAILED, says=says)


def end(delivery: Delivery, state: State, **changes: Any) -> None:
    put_down(delivery, state, after=None, **changes)
    if state is State.DONE:
        fulfil(delivery.letter.removal)


BOOK = outbox.Book(end, tell_of, Event.LETTER_SENT, Event.LETTER_FAILED, Event.LETTER_IN_DOUBT)
