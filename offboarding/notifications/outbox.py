"""What becomes of one mail, whoever wrote it: what the server's answer means, and asking for it once more.

The row that says *handed over* stands before the mail goes. If no answer follows, nobody sends it again but a person.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.ledger.actions import Event
from offboarding.lib.refusals import Refused
from offboarding.notifications.models import Mail
from offboarding.notifications.rules import Answer, Outcome, next_try
from offboarding.work.actions import move, put_down
from offboarding.work.rules import State

CUT_OFF = Outcome(Answer.DOUBT, "Sending was cut off. The mail may have been sent.")
AFRESH: Mapping[str, Any] = {"handed_over_at": None, "tries": 0, "trouble": "", "waiting_for": ""}
STOPPED = (State.FAILED, State.UNKNOWN, State.NEEDS_PERSON)


@dataclass(frozen=True, slots=True)
class Book:
    """How one kind of mail is written down: `end(mail, state, **changes)`, `tell(mail, event, **facts)`, and its events."""

    end: Callable[..., None]
    tell: Callable[..., None]
    sent: Event
    failed: Event
    in_doubt: Event


def noted(mail: Mail, outcome: Outcome, book: Book) -> None:
    NOTED[outcome.answer](mail, outcome.says, book)


def sent(mail: Mail, says: str, book: Book) -> None:
    with transaction.atomic():
        book.end(mail, State.DONE, sent_at=Now(), trouble="", answer=says[:300])
        book.tell(mail, book.sent, **({"says": says[:300]} if says else {}))


def later(mail: Mail, says: str, book: Book) -> None:
    """Not taken, so nothing was sent; trying again may help."""
    after = next_try(mail.tries, random.random())
    if after is None:
        return refused(mail, says, book)
    put_down(
        mail, State.WAITING, after=after, waiting_for=says[:200], trouble=says[:500], handed_over_at=None
    )


def refused(mail: Mail, says: str, book: Book) -> None:
    """Not taken, and it will not be. A person decides."""
    with transaction.atomic():
        book.end(mail, State.FAILED, trouble=says[:500], handed_over_at=None)
        book.tell(mail, book.failed, says=says[:300])


def in_doubt(mail: Mail, says: str, book: Book) -> None:
    """It may have gone. Nobody sends it again but a person."""
    with transaction.atomic():
        book.end(mail, State.UNKNOWN, trouble=says[:500])
        book.tell(mail, book.in_doubt, says=says[:300])


NOTED: dict[Answer, Callable[[Mail, str, Book], None]] = {
    Answer.TAKEN: sent,
    Answer.LATER: later,
    Answer.REFUSED: refused,
    Answer.DOUBT: in_doubt,
}


# ---------------------------------------------------------------- once more


def again(mail: Mail, fence: int) -> None:
    """Due once more, in the caller's transaction. `fence` is what the person saw. Raises Refused."""
    if mail.state not in STOPPED or (mail.state == State.UNKNOWN and mail.not_before):
        raise Refused("not-stopped", "This message is on its way, or was sent already.")
    if mail.fence != fence or not released(mail):
        raise Refused("moved-meanwhile", "This message moved on meanwhile. Look at it again.")


def released(mail: Mail) -> bool:
    """What may have been sent stays so until the next hand-over brings an answer."""
    if mail.state != State.UNKNOWN:
        return move(mail, State.READY, not_before=Now(), **AFRESH)
    rows = type(mail)._default_manager.filter(
        pk=mail.pk, fence=mail.fence, state=State.UNKNOWN, not_before=None
    )
    freed = rows.update(fence=mail.fence + 1, not_before=Now(), **AFRESH)
    pulse.nudge(mail)
    return bool(freed)
