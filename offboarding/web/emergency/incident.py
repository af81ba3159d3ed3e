"""What one press released, as far as this reader sees it: one request for each client, read together."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from offboarding.connections.queries import ground_in
from offboarding.emergencies.models import Emergency
from offboarding.emergencies.queries import WITH_PLACES, of_one_press, others_under_way
from offboarding.execution.models import Run
from offboarding.removals.queries import removals_for
from offboarding.verification.queries import PlaceStanding, progress_of, standings
from offboarding.web.http import Request
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.views import of_request


class Incident:
    """`shown` is the request whose number the address has. The others are those of its press within the reader's sight."""

    def __init__(self, request: Request, shown: Overview, emergency: Emergency) -> None:
        self.request, self.shown, self.emergency = request, shown, emergency
        self.clock, self.scope, self.user = shown.clock, shown.scope, shown.user

    @cached_property
    def emergencies(self) -> list[Emergency]:
        seen = of_one_press(self.emergency).filter(removal__in=removals_for(self.scope))
        return list(seen.prefetch_related(*WITH_PLACES))

    @cached_property
    def views(self) -> list[Overview]:
        """One for each request, in order of their numbers. The same few queries however many there are."""
        if len(self.emergencies) == 1:
            return [self.shown]
        found = progress_of([each.removal for each in self.emergencies])
        made = []
        for each in self.emergencies:
            now = found[each.removal_id]
            view = Overview(self.request, each.removal, now.plan)
            view.emergency = each
            view.clients = ground_in(place.workspace for place in each.removal.places.all())
            view.runs = sorted(now.runs, key=lambda run: run.item.number)
            view.places = standings(now.plan, view.runs, now.findings, now.restored)
            made.append(view)
        return made

    @cached_property
    def runs(self) -> list[Run]:
        return [run for view in self.views for run in view.runs]

    @cached_property
    def places(self) -> list[PlaceStanding]:
        return [place for view in self.views for place in view.places]

    @cached_property
    def by_plan(self) -> dict[int, Overview]:
        return {view.plan.pk: view for view in self.views}

    @cached_property
    def let_go(self) -> set[tuple[int, int]]:
        """Plan and number of each queued step that somebody released with the second press."""
        plans = {view.removal.pk: view.plan.pk for view in self.views}
        rows = Emergency.objects.filter(pk__in=[each.pk for each in self.emergencies])
        turns = rows.exclude(turns=None).values_list("removal", "turns__items")
        return {(plans[removal], number) for removal, items in turns for number in items}

    @cached_property
    def beside(self) -> list[Emergency]:
        """Others about this person that were under way already at other clients: this press left those out."""
        return others_under_way(self.emergency, removals_for(self.scope))

    @property
    def url(self) -> str:
        return reverse("emergency_status", args=[self.shown.removal.number])

    @property
    def references(self) -> list[str]:
        return [each.removal.reference for each in self.emergencies]

    def of(self, run: Run) -> Overview:
        return self.by_plan[run.item.plan_id]

    def step_url(self, run: Run) -> str:
        return f"{self.of(run).url}steps/{run.item.number}/"

    def step_name(self, run: Run) -> str:
        words = {"n": run.item.number, "reference": self.of(run).removal.reference}
        return _("%(reference)s step %(n)d") % words if len(self.views) > 1 else _("step %(n)d") % words


def of_incident(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for those who may see the request, and only if it is an emergency: turns `number` into its Incident."""

    def inner(request: Request, shown: Overview, **kwargs: Any) -> HttpResponse:
        if shown.emergency is None:
            raise Http404
        return view(request, Incident(request, shown, shown.emergency), **kwargs)

    return of_request(wraps(view)(inner))
