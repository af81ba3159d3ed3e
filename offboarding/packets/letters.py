"""Letters as a packet tells of them: to whom, in which words, what is known of their arrival, and their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import attrgetter

from offboarding.ledger.rules import iso
from offboarding.letters.models import Delivery, Letter
from offboarding.letters.queries import letters_of, read
from offboarding.letters.rules import TITLES, Kind, Means, Standing, Word
from offboarding.packets import contents as made
from offboarding.packets.shelf import Shelf
from offboarding.packets.told import DELIVERY
from offboarding.removals.models import RemovalRequest
from offboarding.work.rules import State

WORDS = {Word.DELIVERED: "delivered", Word.BOUNCED: "came back"}


def letters(removal: RemovalRequest, until: datetime, shelf: Shelf) -> Iterator[made.Message]:
    """Every copy that went by then, and every letter that did not: given up with the reason, or written and not sent."""
    for letter in letters_of(removal):
        for copy in letter.deliveries.all():
            at = copy.handed_over_at or copy.sent_at
            if at and at <= until:
                yield told(letter, copy, at, until, shelf)
        if letter.written_at <= until and (why := why_it_stayed(letter, until)):
            yield made.Message(iso(letter.written_at), "Letter", "", TITLES[Kind(letter.kind)], why)


def why_it_stayed(letter: Letter, until: datetime) -> str:
    """Of a letter that had not gone by then; empty if it had, or if another one took its place."""
    if letter.standing == Standing.WITHDRAWN:
        return f"given up: {letter.because}"
    if letter.standing == Standing.LAPSED or (letter.released_at and letter.released_at <= until):
        return ""
    approved = letter.approved_at and letter.approved_at <= until
    return "not sent: approved, and not released" if approved else "not sent: still a draft"


def told(letter: Letter, copy: Delivery, at: datetime, until: datetime, shelf: Shelf) -> made.Message:
    """With the exact bytes, the document, and what shows how it arrived."""
    paper = copy.means == Means.PAPER
    state = "document made" if paper else DELIVERY.get(State(copy.state), "on its way")
    files = [copy.file, copy.document]
    if copy.word and copy.word_by and copy.word_at and copy.word_at <= until:
        state = f"{WORDS[Word(copy.word)]}, says {copy.word_by.name}"
        files.append(copy.word_proof)
    numbers = dict.fromkeys(number for file in files for number in shelf.number(file))
    channel = "Letter on paper" if paper else "Letter by mail"
    return made.Message(iso(at), channel, copy.address, read(letter).subject, state, tuple(numbers))


def in_order(*of: Iterable[made.Message]) -> list[made.Message]:
    """The oldest first."""
    return sorted((each for some in of for each in some), key=attrgetter("at"))
