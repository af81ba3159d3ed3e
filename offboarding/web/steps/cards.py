"""One step, ready to show: how it stands, what was tried, what a person does, and what may be pressed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from offboarding.checklist.models import ChecklistItem
from offboarding.checklist.rules import Kind
from offboarding.execution import queries as execution
from offboarding.execution.actions import SIGN_OFF, state_of
from offboarding.execution.models import Proof, Run
from offboarding.execution.rules import (
    REMEDIES,
    UNDO_FOR,
    Cause,
    Ended,
    Waits,
    may_retry,
    may_take_over,
    proof_wanted,
)
from offboarding.removals.rules import Stage
from offboarding.web.cards import (
    ActCard,
    CodeCard,
    DueCard,
    ErrorSummaryCard,
    FieldCard,
    FileCard,
    NoticeCard,
    OptionCard,
    PermissionCard,
    TagCard,
    UploadCard,
)
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.states import ACTIVE, KINDS, blocked, counting_down, facts_of, tag_of
from offboarding.web.steps.extras import Extra, extra_of
from offboarding.web.steps.nexts import next_act
from offboarding.web.steps.stuck import Text, causes
from offboarding.web.steps.tries import TryCard, tried
from offboarding.web.steps.where import WhereCard, where_of
from offboarding.web.uploads import ACCEPT, kinds
from offboarding.work.rules import ENDED, State

# Trying again cannot help here, or happens by itself.
NO_RETRY = (Cause.NO_SUCH_FEATURE, Cause.OWN_ACCOUNT, Cause.TOKEN_REFUSED, Cause.LOGIN_WANTED)
SHOWN_TRIES = 8
SHOWS_AT_MOST = 300


@dataclass(frozen=True, slots=True)
class SignOffCard:
    note: FieldCard
    upload: UploadCard
    shows: FieldCard
    corrects: (
        FieldCard | None
    )  # which of the attached files the next one corrects; None where nothing is attached
    attest: FieldCard


@dataclass(frozen=True, slots=True)
class CorrectCard:
    """A file in the place of one that was signed off with its step."""

    corrects: FieldCard
    upload: UploadCard
    shows: FieldCard


@dataclass(frozen=True, slots=True)
class StepCard:
    number: int
    title: str
    url: str
    tag: TagCard
    kind: str
    phase: str
    place: str
    who: str
    added: str
    due: DueCard | None
    facts: str
    stopped: NoticeCard | None
    where: WhereCard | None
    how: tuple[str, ...]
    extra: Extra | None
    proofs: tuple[FileCard, ...]
    form: SignOffCard | None
    correct: CorrectCard | None
    hand: FieldCard | None
    acts: tuple[ActCard, ...]
    undo: ActCard | None
    note: str
    tries: tuple[TryCard, ...]
    older: tuple[TryCard, ...]
    permission: PermissionCard | None
    stuck: tuple[tuple[Text, Text], ...]
    summary: ErrorSummaryCard


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed and could not be taken, with the mistakes by field."""

    note: str = ""
    shows: str = ""
    attest: bool = False
    wrong: tuple[tuple[str, str], ...] = ()

    def fault(self, name: str) -> str:
        return dict(self.wrong).get(name, "")


def step_card(
    view: Overview, item: ChecklistItem, run: Run | None, today: date, typed: Typed, summary: ErrorSummaryCard
) -> StepCard:
    url = f"{view.url}steps/{item.number}/"
    works = run is not None and not view.why_not
    tries = tried(view, run) if run else ()
    shown = [proof for proof in view.proofs.get(run.pk, ()) if not proof.withdrawn_at] if run else []
    mine = works and run is not None and run.manual and run.state == State.NEEDS_PERSON
    return StepCard(
        number=item.number,
        title=item.title,
        url=url,
        tag=tag_of(run, "step-tag"),
        kind=str(KINDS[Kind(item.kind)]) if not (run and run.manual) else _("By hand"),
        phase=item.phase_says,
        place=item.workspace.name if item.workspace else "",
        who=run.assigned_to.name if run and run.assigned_to else "",
        added=added(view, item),
        due=due(view, item, run),
        facts=facts_of(item, run, view.tallies.get(run.pk) if run else None, view.states, view.clock),
        stopped=stopped(view, run) if run else None,
        where=where_of(view, item),
        how=tuple(item.how),
        extra=extra_of(view, item, run),
        proofs=proofs(view, shown, url, mine),
        form=sign_off_form(item, shown, typed) if mine and run and not held_back(run) else None,
        correct=correct_form(shown, typed) if works and run and run.ended == Ended.BY_HAND else None,
        hand=hand_field(view, run, today) if works and run and may_be_handed(run) else None,
        acts=tuple(acts(view, run, url)) if works and run else (),
        undo=undo(view, run, url) if works and run else None,
        note=run.note if run and run.ended == Ended.BY_HAND else "",
        tries=tries[:SHOWN_TRIES],
        older=tries[SHOWN_TRIES:],
        permission=permission(view, run, today),
        stuck=causes(item, run.cause) if run and run.state not in ENDED else (),
        summary=summary,
    )


