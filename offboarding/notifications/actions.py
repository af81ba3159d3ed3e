"""Writing notices, noting what became of their mails, and asking for one to be sent again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.ledger.actions import APP, Actor, Event, record
from offboarding.ledger.models import Entry
from offboarding.lib.hashing import sha256_hex
from offboarding.notifications import outbox, queries
from offboarding.notifications.models import Message
from offboarding.notifications.rules import Draft, Pace, brief_of, due, subject_of, text_of
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work import clock
from offboarding.work.actions import keep, must_not_stand_still, put_down
from offboarding.work.rules import State


def write(entry: Entry, draft: Draft) -> Message | None:
    """One notice, in the transaction of the cursor's step; None if this person has it already."""
    into = gathering(draft)
    try:
        with transaction.atomic():
            message = Message.objects.create(
                entry=entry,
                recipient_id=draft.to.pk,
                kind=draft.kind,
                about=draft.about,
                key=draft.key,
                pace=draft.pace.value,
                subject=subject_of(draft),
                text=text_of(draft),
                brief=brief_of(draft),
                url=draft.url,
                shared_url=draft.shared_url,
                joined_to=into,
                state=State.WAITING if into else State.READY,
                not_before=None if into else when(draft),
            )
    except IntegrityError:
        return None
    if draft.pace is Pace.AT_ONCE:
        pulse.nudge(message)
    return message


def gathering(draft: Draft) -> Message | None:
    """The mail that this notice can still join. Locked: nobody takes it to the server before we are done."""
    if draft.pace is not Pace.JOINED or not draft.about:
        return None
    waiting = queries.mails_to(draft.to, draft.about).filter(state__in=queries.OPEN_TO_OTHERS)
    return waiting.select_for_update(of=("self",)).order_by("pk").first()


def when(draft: Draft) -> datetime:
    newest = queries.newest_mail(draft.to, draft.about) if draft.about else None
    return due(draft.pace, clock.now(), newest)


# ---------------------------------------------------------------- what the engine does


def hand_over(mail: Message, composed: EmailMessage, left_out: Mapping[int, str]) -> None:
    """The row that stands before the mail goes.

    Raises LostLease if the mail is no longer ours to send, and StandsStill if nothing may be sent now.
    """
    with transaction.atomic():
        must_not_stand_still()
        keep(
            mail,
            handed_over_at=Now(),
            address=composed.to[0],
            mail_subject=composed.subject,
            mail_text=composed.body,
            tries=mail.tries + 1,
            left_out=left_out.get(mail.pk, mail.left_out),
        )
        leave_out(mail, left_out)


def leave_out(mail: Message, left_out: Mapping[int, str]) -> None:
    for pk, why in left_out.items():
        mail.joined.filter(pk=pk).update(left_out=why, state=State.CANCELLED)


def dropped(mail: Message, left_out: Mapping[int, str]) -> None:
    """Everything in it is overtaken, so nothing goes."""
    with transaction.atomic():
        put_down(mail, State.CANCELLED, after=None, left_out=left_out.get(mail.pk, mail.left_out))
        leave_out(mail, left_out)


def parked(mail: Message) -> None:
    """It stopped three times in the middle. The engine holds the transaction."""
    says = f"This message {mail.waiting_for}."
    Message.objects.filter(pk=mail.pk).update(trouble=says, waiting_for="")
    mail.joined.filter(left_out="").update(state=State.NEEDS_PERSON)
    tell(mail, Event.MESSAGE_FAILED, says=says)


def end(mail: Message, state: State, **changes: Any) -> None:
    """The mail's end is the end of every notice in it."""
    put_down(mail, state, after=None, **changes)
    mail.joined.filter(left_out="").update(state=state)


# ---------------------------------------------------------------- what people do


def send_again(mail: Message, user: User, fence: int) -> None:
    """Whoever asks has seen that it failed, or accepts that it may arrive twice. `fence` is what they saw.

    Who may ask is for the room to say that knows what the message is about.
    """
    with transaction.atomic():
        outbox.again(mail, fence)
        mail.joined.filter(left_out="").update(state=State.WAITING, not_before=None)
        tell(mail, Event.MESSAGE_SENT_AGAIN, actor_of(user))


# ---------------------------------------------------------------- the record


def tell(mail: Message, event: Event, actor: Actor = APP, **facts: Any) -> None:
    """What was in the mail stands apart from the chain, since it names people; its digest is part of the chain."""
    digest = sha256_hex(f"{mail.mail_subject}\n\n{mail.mail_text}".encode())
    record(
        event,
        actor=actor,
        about=mail.about,
        facts={"message": mail.pk, "kind": mail.kind, "entry": mail.entry_id, "sha256": digest, **facts},
        personal={
            "to": mail.address or mail.recipient.email,
            "subject": mail.mail_subject or mail.subject,
            **({"text": mail.mail_text} if event is Event.MESSAGE_SENT else {}),
        },
    )


BOOK = outbox.Book(end, tell, Event.MESSAGE_SENT, Event.MESSAGE_FAILED, Event.MESSAGE_IN_DOUBT)
