"""What the pages about approval policies show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from offboarding.approvals.models import Policy, PolicyVersion
from offboarding.approvals.policies.queries import (
    Applies,
    installed,
    names_of,
    people_in,
    terms_of,
    version_in_force,
)
from offboarding.approvals.policies.rules import AS_INSTALLED, Standing, Terms, in_turn, told
from offboarding.removals.rules import REASONS
from offboarding.web.cards import DiffCard, DiffRow, FactCard, TagCard, TimeCard
from offboarding.web.removal.clock import Clock

STANDINGS = {
    Standing.PROPOSED: ("to_decide", ""),
    Standing.APPROVED: ("approved", ""),
    Standing.DECLINED: ("rejected", ""),
    Standing.WITHDRAWN: ("cancelled", ""),
}


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One policy in the list. `says`: who decides, in a sentence."""

    name: str
    url: str
    says: str
    version: str
    since: TimeCard | None
    by: str


def rows(versions: Iterable[PolicyVersion], clock: Clock) -> tuple[PolicyRow, ...]:
    found = sorted(versions, key=lambda each: order(each.policy))
    names = names_of({pk for each in found for pk in people_in(each.terms)})
    return tuple(
        PolicyRow(
            str(each.policy),
            f"/setup/policies/{each.policy_id}/",
            in_turn(each.terms, names),
            _("version %(n)d") % {"n": each.version or 0},
            clock.time(each.decided_at) if each.decided_at else None,
            both(each),
        )
        for each in found
    )


def order(policy: Policy) -> tuple[bool, str, str, str]:
    """Those for all clients first."""
    return (
        policy.client_id is not None,
        policy.client.name if policy.client else "",
        policy.environment,
        policy.reason,
    )


def both(version: PolicyVersion) -> str:
    assert version.decided_by
    return _("%(one)s, approved by %(other)s") % {
        "one": version.proposed_by.name,
        "other": version.decided_by.name,
    }


@dataclass(frozen=True, slots=True)
class ProposalRow:
    name: str
    url: str
    why: str
    by: str
    time: TimeCard
    own: bool


def proposals(found: Iterable[PolicyVersion], reader: int, clock: Clock) -> tuple[ProposalRow, ...]:
    return tuple(
        ProposalRow(
            str(each.policy),
            f"/setup/policies/proposals/{each.pk}/",
            each.why,
            each.proposed_by.name,
            clock.time(each.proposed_at),
            each.proposed_by_id == reader,
        )
        for each in found
    )


def facts(terms: Terms) -> tuple[FactCard, ...]:
    return tuple(FactCard(label, says) for label, says in told(terms, names_of(people_in(terms))))


def as_installed() -> list[tuple[str, tuple[FactCard, ...]]]:
    """What holds where no policy fits: what differs for some reasons, and then for all others."""
    usual = facts(installed())
    others: dict[tuple[FactCard, ...], list[str]] = {}
    for reason in AS_INSTALLED:
        own = tuple(each for each in facts(installed(reason)) if each not in usual)
        others.setdefault(own, []).append(name_of(reason))
    differing = [(", ".join(names), own) for own, names in others.items() if own]
    return [*differing, (_("Every other reason") if differing else _("Every reason"), usual)]


def name_of(reason: str) -> str:
    return REASONS[reason].says if reason in REASONS else _("Every reason of %(group)s") % {"group": reason}


def difference(before: Terms | None, after: Terms | None, titles: tuple[str, str]) -> DiffCard:
    """Line by line, what changes on top. None is nothing of its own."""
    people = {pk for terms in (before, after) if terms for pk in people_in(terms)}
    names = names_of(people)
    old, new = (dict(told(terms, names)) if terms else {} for terms in (before, after))
    labels = dict.fromkeys((*new, *old))
    lines = [diff_row(label, old.get(label, ""), new.get(label, "")) for label in labels]
    return DiffCard(*titles, tuple(sorted(lines, key=lambda line: line.kind == "same")))


def diff_row(label: str, before: str, after: str) -> DiffRow:
    if before == after:
        return DiffRow("same", label, before, after)
    if not before:
        return DiffRow("added", label, "", after)
    return DiffRow("changed", label, before, after) if after else DiffRow("removed", label, before)