def added(view: Overview, item: ChecklistItem) -> str:
    if not item.added_at or not item.added_by:
        return ""
    words = {"who": item.added_by.name, "when": view.clock.says(item.added_at)}
    return _("Added by %(who)s, %(when)s. It is not part of the approved plan.") % words


def held_back(run: Run) -> str:
    """Why a step by hand cannot be signed off yet: its own part of the page says what comes first."""
    why = SIGN_OFF.get(run.item.code)
    return why(run) if why else ""


def due(view: Overview, item: ChecklistItem, run: Run | None) -> DueCard | None:
    start = view.removal.started_at or view.removal.filed_at
    if not start or (run and run.state in ENDED):
        return None
    return view.clock.due(item.due_at, start)


def stopped(view: Overview, run: Run) -> NoticeCard | None:
    """What happened and what to do, where a step cannot go on by itself."""
    if run.state == State.WAITING and run.cause == Cause.PAUSED:
        return NoticeCard("waiting", run.waiting_for, REMEDIES[Cause.PAUSED], next_act(view, run))
    if run.state != State.NEEDS_PERSON or run.cause in (Cause.MANUAL, Cause.TAKEN_OVER):
        return None
    says = run.sentence or run.waiting_for or _("A person has to look.")
    return NoticeCard("bad" if blocked(run) else "attention", says, run.remedy, next_act(view, run))


def proofs(view: Overview, shown: list[Proof], url: str, removable: bool) -> tuple[FileCard, ...]:
    return tuple(
        FileCard(
            name=proof.evidence.name,
            size=filesizeformat(proof.evidence.size),
            hash=CodeCard.hash(proof.evidence.sha256),
            remove=ActCard(_("Remove"), f"{url}proofs/{proof.pk}/remove/", "link", dialog=True)
            if removable
            else None,
            says="; ".join(told_of(view, proof, shown)),
        )
        for proof in shown
    )


def told_of(view: Overview, proof: Proof, shown: list[Proof]) -> Iterator[str]:
    yield _("%(shows)s: %(who)s, %(when)s") % {
        "shows": proof.evidence.shows,
        "who": proof.evidence.taken_by,
        "when": view.clock.says(proof.evidence.taken_at),
    }
    for each in shown:
        if each.pk == proof.replaces_id:
            yield _("corrects %(name)s") % {"name": each.evidence.name}
        if each.replaces_id == proof.pk:
            yield _("corrected by a later file")


def newest_of(attached: list[Proof]) -> list[OptionCard]:
    """The files that no later one corrects."""
    old = {proof.replaces_id for proof in attached}
    return [OptionCard(str(each.pk), each.evidence.name) for each in attached if each.pk not in old]


def correct_form(attached: list[Proof], typed: Typed) -> CorrectCard | None:
    options = newest_of(attached)
    if not options:
        return None
    return CorrectCard(
        FieldCard(
            "corrects", _("Which file"), "select", options=tuple(options), width="mid",
            hint=_("The old file stays on record, and the new one names it."), error=typed.fault("corrects"),
        ),
        upload_of(_("The right one"), kinds(), typed),
        shows_field(typed),
    )  # fmt: skip


def upload_of(label: str, hint: str, typed: Typed) -> UploadCard:
    return UploadCard("file", label, hint, ACCEPT, settings.UPLOAD_BYTES, typed.fault("file"))


def shows_field(typed: Typed) -> FieldCard:
    return FieldCard(
        "shows", _("What the file shows"), value=typed.shows, required=False, error=typed.fault("shows"),
        hint=_("In a few words, such as “none found”. Left empty, it stands under the name of the step."),
        attrs=(("maxlength", str(SHOWS_AT_MOST)),),
    )  # fmt: skip


