"""Messages as people read them: to whom, what, whether it went. Pure: rows in, cards out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.letters.models import Letter
from offboarding.notifications.models import Message
from offboarding.web.cards import (
    ActCard,
    ConfirmCard,
    EmptyCard,
    FactCard,
    PermissionCard,
    PollCard,
    TagCard,
    TimeCard,
)
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.overview import Overview
from offboarding.work.rules import State

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# "Sent" is what the mail server said; nobody can see from here whether it was read, so it is no green tick.
TAGS: dict[State, tuple[str, StrOrPromise]] = {
    State.READY: ("waiting", ""),
    State.WAITING: ("waiting", ""),
    State.RUNNING: ("running", lazy("Sending")),
    State.DONE: ("done", lazy("Sent")),
    State.FAILED: ("failed", ""),
    State.NEEDS_PERSON: ("failed", ""),
    State.CANCELLED: ("not_needed", lazy("Not sent")),
}
ON_ITS_WAY = (State.READY, State.WAITING, State.RUNNING)
STOPPED = (State.FAILED, State.UNKNOWN, State.NEEDS_PERSON)


@dataclass(frozen=True, slots=True)
class MessageCard:
    id: int
    tag: TagCard
    subject: str
    to: str
    address: str
    time: TimeCard
    says: str
    more: str
    text: str
    again: ActCard | None


@dataclass(frozen=True, slots=True)
class MessagesCard:
    rows: tuple[MessageCard, ...]
    count: str
    empty: EmptyCard


def messages_card(view: Overview, mails: Sequence[Message], may_send: bool) -> MessagesCard:
    gone = sum(1 for mail in mails if mail.state == State.DONE)
    return MessagesCard(
        rows=tuple(message_card(view, mail, may_send) for mail in mails),
        count=_("%(sent)d of %(all)d sent") % {"sent": gone, "all": len(mails)} if mails else "",
        empty=EmptyCard(
            _("No message yet"),
            _("Notices about this request stand here from the moment that they are written."),
        ),
    )


def message_card(view: Overview, mail: Message, may_send: bool) -> MessageCard:
    url = f"{view.url}messages/{mail.pk}/again/"
    return MessageCard(
        id=mail.pk,
        tag=tag(mail),
        subject=mail.mail_subject or mail.subject,
        to=mail.recipient.name,
        address=mail.address or mail.recipient.email,
        time=view.clock.time(mail.sent_at or mail.handed_over_at or mail.created_at),
        says=says(mail, view.clock),
        more=more(mail),
        text=mail.mail_text or mail.text,
        again=ActCard(_("Send again"), url, dialog=True) if may_send and stopped(mail) else None,
    )


def more(mail: Message) -> str:
    count = int(getattr(mail, "more", 0))
    return (
        ngettext("%(n)d more notice in it", "%(n)d more notices in it", count) % {"n": count} if count else ""
    )


def tag(mail: Message) -> TagCard:
    if doubtful(mail):
        return TagCard("needs_person", _("May have been sent"))
    if asked_again(mail):
        return TagCard("waiting")
    name, word = TAGS[State(mail.state)]
    return TagCard(name, word)


def doubtful(mail: Message) -> bool:
    """Handed over without an answer, and nobody asked for another try since."""
    return mail.state in STOPPED and mail.handed_over_at is not None


def stopped(mail: Message) -> bool:
    return mail.state in STOPPED and not asked_again(mail)


def asked_again(mail: Message) -> bool:
    return mail.state == State.UNKNOWN and mail.not_before is not None


def says(mail: Message, clock: Clock) -> str:
    """Why it is where it is; nothing for a mail that simply went."""
    if mail.state == State.CANCELLED:
        return mail.left_out or _("It was overtaken.")
    if mail.state not in ON_ITS_WAY or mail.state == State.RUNNING:
        return mail.trouble
    if mail.not_before is None or mail.not_before <= clock.now:
        return mail.trouble
    words = {"when": clock.counts_down(mail.not_before), "why": mail.trouble}
    return (_("%(why)s Next try %(when)s.") if mail.trouble else _("Goes %(when)s.")) % words


# ---------------------------------------------------------------- news


def version_of(mails: Sequence[Message], letters: Sequence[Letter] = ()) -> str:
    """Changes with everything that the lists show."""
    copies = [
        (each.pk, each.state, each.fence, each.word) for one in letters for each in one.deliveries.all()
    ]
    written = [(each.pk, each.standing, each.version) for each in letters]
    rows: list[Any] = [
        (mail.pk, mail.state, mail.fence, mail.tries, getattr(mail, "more", 0)) for mail in mails
    ]
    return hashlib.sha256(repr((rows, written, copies)).encode()).hexdigest()[:12]


def poll(view: Overview, mails: Sequence[Message], letters: Sequence[Letter] = ()) -> PollCard:
    """Every 5 seconds while something is on its way, every 15 while the request is open."""
    copies = [copy for letter in letters for copy in letter.deliveries.all()]
    busy = any(mail.state in ON_ITS_WAY or asked_again(mail) for mail in mails)
    busy |= any(copy.state in ON_ITS_WAY for copy in copies)
    return PollCard(
        id="messages-live",
        url=f"{view.url}messages/?since={version_of(mails, letters)}",
        seconds=5 if busy else 15 if view.removal.is_open else 0,
        updated=view.clock.time(view.clock.now, seconds=True, day=False),
        refresh_url=f"{view.url}messages/",
    )


# ---------------------------------------------------------------- sending again


def confirm_card(view: Overview, mail: Message) -> ConfirmCard:
    shown = message_card(view, mail, may_send=False)
    effects = [_("The same notice goes to the address that %(who)s has now.") % {"who": shown.to}]
    if doubtful(mail):
        effects.append(_("The first mail may have been sent, so it may arrive twice."))
    return ConfirmCard(
        title=_("Send this message again"),
        effects=tuple(effects),
        act=ActCard(
            _("Send again"),
            f"{view.url}messages/{mail.pk}/again/",
            "main",
            busy=_("Sending…"),
            hidden=(("fence", str(mail.fence)),),
        ),
        back_url=f"{view.url}messages/",
        facts=(
            FactCard(_("To"), f"{shown.to}, {mail.recipient.email}"),
            FactCard(_("Subject"), shown.subject),
            FactCard(_("State"), shown.tag, note=shown.says),
        ),
    )


def not_yours(why: str) -> PermissionCard:
    return PermissionCard(_("You cannot send this message again"), why)
