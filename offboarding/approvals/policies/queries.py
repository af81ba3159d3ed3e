"""Which policies are in force, which one applies and why, and who may see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery

from offboarding.approvals.models import Policy, PolicyVersion
from offboarding.approvals.policies.rules import (
    Selector,
    Standing,
    Terms,
    for_reason,
    may_not_approve,
    most_specific,
    told,
)
from offboarding.directory.queries import clients_in
from offboarding.directory.rules import Scope
from offboarding.removals.models import Place, RemovalRequest
from offboarding.removals.rules import REASONS, Choice
from offboarding.users.models import User
from offboarding.users.rules import Role

SEES = (Role.ADMINISTRATOR, Role.SECURITY)
INSTALLED = "As installed"


def installed(reason: str = "") -> Terms:
    """What holds for this reason where no policy is in force. `reason` is a code, a group, or empty for any other."""
    terms = Terms(
        owner=settings.OWNER_APPROVERS,
        many=settings.MANY_PLACES,
        many_needed=settings.MANY_PLACES_APPROVERS,
    )
    return for_reason(terms, reason, group_of(reason))


def terms_of(version: PolicyVersion, reason: str) -> Terms:
    """What this policy says for this reason. One that names the reason, or its group, says all of it by itself."""
    return version.terms if version.policy.reason else for_reason(version.terms, reason, group_of(reason))


def group_of(reason: str) -> str:
    return REASONS[reason].group.value if reason in REASONS else reason


def in_force() -> list[PolicyVersion]:
    """The newest version of each policy that has not ended. One query."""
    approved = PolicyVersion.objects.filter(standing=Standing.APPROVED)
    newest = approved.filter(policy=OuterRef("policy")).order_by("-version").values("version")[:1]
    found = approved.filter(version=Subquery(newest), ends=False)
    return list(found.select_related("policy__client", "decided_by", "proposed_by"))


def policies_in(scope: Scope) -> QuerySet[Policy]:
    """Those for the clients that this person looks after, and those for all clients."""
    return Policy.objects.filter(Q(client=None) | Q(client__in=clients_in(scope, *SEES))).select_related(
        "client"
    )


def policy_for(scope: Scope, pk: int) -> Policy | None:
    return policies_in(scope).filter(pk=pk).first() if scope.has(*SEES) else None


def proposals_in(scope: Scope) -> list[PolicyVersion]:
    found = PolicyVersion.objects.filter(standing=Standing.PROPOSED, policy__in=policies_in(scope))
    return list(found.select_related("policy__client", "proposed_by").order_by("proposed_at", "pk"))


def proposals_to(scope: Scope) -> list[PolicyVersion]:
    """Those that wait for this very person: somebody else proposed them."""
    open_ = proposals_in(scope) if scope.has(Role.ADMINISTRATOR) else []
    return [each for each in open_ if not may_not_approve(scope, each.policy.client_id, each.proposed_by_id)]


def versions_of(policy: Policy) -> list[PolicyVersion]:
    """Every version and proposal, newest first."""
    return list(policy.versions.select_related("proposed_by", "decided_by").order_by("-pk"))


def version_in_force(policy: Policy) -> PolicyVersion | None:
    """The version that binds, None if the policy says nothing now."""
    newest = policy.versions.filter(standing=Standing.APPROVED).order_by("-version").first()
    return newest if newest and not newest.ends else None


@dataclass(frozen=True, slots=True)
class Applies:
    """What applies to one client, environment and reason. `version` is None where none is in force."""

    version: PolicyVersion | None
    passed_over: tuple[PolicyVersion, ...]


def applying(
    client: int, environment: str, reason: str, among: Sequence[PolicyVersion] | None = None
) -> Applies:
    """The most specific policy, and those that would apply without it, one after the other."""
    standing = in_force() if among is None else among
    by: dict[Selector, PolicyVersion] = {each.policy.selector: each for each in standing}
    fitting = [by[each] for each in most_specific(by, client, environment, reason, group_of(reason))]
    return Applies(fitting[0] if fitting else None, tuple(fitting[1:]))


def names_of(people: Iterable[int]) -> dict[int, str]:
    wanted = set(people)
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def people_in(terms: Terms) -> set[int]:
    return {*terms.escalate_to, *(each for turn in terms.turns for each in turn.people)}


def decided_under(removal: RemovalRequest) -> list[dict[str, Any]]:
    """What a plan of this request is decided under, as its body keeps it: each policy with the places that it is for."""
    places = (
        Place.objects.filter(removal=removal)
        .exclude(choice=Choice.KEEP)
        .select_related("workspace")
        .order_by("workspace_id")
    )
    standing, groups = in_force(), dict[int, list[Place]]()
    by_id = {each.pk: each for each in standing}
    for place in places:
        found = applying(
            place.workspace.client_id, place.workspace.environment, removal.reason, standing
        ).version
        groups.setdefault(found.pk if found else 0, []).append(place)
    return [ruled(by_id.get(pk), removal.reason, each) for pk, each in sorted(groups.items())]


def ruled(version: PolicyVersion | None, reason: str, places: Sequence[Place]) -> dict[str, Any]:
    terms = terms_of(version, reason) if version else installed(reason)
    return {
        "name": str(version.policy) if version else INSTALLED,
        "version": version.version if version else 0,
        "clients": sorted({place.workspace.client_id for place in places}),
        "workspaces": [place.workspace_id for place in places],
        "terms": terms.as_json(),
        "told": [list(line) for line in told(terms, names_of(people_in(terms)))],
    }
