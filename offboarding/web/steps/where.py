"""Where to click in Segment: its own labels, and a link where there is a workspace to open."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from offboarding.checklist.models import ChecklistItem
from offboarding.connections.models import Workspace
from offboarding.removals.queries import places_of
from offboarding.web.cards import ActCard, PathCard
from offboarding.web.removal.overview import Overview

# The app's address of a workspace (Segment: "https://app.segment.com/<workspace slug>").
APP = "https://app.segment.com"
REAL = ".segmentapis.com"


@dataclass(frozen=True, slots=True)
class WhereCard:
    path: PathCard
    others: tuple[ActCard, ...]  # one link a workspace, where the step concerns several


def where_of(view: Overview, item: ChecklistItem) -> WhereCard | None:
    if not item.where:
        return None
    steps = tuple(item.where.split(" > "))
    if item.workspace:
        return WhereCard(PathCard(steps, app_url(item.workspace)), ())
    named = set(item.target.get("workspaces", ()))
    found = [place.workspace for place in places_of(view.removal) if place.workspace.name in named]
    links = tuple(
        ActCard(_("Open %(name)s") % {"name": each.name}, app_url(each), icon="open")
        for each in found
        if app_url(each)
    )
    return WhereCard(PathCard(steps), links)


def app_url(workspace: Workspace) -> str:
    """Empty for a workspace that is not at Segment, as in the demo."""
    host = urlsplit(workspace.base_url).hostname or ""
    return f"{APP}/{workspace.slug}/" if host.endswith(REAL) else ""
