"""The work queue: what needs this person, what waits for others, newest news by polling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from offboarding.approvals.policies.queries import proposals_to
from offboarding.approvals.queries import decisions_of, questions_to
from offboarding.approvals.queries import to_decide as decisions_waiting
from offboarding.connections.models import Workspace
from offboarding.connections.queries import workspaces_in
from offboarding.connections.upkeep import CHANGES
from offboarding.directory.proposals import waiting_for
from offboarding.directory.queries import leaving_soon
from offboarding.directory.rules import Scope
from offboarding.emergencies.queries import asks_for, to_review
from offboarding.emergencies.rules import REVIEWS
from offboarding.emergencies.rules import SECONDS as CONFIRM
from offboarding.execution.queries import steps_waiting_for_others, steps_waiting_for_people
from offboarding.letters.queries import left_unsent
from offboarding.letters.rules import WRITERS
from offboarding.lib.addresses import fold
from offboarding.lib.hashing import sha256_hex
from offboarding.packets.queries import packets_for
from offboarding.removals.adjusting import value
from offboarding.removals.catalogue import LEAVING_DAYS, OLD_TOKEN_DAYS, REMINDERS
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import drafts_of, expired_of, removals_for
from offboarding.removals.rules import OPEN
from offboarding.users.rules import Role
from offboarding.verification.queries import came_back
from offboarding.web.cards import ActCard, AttentionCard, EmptyCard, PollCard, WorkRowCard
from offboarding.web.filing.drafts import trigger
from offboarding.web.filing.search import FILES
from offboarding.web.http import Request, page, part_wanted, signed_in, today
from offboarding.web.nav import nav
from offboarding.web.removal.clock import Clock
from offboarding.web.start.cards import left, steps
from offboarding.web.work import parts
from offboarding.web.work.parts import PartCard
from offboarding.web.work.rows import removal_rows, with_places

SECONDS = 15
OPENS = [stage.value for stage in OPEN]


@dataclass(frozen=True, slots=True)
class QueueCard:
    parts: tuple[PartCard, ...]
    attention: AttentionCard
    empty: EmptyCard | None

    @property
    def count(self) -> int:
        return sum(len(part.rows) for part in self.parts if part.needs)

    @property
    def version(self) -> str:
        """Changes with anything that a reader would call news; the mere passing of minutes is none."""
        rows = [(part.title, [news_of(row) for row in part.rows]) for part in self.parts]
        return sha256_hex(repr((rows, self.attention)).encode())[:16]


def news_of(row: WorkRowCard) -> tuple[Any, ...]:
    due = (row.due.role, row.due.time.iso) if row.due else ()
    return (row.tag, row.ref, row.name, row.facts, row.strip, due)


@require_safe
@signed_in
def work(request: Request) -> HttpResponse:
    queue = queue_of(request)
    frame = framed(request, queue.count)
    context = {"queue": queue, "poll": poll(queue), "nav": frame}
    if not part_wanted(request):
        return page(request, "work/queue.html", context)
    if request.GET.get("since") == queue.version:
        return HttpResponse(status=204)
    says = ngettext("%d thing needs you", "%d things need you", queue.count) % queue.count
    return trigger(page(request, "work/_news.html", context), announce=says)


def poll(queue: QueueCard) -> PollCard:
    here = reverse("work")
    return PollCard("work-live", f"{here}?since={queue.version}", SECONDS, refresh_url=here)


def framed(request: Request, count: int) -> Any:
    """The frame with the number of things that wait: in the title, on the mark, at Work."""
    frame = nav(request)["nav"]
    items = tuple(replace(item, count=count) if item.url == "/" else item for item in frame.items)
    return replace(frame, unread=count, items=items)


def queue_of(request: Request) -> QueueCard:
    clock, scope = Clock.of(request), request.scope
    found = tuple(part for part in all_parts(request, clock) if part.rows)
    tokens = tokens_to_replace(scope, clock.now) if scope.for_a_client(*CHANGES) else []
    needs = any(part.needs for part in found)
    return QueueCard(found, parts.tokens(tokens, clock), None if needs else nothing(request, clock))


def tokens_to_replace(scope: Scope, now: datetime) -> list[Workspace]:
    """Connections whose token is refused, and then those whose token is old."""
    old = Q(token_set_at__lte=now - timedelta(days=value(REMINDERS, OLD_TOKEN_DAYS)))
    found = workspaces_in(scope.of_whole_clients(), *CHANGES).filter(Q(refused_at__isnull=False) | old)
    return sorted(found, key=lambda each: each.refused_at is None)


def all_parts(request: Request, clock: Clock) -> Iterator[PartCard]:
    """For each role of this person what belongs to it. What needs them is on top."""
    scope = request.scope
    if scope.has(*CONFIRM):
        yield parts.seconds(asks_for(scope), clock, scope.user_id)
    if scope.has(*REVIEWS):
        yield parts.reviews(to_review(scope), clock)
    yield parts.to_decide(decisions_waiting(scope, today(request)), clock)
    yield parts.proposals(proposals_to(scope))
    yield parts.people(waiting_for(scope))
    if scope.has(Role.SECURITY, Role.ADMINISTRATOR):
        yield parts.exceptions(came_back(scope), clock)
    if scope.has(*FILES):
        yield parts.questions(questions_to(scope), clock)
        yield parts.expired(list(expired_of(scope)), clock)
    if scope.has(*WRITERS):
        yield parts.letters(left_unsent(scope), clock)
    if scope.has(Role.OPERATOR):
        yield parts.steps(steps_waiting_for_people(scope), clock)
    if scope.has(*FILES):
        yield parts.drafts(list(drafts_of(scope)), clock)
    if scope.has(Role.REQUESTER):  # of others' rosters nobody is reminded
        until = today(request) + timedelta(days=value(REMINDERS, LEAVING_DAYS))
        yield parts.leaving(leaving_soon(scope, until), addresses_with_request(request), clock)
    yield from requests_under_way(request, clock)
    if scope.has(Role.OPERATOR):
        yield parts.waiting(soon(request, clock), clock)
    if scope.has(Role.APPROVER):
        yield parts.decided(decisions_of(scope, 10), clock)
    if scope.has(Role.AUDITOR):
        yield parts.packets(list(packets_for(scope)[:10]), clock)


def addresses_with_request(request: Request) -> set[str]:
    """Folded addresses of everybody for whom something is filed or drafted."""
    rows = (
        removals_for(request.scope)
        .exclude(stage__in=["withdrawn", "rejected"])
        .values_list("addresses", flat=True)
    )
    return {fold(address) for addresses in rows for address in addresses}


def requests_under_way(request: Request, clock: Clock) -> Iterator[PartCard]:
    """The user's own open requests; for security and administrators all the others too."""
    scope = request.scope
    sees_all = scope.has(Role.SECURITY, Role.ADMINISTRATOR)
    if not scope.has(*FILES):
        return
    found = with_places(removals_for(scope).filter(stage__in=OPENS)).order_by("due_at")
    mine: list[RemovalRequest] = list(found if sees_all else found.filter(requester_id=scope.user_id))
    rows = dict(zip((each.pk for each in mine), removal_rows(mine, clock, scope.user_id), strict=True))
    own = tuple(rows[each.pk] for each in mine if each.requester_id == scope.user_id)
    yield parts.requests("mine", _("Your requests"), own)
    others = tuple(rows[each.pk] for each in mine if each.requester_id != scope.user_id)
    yield parts.requests("open", _("Open requests"), others)


def soon(request: Request, clock: Clock) -> list[Any]:
    """What goes on by itself within two days; follow-ups of later weeks are no news."""
    near = clock.now + timedelta(days=2)
    return [
        run for run in steps_waiting_for_others(request.scope, 10) if run.not_before and run.not_before < near
    ]


def nothing(request: Request, clock: Clock) -> EmptyCard:
    if request.scope.has(Role.ADMINISTRATOR) and (to_do := left(steps(request.user, request.scope))):
        title = ngettext("%(n)d first step is left.", "%(n)d first steps are left.", to_do) % {"n": to_do}
        text = ngettext(
            "Until it is done, not everything works.", "Until they are done, not everything works.", to_do
        )
        return EmptyCard(title, text, ActCard(_("First steps"), reverse("start"), "main"))
    following = steps_waiting_for_others(request.scope, 1)
    if not following or not following[0].not_before:
        return EmptyCard(_("Nothing needs you."), _("What needs you next stands here by itself."))
    run = following[0]
    facts = {
        "title": run.item.title,
        "ref": run.item.plan.removal.reference,
        "when": clock.says(following[0].not_before),
    }
    return EmptyCard(_("Nothing needs you."), _("Next: %(title)s, %(ref)s, %(when)s.") % facts)
