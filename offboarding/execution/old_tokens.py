"""What a try of an old token means for the checklist: proof that it is dead, or one more step because it is not."""

from __future__ import annotations

from django.db import transaction

from offboarding.checklist import actions as checklist
from offboarding.checklist.models import ChecklistItem
from offboarding.checklist.rules import Addition, Phase
from offboarding.connections.models import Workspace
from offboarding.connections.old_token import Trial
from offboarding.evidence.models import Evidence
from offboarding.execution.actions import guard, lock, release, tell, touched
from offboarding.execution.models import Proof, Run
from offboarding.ledger.actions import Event
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work.rules import ENDED, State

LISTED, FOUND = "remove-tokens", "remove-found-token"
CODES = (LISTED, FOUND)
TOKENS_TAB = "Settings > Workspace settings > Access Management > Tokens"


def may_try(run: Run, user: User) -> None:
    """Asked before the token is sent anywhere. Raises Refused."""
    guard(run, user)
    if run.item.code not in CODES:
        raise Refused("no-tokens-here", "This step is not about tokens.")
    if State(run.state) in ENDED:
        raise Refused("ended", "This step has ended, so no token is tried here.")
    if run.state != State.NEEDS_PERSON:
        raise Refused("not-its-turn", "This step does not wait for a person yet. Look at it again.")


def found_dead(run: Run, user: User, trial: Trial, evidence: Evidence) -> None:
    """The refusal becomes proof: of this step, and of the one that was added when the same token still worked."""
    with transaction.atomic():
        waits_here(run, user, trial)
        added = open_step(run, trial.fingerprint)
        for each in {one.pk: one for one in (run, added) if one}.values():
            attach(each, user, evidence)
        tell(run, Event.OLD_TOKEN_DEAD, actor_of(user), {**facts(trial), "sha256": evidence.sha256})


def attach(run: Run, user: User, evidence: Evidence) -> None:
    lock(run)
    if State(run.state) not in ENDED:
        Proof.objects.create(run=run, evidence=evidence, added_by=user)
        Run.objects.filter(pk=run.pk).update(**touched())


def found_alive(run: Run, user: User, trial: Trial, place: Workspace | None) -> Run:
    """An alarm, and a step of its own that closing waits for: one for each token, however often it is tried.

    `place` is the workspace of this request that let the token in; None for a workspace that is not in it.
    """
    with transaction.atomic():
        # Closing locks this row too: a removal never closes over a token that was just found alive.
        stage = RemovalRequest.objects.select_for_update().get(pk=run.item.plan.removal_id).stage
        waits_here(run, user, trial)
        if stage != Stage.RUNNING:
            raise Refused("not-running", "The request is not running any more, so no step can be added.")
        tell(
            run,
            Event.OLD_TOKEN_ALIVE,
            actor_of(user),
            {**facts(trial), "workspace": place.name if place else ""},
        )
        known = run if run.item.code == FOUND else open_step(run, trial.fingerprint)
        return known or add_step(run, user, trial, place)


def waits_here(run: Run, user: User, trial: Trial) -> None:
    may_try(run, user)
    lock(run)
    if State(run.state) in ENDED:
        raise Refused("ended", "This step has ended meanwhile, so nothing is added to it.")
    own = run.item.target.get("fingerprint", trial.fingerprint)
    if own != trial.fingerprint:
        ends = run.item.target["token"]
        raise Refused("another-token", f"That is another token: this step is about {ends}.", field="token")


def facts(trial: Trial) -> dict[str, str]:
    return {"token": trial.token, "fingerprint": trial.fingerprint, "region": trial.region}


def steps_about(run: Run, fingerprint: str) -> list[Run]:
    found = Run.objects.filter(
        item__plan_id=run.item.plan_id, item__added_for__startswith=reason(fingerprint)
    )
    return list(found.select_related("item__plan__removal").defer("item__plan__body"))


def reason(fingerprint: str) -> str:
    return f"token {fingerprint} "


def open_step(run: Run, fingerprint: str) -> Run | None:
    return next((each for each in steps_about(run, fingerprint) if State(each.state) not in ENDED), None)


def add_step(run: Run, user: User, trial: Trial, place: Workspace | None) -> Run:
    """A token that works again after its step had ended gets another one."""
    earlier = len(steps_about(run, trial.fingerprint))
    addition = about_token(run.item, trial, place, f"{reason(trial.fingerprint)}{earlier + 1}")
    item = checklist.add(run.item.plan, user, addition)
    made = Run.objects.create(item=item, manual=True, state=State.WAITING, not_before=None)
    release([made])
    return made


def about_token(item: ChecklistItem, trial: Trial, place: Workspace | None, why: str) -> Addition:
    where = place.name if place else "another workspace"
    return Addition(
        reason=why,
        code=FOUND,
        phase=Phase.ROTATE,
        title=f"Token {trial.token} still works in {where}: remove it",
        workspace_id=place.pk if place else None,
        target={
            "token": trial.token,
            "fingerprint": trial.fingerprint,
            "workspaces": [place.name] if place else list(item.target["workspaces"]),
        },
        where=TOKENS_TAB,
        how=(
            f"Open {where} as a Workspace Owner and remove the token, or replace it where something still uses it.",
            "Then paste it below once more. Segment may need some minutes before it refuses a token that was removed.",
        ),
        proof="file",
    )
