"""Letters as people read them: to whom, what it says, how it stands, who approved it. Pure: rows in, cards out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.directory.models import Client
from offboarding.letters.models import Delivery, Letter
from offboarding.letters.rules import OPEN, Conditions, Kind, Means, Standing, Word, expected_in
from offboarding.letters.wording import Written
from offboarding.web.cards import ActCard, CodeCard, FactCard, TagCard
from offboarding.web.removal.overview import Overview
from offboarding.work.rules import State

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NAMES: dict[Kind, StrOrPromise] = {
    Kind.CONFIRMATION: lazy("Confirmation to the lead"),
    Kind.CLIENT: lazy("Letter to the client"),
    Kind.COLLABORATOR: lazy("Notice to the collaborator"),
    Kind.PROVIDER: lazy("Notice to the identity provider's team"),
    Kind.SECURITY: lazy("Notice to security"),
    Kind.CONTRACT: lazy("Notice to the contract's owner"),
}
STANDINGS: dict[Standing, tuple[str, StrOrPromise]] = {
    Standing.DRAFT: ("draft", ""),
    Standing.APPROVED: ("approved", ""),
    Standing.LAPSED: ("not_needed", lazy("Lapsed")),
    Standing.WITHDRAWN: ("skipped", lazy("Given up")),
}
STOPPED = (State.FAILED, State.UNKNOWN, State.NEEDS_PERSON)


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One line of the list. `url` leads to the letter; where there is none yet, `write` makes it."""

    title: StrOrPromise
    client: str
    tag: TagCard
    says: tuple[str, ...]
    url: str = ""
    write: ActCard | None = None


@dataclass(frozen=True, slots=True)
class CopyCard:
    to: str
    tag: TagCard
    says: tuple[str, ...]
    files: tuple[ActCard, ...]
    digest: CodeCard | None
    acts: tuple[ActCard, ...]


# ---------------------------------------------------------------- how it stands


def tag(letter: Letter) -> TagCard:
    """A letter that is on its way stands as its worst copy does."""
    if letter.standing != Standing.RELEASED:
        name, word = STANDINGS[Standing(letter.standing)]
        return TagCard(name, word)
    tags = [copy_tag(each) for each in letter.deliveries.all()]
    return min(tags, key=lambda each: ORDER.index(each.state), default=TagCard("waiting"))


ORDER = ("failed", "needs_person", "waiting", "running", "not_needed", "done", "verified")


def copy_tag(copy: Delivery) -> TagCard:
    """*Sent* is what the mail server said; *delivered* only what a person has shown."""
    if copy.word:
        return (
            TagCard("verified", _("Delivered"))
            if copy.word == Word.DELIVERED
            else TagCard("failed", _("Came back"))
        )
    if doubtful(copy):
        return TagCard("needs_person", _("May have been sent"))
    return {
        State.DONE: TagCard("done", _("Sent") if copy.means == Means.MAIL else _("Document made")),
        State.CANCELLED: TagCard("not_needed", _("Not sent")),
        State.RUNNING: TagCard("running", _("Sending")),
        State.FAILED: TagCard("failed"),
        State.NEEDS_PERSON: TagCard("failed"),
    }.get(State(copy.state), TagCard("waiting"))


def doubtful(copy: Delivery) -> bool:
    return copy.state in STOPPED and copy.handed_over_at is not None and copy.not_before is None


def stopped(copy: Delivery) -> bool:
    return copy.state in STOPPED and not (copy.state == State.UNKNOWN and copy.not_before)


# ---------------------------------------------------------------- the list


@dataclass(frozen=True, slots=True)
class LettersCard:
    rows: tuple[LetterRow, ...]
    others: tuple[LetterRow, ...]
    note: str


def letters_card(
    view: Overview, letters: Sequence[Letter], wants: Mapping[Client, Conditions], may_write: bool
) -> LettersCard:
    """Every letter there is, then those that are expected and not written; the others can be written, too."""
    rows = [row(view, each, len(wants) > 1) for each in letters]
    there = {(each.client_id, each.kind) for each in letters if each.standing != Standing.LAPSED}
    missing: list[LetterRow] = []
    others: list[LetterRow] = []
    for client, conditions in wants.items():
        expected = expected_in(conditions, view.removal.emergency, view.removal.machine)
        for kind in Kind:
            if (client.pk, kind) not in there and not (view.removal.machine and kind is Kind.COLLABORATOR):
                (missing if kind in expected else others).append(
                    blank(view, client, kind, len(wants) > 1, may_write)
                )
    note = _("Drafts are written by themselves as soon as every place was read again.") if missing else ""
    return LettersCard((*rows, *missing), tuple(others) if may_write else (), note)


def row(view: Overview, letter: Letter, several: bool) -> LetterRow:
    return LetterRow(
        title=NAMES[Kind(letter.kind)],
        client=letter.client.name if several else "",
        tag=tag(letter),
        says=tuple(told(view, letter)),
        url=url_of(view, letter),
    )


def url_of(view: Overview, letter: Letter) -> str:
    return f"{view.url}letters/{letter.pk}/"


