"""Before, planned and now, per workspace; then tokens and keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.checklist.models import ChecklistItem
from offboarding.discovery.models import Snapshot
from offboarding.execution import queries as execution
from offboarding.execution.models import Run
from offboarding.execution.queries import Piece
from offboarding.verification.queries import PlaceStanding
from offboarding.verification.rules import Now
from offboarding.web.cards import TagCard
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.states import blocked, tag_of, worst
from offboarding.web.removal.strip import KEYS, TOKENS
from offboarding.work.rules import ENDED, State

TAGS = {
    Now.KEPT: "kept",
    Now.NOT_STARTED: "not_started",
    Now.WAITING: "waiting",
    Now.RUNNING: "running",
    Now.CALLED: "done",
    Now.VERIFIED: "verified",
    Now.NEEDS_PERSON: "needs_person",
    Now.CAME_BACK: "failed",
    Now.SKIPPED: "skipped",
}


@dataclass(frozen=True, slots=True)
class AccessRow:
    name: str
    where: str
    before: str
    planned: str
    tag: TagCard
    says: str
    proofs: str
    proofs_url: str
    step_url: str = ""


@dataclass(frozen=True, slots=True)
class AccessCard:
    before: str
    now: str
    rows: tuple[AccessRow, ...]


def access(view: Overview) -> AccessCard:
    pieces = execution.pieces_of(view.plan)
    counts = Counter(piece.workspace_id for piece in pieces if not piece.taken_back)
    rows = [place_row(view, place, counts[place.workspace_id]) for place in view.places]
    snapshots = list(view.plan.snapshots.all())
    return AccessCard(
        before=times(view, _("Before"), [each.taken_at for each in snapshots]),
        now=times(view, _("Now"), [place.at for place in view.places if place.at]),
        rows=(*rows, *credentials(view, snapshots, pieces)),
    )


def times(view: Overview, word: str, moments: list[Any]) -> str:
    """ "Before, read today 11:19 CEST"."""
    if not moments:
        return word
    return _("%(word)s, read %(when)s") % {"word": word, "when": view.clock.says(max(moments))}


def place_row(view: Overview, place: PlaceStanding, proofs: int) -> AccessRow:
    stuck = stuck_at(place)
    tag, says = now_of(view, place, stuck)
    return AccessRow(
        name=place.workspace,
        where=f"{place.client}, {place.environment}, {place.region.upper()}",
        before=place.before,
        planned=place.planned,
        tag=tag,
        says=says,
        proofs=counted(proofs),
        proofs_url=f"{view.url}evidence/#workspace-{place.workspace_id}" if proofs else "",
        step_url=f"{view.url}steps/{stuck.item.number}/" if stuck and place.now is Now.NEEDS_PERSON else "",
    )


def counted(proofs: int) -> str:
    return ngettext("%(n)d item", "%(n)d items", proofs) % {"n": proofs} if proofs else "0"


def stuck_at(place: PlaceStanding) -> Run | None:
    """The step that needs a person, one that stopped by itself before one that is somebody's turn."""
    needy = [run for run in place.runs if run.state == State.NEEDS_PERSON]
    return min(needy, key=lambda run: (not blocked(run), run.item.number), default=None)


def now_of(view: Overview, place: PlaceStanding, stuck: Run | None) -> tuple[TagCard, str]:
    """The tag, and a line under it where the tag does not say it all."""
    match place.now:
        case Now.VERIFIED:
            at = view.clock.short(place.at) if place.at else ""
            return TagCard("verified", _("%(says)s, verified %(at)s") % {"says": place.says, "at": at}), ""
        case Now.NEEDS_PERSON if stuck:
            return tag_of(stuck), place.says or stuck.item.title
        case Now.KEPT if place.choice != "keep":
            return TagCard("kept", _("Given back")), place.says
        case Now.KEPT:
            return TagCard("kept", _("Unchanged")), ""
        case Now.CALLED:
            return TagCard("done", _("Called, not verified")), place.says
        case Now.CAME_BACK:
            return TagCard("failed", _("Came back")), place.says
        case Now.NOT_STARTED:
            return TagCard("not_started"), ""
        case _:
            return TagCard(TAGS[place.now]), place.says


def credentials(
    view: Overview, snapshots: Sequence[Snapshot], pieces: Sequence[Piece]
) -> Iterator[AccessRow]:
    """Tokens no API lists; keys and logins outlive the person who could read them. Both need people."""
    looked = [item for item in view.items if item.code in TOKENS]
    rotated = [item for item in view.items if item.code in KEYS]
    if looked:
        places = {name for item in looked for name in item.target.get("workspaces", ())}
        planned = ngettext("Check %(n)d place", "Check %(n)d places", len(places)) % {"n": len(places)}
        yield credential_row(
            view, _("API tokens"), _("Segment's API does not list them"), planned, looked, pieces
        )
    if rotated:
        yield credential_row(view, _("Keys and logins"), reach(view, snapshots), _("Rotate"), rotated, pieces)


def reach(view: Overview, snapshots: Sequence[Snapshot]) -> str:
    """What the person could read, summed up over the places that change."""
    changed = {place["workspace_id"] for place in view.changed_places}
    seen = [each.sighting.reach for each in snapshots if each.workspace_id in changed]
    keys, logins = sum(each.write_keys for each in seen), sum(len(each.warehouses) for each in seen)
    return ", ".join((
        ngettext("%(n)d write key", "%(n)d write keys", keys) % {"n": keys},
        ngettext("%(n)d warehouse login", "%(n)d warehouse logins", logins) % {"n": logins},
    ))  # fmt: skip


def credential_row(
    view: Overview, name: str, before: str, planned: str, items: list[ChecklistItem], pieces: Sequence[Piece]
) -> AccessRow:
    runs = [view.by_number.get(item.number) for item in items]
    done = sum(1 for run in runs if run and run.state in ENDED)
    numbers = {item.number for item in items}
    proofs = sum(1 for piece in pieces if piece.item in numbers and not piece.taken_back)
    first = next((item.number for item, run in zip(items, runs) if run and run.state not in ENDED), 0)
    return AccessRow(
        name=name,
        where="",
        before=before,
        planned=planned,
        tag=worst([tag_of(run) for run in runs]),
        says=_("%(done)d of %(all)d steps done") % {"done": done, "all": len(items)},
        proofs=counted(proofs),
        proofs_url=f"{view.url}evidence/" if proofs else "",
        step_url=f"{view.url}steps/{first}/" if first else "",
    )