def change_card(policy: Policy | None, after: Terms | None) -> DiffCard:
    """What holds now beside what was proposed. Where the policy says nothing now, what the installation says."""
    now = version_in_force(policy) if policy else None
    if now is None:
        before = installed(policy.reason if policy else "")
        return difference(before, after, (_("As installed"), _("Proposed")))
    if after is None:
        return difference(
            now.terms, None, (_("Version %(n)d") % {"n": now.version or 0}, _("Nothing of its own"))
        )
    return difference(now.terms, after, (_("Version %(n)d") % {"n": now.version or 0}, _("Proposed")))


@dataclass(frozen=True, slots=True)
class VersionCard:
    """One line of the history, and what it changed."""

    title: str
    tag: TagCard
    says: tuple[str, ...]
    why: str
    note: str
    diff: DiffCard | None
    url: str


def history(versions: Sequence[PolicyVersion], clock: Clock) -> tuple[VersionCard, ...]:
    """Newest first; each version beside the one before it."""
    cards, before = [], None
    for each in reversed(versions):
        cards.append(version_card(each, before, clock))
        if each.standing == Standing.APPROVED:
            before = each
    return tuple(reversed(cards))


def version_card(each: PolicyVersion, before: PolicyVersion | None, clock: Clock) -> VersionCard:
    standing = Standing(each.standing)
    title = _("Version %(n)d") % {"n": each.version} if each.version else _("Proposal")
    says = [
        _("Proposed by %(who)s, %(when)s")
        % {"who": each.proposed_by.name, "when": clock.says(each.proposed_at)}
    ]
    if each.decided_by and each.decided_at:
        words = {"who": each.decided_by.name, "when": clock.says(each.decided_at)}
        approved = standing is Standing.APPROVED
        says.append(
            (_("Approved by %(who)s, %(when)s") if approved else _("Declined by %(who)s, %(when)s")) % words
        )
    elif each.decided_at:
        says.append(_("Withdrawn %(when)s") % {"when": clock.says(each.decided_at)})
    old = before.terms if before and not before.ends else None
    titles = (_("Before"), _("From then on"))
    return VersionCard(
        title=title,
        tag=TagCard(*STANDINGS[standing]),
        says=tuple(says),
        why=each.why,
        note=each.note,
        diff=difference(old, None if each.ends else each.terms, titles)
        if standing is Standing.APPROVED
        else None,
        url=f"/setup/policies/proposals/{each.pk}/" if standing is Standing.PROPOSED else "",
    )


@dataclass(frozen=True, slots=True)
class AppliesCard:
    """Which policy applies, why, and what would apply without it."""

    title: str
    why: str
    facts: tuple[FactCard, ...]
    url: str
    others: tuple[str, ...]


def applies(found: Applies, reason: str) -> AppliesCard:
    version = found.version
    others = tuple(str(each.policy) for each in found.passed_over)
    if version is None:
        why = _("No policy fits, so what the installation says holds for this reason.")
        return AppliesCard(_("As installed"), why, facts(installed(reason)), "", ())
    return AppliesCard(
        _("%(name)s, version %(n)d") % {"name": version.policy, "n": version.version or 0},
        because(version.policy, bool(others)) + beside(version, reason),
        facts(terms_of(version, reason)),
        f"/setup/policies/{version.policy_id}/",
        others,
    )


def beside(version: PolicyVersion, reason: str) -> str:
    """Where the installation is stricter about this reason than a policy for every one."""
    if terms_of(version, reason) == version.terms:
        return ""
    return " " + _(
        "It is for every reason; what is installed for this one is stricter in part, and holds beside it."
    )


def because(policy: Policy, others: bool) -> str:
    named = [
        word
        for word, said in (
            (_("the client"), policy.client_id),
            (_("the environment"), policy.environment),
            (_("the reason"), policy.reason),
        )
        if said
    ]
    what = ", ".join(named)
    if not named:
        return _("It is for everything, and nothing more specific fits.")
    if others:
        return _("It names %(what)s. Others fit too, and are less specific.") % {"what": what}
    return _("It names %(what)s, and nothing else fits.") % {"what": what}