def told(view: Overview, letter: Letter) -> list[str]:
    said = []
    if to := ", ".join(each.address for each in letter.deliveries.all() if each.address):
        said.append(_("To %(to)s") % {"to": to})
    if letter.approved_by and letter.approved_at:
        words = {"who": letter.approved_by.name, "when": view.clock.says(letter.approved_at)}
        said.append(_("Approved by %(who)s, %(when)s") % words)
    if letter.released_at:
        who = letter.released_by.name if letter.released_by else _("Offboard, by itself")
        said.append(
            _("Sent by %(who)s, %(when)s") % {"who": who, "when": view.clock.says(letter.released_at)}
        )
    if letter.because:
        said.append(letter.because)
    return said or [_("Written %(when)s") % {"when": view.clock.says(letter.written_at)}]


def blank(view: Overview, client: Client, kind: Kind, several: bool, may_write: bool) -> LetterRow:
    act = ActCard(
        _("Write it"),
        f"{view.url}letters/write/",
        post=True,
        hidden=(("client", str(client.pk)), ("kind", kind.value)),
    )
    return LetterRow(
        NAMES[kind], client.name if several else "", TagCard("not_started", _("Not written")), (),
        write=act if may_write and not view.removal.restores_id else None,
    )  # fmt: skip


# ---------------------------------------------------------------- one letter


@dataclass(frozen=True, slots=True)
class LetterCard:
    title: StrOrPromise
    tag: TagCard
    facts: tuple[FactCard, ...]
    shown: Written
    language: str
    copies: tuple[CopyCard, ...]
    acts: tuple[ActCard, ...]


def facts(view: Overview, letter: Letter, to: str) -> tuple[FactCard, ...]:
    by = letter.texted_by.name if letter.texted_by else _("Offboard")
    version = letter.words["version"]
    rows = [
        FactCard(_("Client"), letter.client.name),
        FactCard(_("To"), to or _("No address is known. Enter one when you send it.")),
        FactCard(
            _("Written"), _("%(when)s by %(who)s") % {"when": view.clock.says(letter.written_at), "who": by}
        ),
        FactCard(
            _("Words"), _("Version %(n)d of this client") % {"n": version} if version else _("As they ship")
        ),
    ]
    if letter.approved_by and letter.approved_at:
        when = {
            "who": letter.approved_by.name,
            "when": view.clock.says(letter.approved_at),
            "how": letter.approved_method,
        }
        rows.append(FactCard(_("Approved"), _("%(who)s, %(when)s, %(how)s") % when))
    if letter.released_at:
        who = letter.released_by.name if letter.released_by else _("Offboard, by itself")
        rows.append(FactCard(_("Sent on its way"), f"{who}, {view.clock.says(letter.released_at)}"))
    if letter.because:
        rows.append(FactCard(_("Why it ended"), letter.because))
    return tuple(rows)


def acts(
    view: Overview, letter: Letter, may_write: bool, may_approve: bool, changed: bool
) -> tuple[ActCard, ...]:
    """Of one whose facts changed, none that would be refused: the notice above has the way on."""
    if letter.standing not in OPEN:
        return ()
    url, made = url_of(view, letter), []
    if may_approve and letter.standing == Standing.DRAFT and not changed:
        made.append(ActCard(_("Approve the words"), f"{url}approve/"))
    if may_write and not changed:
        made.append(ActCard(_("Send…"), f"{url}send/", "main"))
    if may_write:
        made.append(ActCard(_("Give it up"), f"{url}withdraw/", "link", dialog=True))
    return tuple(made)


def copy_card(view: Overview, letter: Letter, copy: Delivery, may_write: bool) -> CopyCard:
    url = f"{url_of(view, letter)}copies/{copy.pk}/"
    made = []
    if may_write and stopped(copy):
        made.append(ActCard(_("Send again"), f"{url}again/", dialog=True))
    if may_write and not copy.word and copy.state in (State.DONE, State.UNKNOWN):
        made.append(ActCard(_("Note how it arrived"), f"{url}arrived/", "link"))
    return CopyCard(
        to=copy.address or str(_("To be handed over")),
        tag=copy_tag(copy),
        says=tuple(copy_says(view, copy)),
        files=tuple(files(view, copy)),
        digest=CodeCard.hash(copy.file.sha256) if copy.file else None,
        acts=tuple(made),
    )


def files(view: Overview, copy: Delivery) -> list[ActCard]:
    kept = [(copy.document, _("The document (PDF)"))]
    if copy.means == Means.MAIL:
        kept.insert(0, (copy.file, _("The mail, byte for byte")))
    return [
        ActCard(label, f"/evidence/{view.removal.reference}/files/{file.pk}/", "link")
        for file, label in kept
        if file
    ]


def copy_says(view: Overview, copy: Delivery) -> list[str]:
    said = []
    if copy.sent_at and copy.means == Means.MAIL:
        when = {"when": view.clock.says(copy.sent_at), "answer": copy.answer}
        said.append(
            _("Taken by the mail server %(when)s: %(answer)s") % when
            if copy.answer
            else _("Taken by the mail server %(when)s. Nobody here can see whether it was read.") % when
        )
    if copy.word and copy.word_by and copy.word_at:
        when = {"who": copy.word_by.name, "when": view.clock.says(copy.word_at)}
        arrived, back = _("Delivered, says %(who)s, %(when)s"), _("It came back, says %(who)s, %(when)s")
        says = arrived if copy.word == Word.DELIVERED else back
        said.append(says % when + (f": {copy.word_note}" if copy.word_note else ""))
    if copy.trouble:
        said.append(copy.trouble)
    return said