def corrects_field(attached: list[Proof], typed: Typed) -> FieldCard | None:
    options = newest_of(attached)
    if not options:
        return None
    nothing = OptionCard("", _("Nothing: it is one more file"), selected=True)
    return FieldCard(
        "corrects", _("It corrects"), "select", options=(nothing, *options), width="mid", required=False,
        hint=_("The old file stays on record, and the new one names it."), error=typed.fault("corrects"),
    )  # fmt: skip


def sign_off_form(item: ChecklistItem, attached: list[Proof], typed: Typed) -> SignOffCard:
    proof = proof_wanted(item.proof, item.kind != Kind.MANUAL)
    asked = _("A %(proof)s is needed.") % {"proof": proof} if proof else _("If there is something to show.")
    return SignOffCard(
        note=FieldCard(
            "note", _("Note"), "textarea", typed.note, rows=3, required=False, error=typed.fault("note"),
            hint=_("What you found, names and references. No secrets."), attrs=(("maxlength", "4000"),),
        ),
        upload=upload_of(_("Proof"), f"{asked} {kinds()}", typed),
        shows=shows_field(typed),
        corrects=corrects_field(attached, typed),
        attest=FieldCard(
            "attest", _("I did this and it is right"), "checkbox", checked=typed.attest, error=typed.fault("attest")
        ),
    )  # fmt: skip


def may_be_handed(run: Run) -> bool:
    """What a person does, now or later, and what stopped."""
    return State(run.state) not in ENDED and (run.manual or run.state == State.NEEDS_PERSON)


def hand_field(view: Overview, run: Run, today: date) -> FieldCard:
    options = [OptionCard("", _("Nobody in particular"), run.assigned_to_id is None)]
    options += [
        OptionCard(str(user.pk), user.name, user.pk == run.assigned_to_id)
        for user in execution.workers_for(view.removal, today)
    ]
    return FieldCard("to", _("Who does it"), "select", options=tuple(options), width="mid", required=False)


def acts(view: Overview, run: Run, url: str) -> list[ActCard]:
    """What may be pressed now. Each press is asked again by the verb."""
    found: list[ActCard] = []
    waits = state_of(run)
    if may_retry(waits, run.manual) and run.cause not in NO_RETRY and not view.removal.paused_at:
        found.append(ActCard(again(run, waits), f"{url}retry/", "main", post=True, busy=_("One moment…")))
    if may_take_over(waits, run.manual) and waits is not Waits.DUE:
        found.append(ActCard(_("Do it by hand"), f"{url}by-hand/", "quiet", post=True))
    if run.state in (State.NEEDS_PERSON, State.WAITING) and run.item.step != "packet.seal":
        found.append(ActCard(_("Skip this step"), f"{url}skip/", "link", dialog=True))
    return found


def again(run: Run, waits: Waits) -> str:
    if run.item.kind == Kind.VERIFICATION or run.cause == Cause.NO_EVENT:
        return _("Check again") if waits is Waits.STOPPED else _("Check now")
    return _("Try again") if waits is Waits.STOPPED else _("Try now")


def undo(view: Overview, run: Run, url: str) -> ActCard | None:
    """For 10 minutes, for the one who signed off."""
    own = run.ended == Ended.BY_HAND and run.ended_by_id == view.user.pk and run.ended_at
    if (
        not own
        or not run.ended_at
        or view.stage is not Stage.RUNNING
        or view.clock.now - run.ended_at > UNDO_FOR
    ):
        return None
    until = view.clock.short(run.ended_at + UNDO_FOR)
    return ActCard(_("Undo the sign-off, until %(at)s") % {"at": until}, f"{url}undo/", "quiet", post=True)


def permission(view: Overview, run: Run | None, today: date) -> PermissionCard | None:
    if run is None:
        return PermissionCard(
            _("This step has not begun."), _("It begins when the plan is approved and its time has come.")
        )
    if not view.why_not or run.state in ENDED:
        return None
    names = ", ".join(user.name for user in execution.workers_for(view.removal, today))
    return PermissionCard(view.why_not, _("Who can act: %(who)s.") % {"who": names or _("nobody yet")})


def is_live(view: Overview, run: Run | None) -> int:
    """Seconds between two looks at this step: 2 while it runs, 15 while it waits, 0 where a person types or it is over."""
    if run is None or run.state in ENDED or (run.state == State.NEEDS_PERSON):
        return 0
    return 2 if run.state in ACTIVE or counting_down(run, view.clock) else 15


def version(run: Run | None) -> str:
    return f"{run.fence}-{run.state}-{run.touched_at.timestamp():.6f}" if run else "0"
