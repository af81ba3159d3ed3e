"""Which letters there are, who may do what with one, and how it stands. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from offboarding.directory.rules import Scope
from offboarding.lib.addresses import distinct, fold, well_formed
from offboarding.users.rules import Role


class Kind(StrEnum):
    """To whom a letter goes. Each client has its own words for each of them."""

    CONFIRMATION = "confirmation"
    CLIENT = "client"
    COLLABORATOR = "collaborator"
    PROVIDER = "provider"
    SECURITY = "security"
    CONTRACT = "contract"


TITLES = {
    Kind.CONFIRMATION: "Confirmation to the engagement lead",
    Kind.CLIENT: "Letter to the client",
    Kind.COLLABORATOR: "Notice to the collaborator",
    Kind.PROVIDER: "Notice to the identity provider's team",
    Kind.SECURITY: "Notice to security",
    Kind.CONTRACT: "Notice to the contract's owner",
}
# Those go with the letter as a document, too.
WITH_DOCUMENT = (Kind.CLIENT, Kind.CONTRACT)

TO_OTHERS = (Kind.CLIENT, Kind.COLLABORATOR, Kind.CONTRACT)


class Standing(StrEnum):
    """How a letter stands. What became of its mails, each of them says itself."""

    DRAFT = "draft"
    APPROVED = "approved"
    RELEASED = "released"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


OPEN = (Standing.DRAFT, Standing.APPROVED)


class Means(StrEnum):
    MAIL = "mail"
    PAPER = "paper"  # the document alone, to be handed over by a person


class Word(StrEnum):
    """What a person knows of a letter's arrival, beyond what the mail server said."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"


LONGEST_PARAGRAPH = 2000
LONGEST_ADDRESSES = 5
WRITERS = (Role.REQUESTER, Role.OPERATOR, Role.SECURITY)
APPROVERS = (Role.REQUESTER, Role.APPROVER, Role.OPERATOR, Role.SECURITY)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one client wants of letters: which the checklist waits for, which another person approves, which go by
    themselves once everything is verified, and where they go. `sender` and `postal` stand on the document.
    """

    expected: tuple[Kind, ...] = (Kind.CONFIRMATION, Kind.CLIENT)
    approved: tuple[Kind, ...] = ()
    automatic: tuple[Kind, ...] = (Kind.CONFIRMATION,)
    addresses: Mapping[str, str] = field(default_factory=dict)
    sender: str = ""
    postal: str = ""

    def as_json(self) -> dict[str, Any]:
        kinds = {
            name: [kind.value for kind in getattr(self, name)]
            for name in ("expected", "approved", "automatic")
        }
        return {**kinds, "addresses": dict(self.addresses), "sender": self.sender, "postal": self.postal}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Conditions:
        kinds = {
            name: tuple(Kind(each) for each in data[name]) for name in ("expected", "approved", "automatic")
        }
        return cls(**kinds, addresses=data["addresses"], sender=data["sender"], postal=data["postal"])


@dataclass(frozen=True, slots=True)
class Facing:
    """One letter as far as these rules ask."""

    kind: Kind
    standing: Standing
    emergency: bool
    texted_by: int | None  # who wrote or changed its words last; None: Offboard alone
    requester: int


def expected_in(conditions: Conditions, emergency: bool, machine: bool = False) -> tuple[Kind, ...]:
    """What the checklist waits for. In an emergency a step of its own decides whether the client is told; a service account
    (`machine`) is nobody to write to.
    """
    left_out = {*(TO_OTHERS if emergency else ()), *((Kind.COLLABORATOR,) if machine else ())}
    return tuple(kind for kind in conditions.expected if kind not in left_out)


def needs_approval(kind: Kind, emergency: bool, conditions: Conditions) -> bool:
    """In an emergency the person is told nothing before security says so."""
    return kind in conditions.approved or (kind is Kind.COLLABORATOR and emergency)


def may_not_write(scope: Scope, requester: int, clients: frozenset[int]) -> str:
    """Why this person may not write or send letters about a request; empty if they may."""
    if scope.user_id == requester or scope.covers(clients, *WRITERS):
        return ""
    return "Only the person who filed this request, its leads, operators and security write its letters."


def may_not_approve(scope: Scope, letter: Facing, clients: frozenset[int]) -> str:
    """Why this person may not approve the words of a letter; empty if they may."""
    if letter.kind is Kind.COLLABORATOR and letter.emergency:
        if not scope.covers(clients, Role.SECURITY):
            return "In an emergency only security decides what the person is told."
    elif not scope.covers(clients, *APPROVERS):
        return "Only people of this client who decide on requests, or work on them, approve its letters."
    if scope.user_id == letter.texted_by:
        return "You wrote these words, so someone else approves them."
    return ""


def why_not_sent(letter: Facing, conditions: Conditions) -> str:
    """What stands between an open letter and its sending; empty if nothing does."""
    if letter.standing not in OPEN:
        return f"This letter is {letter.standing.value} already."
    if letter.standing is Standing.DRAFT and needs_approval(letter.kind, letter.emergency, conditions):
        if letter.kind is Kind.COLLABORATOR and letter.emergency:
            return "In an emergency the person is told nothing before security approves these words."
        return "This client wants another person to approve the words first."
    return ""


def goes_by_itself(letter: Facing, conditions: Conditions, whole: bool) -> bool:
    """`whole`: everything in the letter is verified. What goes to the person never goes by itself."""
    if letter.kind not in conditions.automatic or letter.kind is Kind.COLLABORATOR:
        return False
    if letter.emergency and letter.kind in TO_OTHERS:
        return False
    return whole and not why_not_sent(letter, conditions)


def addresses_in(text: str, kind: Kind, own: Collection[str]) -> tuple[tuple[str, ...], str]:
    """The addresses in a line with commas, and what is wrong with them. `own` are those of the person who leaves."""
    found = distinct(text.replace(";", ",").replace("\n", ",").split(","))
    if not found:
        return (), "Enter an address."
    if len(found) > LONGEST_ADDRESSES:
        return (), f"Enter at most {LONGEST_ADDRESSES} addresses."
    if wrong := [each for each in found if not well_formed(each)]:
        return (), f"This is no e-mail address: {wrong[0]}"
    mine = {fold(each) for each in own}
    if kind is Kind.COLLABORATOR and any(fold(each) not in mine for each in found):
        return (), "This notice goes only to addresses of the person that the request names."
    if kind is not Kind.COLLABORATOR and any(fold(each) in mine for each in found):
        return (), "This is an address of the person who leaves. They get a notice of their own."
    return found, ""


@dataclass(frozen=True, slots=True)
class Sent:
    """One letter of a request as the checklist asks: is it told?"""

    client: int
    kind: Kind
    standing: Standing
    gone: bool  # taken by the mail server, or its document was made


def told(letters: Sequence[Sent], wanted: Mapping[int, Collection[Kind]]) -> bool:
    """True once every expected letter of every client has gone, or was given up with a reason, and one has gone."""
    if not any(wanted.values()):
        return False
    ended = {(each.client, each.kind) for each in letters if each.gone or each.standing is Standing.WITHDRAWN}
    gone = any(each.gone for each in letters)
    return gone and all((client, kind) in ended for client, kinds in wanted.items() for kind in kinds)
