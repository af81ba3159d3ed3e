"""A letter whose words another person has to approve before it goes."""

from __future__ import annotations

from django.utils.translation import gettext as _

from offboarding.directory.queries import people_holding, scope_of
from offboarding.journey.notices.case import Case, Words, today, where, who
from offboarding.letters.models import Letter
from offboarding.letters.queries import conditions_of, facing
from offboarding.letters.rules import APPROVERS, TITLES, Kind, Standing, may_not_approve, needs_approval
from offboarding.removals.queries import clients_of
from offboarding.users.models import User


def letter_of(case: Case) -> Letter:
    found = Letter.objects.select_related("client", "removal", "texted_by")
    return found.get(pk=case.facts["letter"])


def waits(letter: Letter) -> bool:
    kind, conditions = Kind(letter.kind), conditions_of(letter.client)
    return letter.standing == Standing.DRAFT and needs_approval(kind, letter.removal.emergency, conditions)


def approvers(case: Case) -> list[User]:
    """Nobody where the words need no approval. Who wrote them does not approve them."""
    letter = letter_of(case)
    if not waits(letter):
        return []
    clients, facts = clients_of(case.removal), facing(letter)
    people = people_holding(APPROVERS, today())
    return [user for user, scope in people if not may_not_approve(scope, facts, clients)]


def to_approve(case: Case, _user: User) -> Words:
    letter = letter_of(case)
    title = TITLES[Kind(letter.kind)]
    return Words(
        subject=_("Approve the words: %(title)s") % {"title": title},
        lead=_("Nobody sends it before another person than who wrote it approves its words."),
        facts=[
            (_("Letter"), title),
            (_("Client"), letter.client.name),
            (_("Words by"), letter.texted_by.name if letter.texted_by else "Offboard"),
            who(case),
            where(case),
        ],
        url=f"{case.url}letters/{letter.pk}/",
        brief=_("%(title)s waits for somebody to approve its words.") % {"title": title},
    )


def settled(case: Case, user: User) -> str:
    """Approved, given up, overtaken by newer facts, or changed by this very person meanwhile."""
    letter = letter_of(case)
    if not waits(letter):
        return "The letter does not wait for an approval any more."
    return may_not_approve(scope_of(user, today()), facing(letter), clients_of(case.removal))
