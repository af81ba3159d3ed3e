"""One message's turn: still wanted? write it, say that it goes, hand it over, note the answer. Holds no transaction."""

from __future__ import annotations

from offboarding.notifications import actions, outbox
from offboarding.notifications.handlers import objection
from offboarding.notifications.mail import compose
from offboarding.notifications.models import Message
from offboarding.notifications.post import post
from offboarding.notifications.queries import parts_of


def perform(mail: Message) -> None:
    if mail.handed_over_at:
        return outbox.noted(mail, outbox.CUT_OFF, actions.BOOK)
    parts = parts_of(mail)
    left_out = {part.pk: why[:300] for part in parts if (why := objection(part.entry, mail.recipient))}
    wanted = [part for part in parts if part.pk not in left_out]
    if not wanted:
        return actions.dropped(mail, left_out)
    composed = compose(mail, wanted)
    composed.message()  # a mail that cannot be written fails here, while it is certain that nothing was sent
    actions.hand_over(mail, composed, left_out)
    outbox.noted(mail, post(composed), actions.BOOK)
