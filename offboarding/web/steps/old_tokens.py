"""The proof that an old token is dead: pasted once, tried, and forgotten before the answer is written."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from offboarding.checklist.models import ChecklistItem
from offboarding.connections import keyring, old_token
from offboarding.connections.models import Workspace
from offboarding.connections.old_token import Trial, Verdict
from offboarding.connections.queries import workspaces_in
from offboarding.connections.rules import LONGEST, mistyped
from offboarding.evidence.actions import keep_json
from offboarding.execution import old_tokens
from offboarding.execution.models import Run
from offboarding.lib.refusals import Refused
from offboarding.removals.queries import places_of
from offboarding.web.cards import FieldCard, OptionCard
from offboarding.web.http import Request
from offboarding.web.removal.overview import Overview
from offboarding.web.steps.extras import EXTRAS, Extra
from offboarding.web.steps.views import back, on_run
from offboarding.work.rules import State


@dataclass(frozen=True, slots=True)
class OldTokenCard:
    url: str
    fields: tuple[FieldCard, ...]


def extra(view: Overview, item: ChecklistItem, run: Run) -> Extra | None:
    """The form, for those who may act while the step waits for them."""
    if view.why_not or run.state != State.NEEDS_PERSON:
        return None
    where = candidates(view, item)
    fields = () if len(where) < 2 else (place_field(view, where),)
    url = f"{view.url}steps/{item.number}/old-token/"
    return Extra("steps/_old_token.html", OldTokenCard(url, (*fields, token_field(view))))


def candidates(view: Overview, item: ChecklistItem) -> list[Workspace]:
    """Where the token may be from: the step's own workspace, or those that it names."""
    if item.workspace:
        return [item.workspace]
    named = set(item.target.get("workspaces", ()))
    return [place.workspace for place in places_of(view.removal) if place.workspace.name in named]


def place_field(view: Overview, where: list[Workspace]) -> FieldCard:
    options = tuple(OptionCard(str(each.pk), f"{each.name} ({each.get_region_display()})") for each in where)
    hint = _("It is asked at the address of this workspace's region first, then at the other one.")
    nothing = OptionCard("", _("Choose"), selected=True)
    error = view.wrong.get("place", "")
    return FieldCard(
        "place", _("Workspace"), "select", hint=hint, error=error, options=(nothing, *options), width="mid"
    )


def token_field(view: Overview) -> FieldCard:
    hint = _("It is tried once and forgotten. Only its last three signs and a fingerprint stay.")
    return FieldCard(
        "token", _("Old token"), "password", hint=hint, error=view.wrong.get("token", ""), mono=True,
        attrs=(("autocomplete", "off"), ("spellcheck", "false")),
    )  # fmt: skip


for code in old_tokens.CODES:
    EXTRAS[code] = extra


@sensitive_post_parameters("token")
@require_POST
@on_run
def try_token(request: Request, view: Overview, run: Run) -> HttpResponse:
    """Nothing is written while it is tried; what is pasted goes to Segment and nowhere else."""
    old_tokens.may_try(run, request.user)
    workspace = chosen(request, view, run.item)
    trial = tried(request, workspace, request.POST.get("token", "").strip())
    if trial.verdict is Verdict.NOT_PROVEN:
        raise Refused("not-proven", trial.says, field="token")
    if trial.verdict is Verdict.DEAD:
        dead(request, run, workspace, trial)
    else:
        alive(request, view, run, workspace, trial)
    return back(request, view, run)


def chosen(request: Request, view: Overview, item: ChecklistItem) -> Workspace:
    where = {str(each.pk): each for each in candidates(view, item)}
    asked = request.POST.get("place", "") if len(where) > 1 else next(iter(where), "")
    if asked not in where:
        raise Refused("no-place", _("Choose the workspace that the token was made in."), field="place")
    return where[asked]


@sensitive_variables("token")
def tried(request: Request, workspace: Workspace, token: str) -> Trial:
    if wrong := mistyped(token[: LONGEST + 1]):
        raise Refused("mistyped", wrong, field="token")
    not_ours(request, workspace, token)
    trial = old_token.attempt(workspace, token)
    if trial.verdict is Verdict.ALIVE and (found := connected_at(trial)):
        not_ours(request, found, token)
    return trial


@sensitive_variables("token")
def not_ours(request: Request, workspace: Workspace, token: str) -> None:
    """Nobody is told to remove a token that Offboard works with."""
    if keyring.is_ours(workspace, token):
        sentence = _(
            "That is the token that Offboard itself uses for %(name)s. Replace it in Setup > Connections, "
            "remove the old one in Segment, then paste it here again."
        )
        raise Refused("own-token", sentence % {"name": shown(request, workspace)}, field="token")


def connected_at(trial: Trial) -> Workspace | None:
    return Workspace.objects.filter(segment_id=trial.found_id, base_url=trial.base_url).first()


def dead(request: Request, run: Run, workspace: Workspace, trial: Trial) -> None:
    evidence = keep_json(
        {**trial.as_json(), "workspace": workspace.name},
        name=f"old-token-{trial.fingerprint[:8]}-refused.json",
        shows=f"Segment refuses the old token {trial.token} ({workspace.name}, {trial.region})",
        taken_by=request.user.name,
        client=workspace.client,
        origin=f"{trial.base_url} ({workspace.name})",
    )
    old_tokens.found_dead(run, request.user, trial, evidence)
    told = _(
        "%(says)s The proof is attached. Compare the last signs, %(token)s, with the list: "
        "a token with a mistake in it is refused too."
    )
    messages.success(request, told % {"says": trial.says, "token": trial.token})


def alive(request: Request, view: Overview, run: Run, asked: Workspace, trial: Trial) -> None:
    place = next(
        (
            each.workspace
            for each in places_of(view.removal)
            if (each.workspace.segment_id, each.workspace.base_url) == (trial.found_id, trial.base_url)
        ),
        None,
    )
    step = old_tokens.found_alive(run, request.user, trial, place)
    where = place.name if place else elsewhere(request, trial)
    other = _("%(where)s, not in %(asked)s") % {"where": where, "asked": asked.name}
    told = _(
        "The token %(token)s still works in %(where)s. Step %(number)d is about removing it. "
        "Was it removed just now? Segment may need some minutes: try it again then."
    )
    words = {"token": trial.token, "where": where if place == asked else other, "number": step.item.number}
    messages.error(request, told % words)


def elsewhere(request: Request, trial: Trial) -> str:
    found = connected_at(trial)
    return shown(request, found) if found else _("another workspace")


def shown(request: Request, workspace: Workspace) -> str:
    """The name of a workspace, only for those who may see it."""
    seen = workspaces_in(request.scope).filter(pk=workspace.pk).exists()
    return workspace.name if seen else _("another workspace")
