"""What a notice is, when it goes out, and what to do with the mail server's answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from offboarding.lib.masking import mask_text
from offboarding.users.rules import Person
from offboarding.work.rules import back_off

MAIL = "mail"
LONGEST_SUBJECT = 160
LONGEST_TEXT = 8000
LONGEST_BRIEF = 300
# What happens at the same moment comes in one mail; then there is quiet for a while.
GATHER = timedelta(seconds=30)
QUIET = timedelta(minutes=10)
# With the longest pause between two tries this is about eight hours.
TRIES_AT_MOST = 100


class Pace(StrEnum):
    AT_ONCE = "at once"
    JOINED = "joined"  # may share a mail with others to the same person about the same request


@dataclass(frozen=True, slots=True)
class Draft:
    """One notice for one person. Facts are (label, value) pairs; every text is masked before it is kept.

    `url` is a path of ours, the only link of the mail. Where several notices share a mail, `shared_url` replaces it, and
    `brief` stands for sentence and facts.
    Of two drafts with the same `key` to the same person about the same thing only the first is kept.
    """

    to: Person
    kind: str
    subject: str
    lead: str
    facts: Sequence[tuple[str, str]]
    url: str
    about: str = ""
    shared_url: str = ""
    brief: str = ""
    key: str = ""
    pace: Pace = Pace.AT_ONCE


def subject_of(draft: Draft) -> str:
    """One line, without secrets; the reference is put in front by the mail."""
    line = " ".join(mask_text(draft.subject).split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def text_of(draft: Draft) -> str:
    """The notice without its link: a sentence, then the facts in two columns."""
    width = max((len(label) for label, _ in draft.facts), default=0) + 2
    lines = [f"{label:<{width}}{indented(value, width)}" for label, value in draft.facts]
    text = "\n".join([draft.lead, "", *lines])
    return mask_text(text, longest=LONGEST_TEXT).strip()


def brief_of(draft: Draft) -> str:
    return mask_text(draft.brief)[:LONGEST_BRIEF].strip()


def indented(value: str, width: int) -> str:
    return ("\n" + " " * width).join(line.strip() for line in value.splitlines() if line.strip())


def due(pace: Pace, now: datetime, newest_mail: datetime | None) -> datetime:
    """When the notice goes out. `newest_mail` is the latest joined mail to this person about this request."""
    if pace is Pace.AT_ONCE:
        return now
    return max(now + GATHER, newest_mail + QUIET if newest_mail else now)


class Answer(StrEnum):
    """What we know of one try to hand a mail over."""

    TAKEN = "taken"
    LATER = "later"  # not taken; trying again may help
    REFUSED = "refused"  # not taken, and trying again would not help
    DOUBT = "doubt"  # perhaps taken


@dataclass(frozen=True, slots=True)
class Outcome:
    answer: Answer
    says: str = ""


def of_code(code: int, says: str) -> Outcome:
    """RFC 5321, 4.2.1: 4yz is a transient refusal, 5yz a permanent one. Both mean that nothing was taken."""
    return Outcome(Answer.REFUSED if 500 <= code <= 599 else Answer.LATER, says)


def next_try(tries: int, spread: float) -> timedelta | None:
    """How long until the next try; None when it has been enough. `spread` is drawn from 0 to 1 by the caller."""
    return back_off(tries, spread) if tries < TRIES_AT_MOST else None
