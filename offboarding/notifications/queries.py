from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from offboarding.ledger.models import Entry
from offboarding.notifications.models import Message
from offboarding.notifications.rules import MAIL, Pace
from offboarding.users.rules import Person
from offboarding.work.rules import State

# Nothing of it was handed over and nobody works on it, so another notice may still join.
OPEN_TO_OTHERS = (State.READY, State.WAITING)


def next_entries(seq: int, events: list[str], at_most: int) -> list[Entry]:
    """The first entries after `seq` that somebody wants to know about."""
    return list(Entry.objects.filter(seq__gt=seq, event__in=events).order_by("seq")[:at_most])


def mails_to(user: Person, about: str) -> QuerySet[Message]:
    """Mails that gather notices for this person about this request."""
    return Message.objects.filter(
        recipient=user.pk, about=about, channel=MAIL, pace=Pace.JOINED, joined_to=None
    )


def newest_mail(user: Person, about: str) -> datetime | None:
    newest: datetime | None = mails_to(user, about).aggregate(newest=Max("handed_over_at"))["newest"]
    return newest


def parts_of(mail: Message) -> list[Message]:
    """The notices that the mail carries, oldest first: its own, and those that joined. Left out ones are not among them."""
    joined = mail.joined.filter(left_out="").select_related("entry").order_by("pk")
    return [*([] if mail.left_out else [mail]), *joined]


def mails_about(*references: str) -> list[Message]:
    """Every mail about these requests, newest first, with `more`: how many other notices are in it. One query."""
    found = Message.objects.filter(about__in=references, joined_to=None).annotate(
        more=Count("joined", filter=Q(joined__left_out=""))
    )
    return list(found.select_related("recipient"))


def mail_about(reference: str, pk: int) -> Message | None:
    return Message.objects.filter(about=reference, joined_to=None, pk=pk).first()
