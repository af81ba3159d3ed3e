"""Requests as rows of a list, with their access strips, in a constant number of queries."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Choice, Stage
from offboarding.verification.queries import Progress, progress_of, standings
from offboarding.web.cards import DueCard, SquareState, StripCard, TagCard, WorkRowCard
from offboarding.web.removal.cards import STAGES, steered_tag
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.strip import strip_of

DRAWN: dict[str, SquareState] = {Choice.KEEP: "kept"}


def with_places(removals: QuerySet[RemovalRequest]) -> QuerySet[RemovalRequest]:
    return removals.select_related("requester").prefetch_related("places__workspace__client")


def removal_rows(removals: Sequence[RemovalRequest], clock: Clock, reader: int) -> tuple[WorkRowCard, ...]:
    """Rows in the order given, for the user with the id `reader`; the places of `removals` are prefetched."""
    progress = progress_of(removals)
    return tuple(removal_row(each, progress.get(each.pk), clock, reader) for each in removals)


def removal_row(removal: RemovalRequest, progress: Progress | None, clock: Clock, reader: int) -> WorkRowCard:
    return WorkRowCard(
        tag=stage_tag(removal),
        ref=removal.reference,
        name=removal.person_name or removal.email,
        url=url_of(removal),
        facts=told(removal, reader),
        due=due(removal, clock),
        strip=strip(removal, progress),
    )


def url_of(removal: RemovalRequest) -> str:
    middle = "new/" if removal.stage == Stage.DRAFT else ""
    return f"/requests/{middle}{removal.reference}/"


def due(removal: RemovalRequest, clock: Clock) -> DueCard | None:
    if not removal.is_open or removal.due_at is None or removal.filed_at is None:
        return None
    return clock.due(removal.due_at, removal.filed_at)


def stage_tag(removal: RemovalRequest) -> TagCard:
    if removal.stage == Stage.WITHDRAWN:
        return TagCard("cancelled", _("Withdrawn"))
    if steered := steered_tag(removal):
        return steered
    if removal.emergency and removal.stage == Stage.RUNNING:
        return TagCard("emergency")
    return TagCard(STAGES[Stage(removal.stage)])


def told(removal: RemovalRequest, reader: int) -> str:
    """ "3 places of Acme, Globex · Contract ended · Alice Moreau"; one's own name is left out."""
    places = list(removal.places.all())
    clients = ", ".join(dict.fromkeys(place.workspace.client.name for place in places))
    count = ngettext("%(n)d place of %(clients)s", "%(n)d places of %(clients)s", len(places))
    parts = [count % {"n": len(places), "clients": clients} if places else _("no places yet")]
    name = removal.requester.name if removal.requester_id != reader else ""
    return " · ".join(part for part in (*parts, removal.reason_says, name) if part)


def strip(removal: RemovalRequest, progress: Progress | None) -> StripCard | None:
    if progress:
        stands = standings(progress.plan, progress.runs, progress.findings, progress.restored)
        return strip_of(progress.plan.data, stands, progress.runs)
    squares = tuple(DRAWN.get(place.choice, "access") for place in removal.places.all())
    return StripCard(squares) if squares else None
