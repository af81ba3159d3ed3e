"""What became of tokens, keys and logins, for the packet: fingerprints, never a key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from offboarding.checklist.rules import Phase
from offboarding.execution.logins.rules import NEW_LOGIN
from offboarding.execution.logins.rules import STEPS as LOGINS
from offboarding.execution.models import Run, Secret
from offboarding.execution.old_tokens import CODES as TOKENS
from offboarding.execution.rotation import queries
from offboarding.execution.rotation.rules import ADD, CONFIRM, HAND_OVER, REMOVE, short
from offboarding.execution.rules import Ended
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.ledger.rules import iso
from offboarding.packets import contents as made
from offboarding.packets.shelf import Shelf
from offboarding.work.rules import State

LOGIN_KINDS = dict(zip(LOGINS, ("Warehouse login", "Stored credential"), strict=True))
# Where no warehouse uses what was saved, nobody could see it work.
SAVED = (Ended.CHANGED, Ended.NOTHING_TO_DO)
LOGIN_ENDS = {
    Ended.CHANGED: "rotated",
    Ended.NOTHING_TO_DO: "saved, not seen to work",
    Ended.ALREADY: "not there any more",
    Ended.BY_HAND: "rotated by hand",
}
# Told by the keys that they move.
WITH_A_KEY = (HAND_OVER, CONFIRM)
ENDS = {
    Ended.BY_HAND: "done by hand",
    Ended.WAIVED: "skipped",
    Ended.CANCELLED: "cancelled",
    Ended.NOTHING_TO_DO: "nothing to do",
}


def credentials(reference: str, runs: Sequence[Run], shelf: Shelf) -> tuple[made.Credential, ...]:
    """Everything that was to be rotated or deleted, and how it ended: an automatic step, a person's word, or not at all."""
    refused, brought = dead_tokens(reference), new_keys(runs)
    return tuple(each for run in runs for each in told(run, brought, refused, shelf))


Brought = Mapping[tuple[int | None, str], tuple[Run, Secret]]


def new_keys(runs: Iterable[Run]) -> Brought:
    """The step that added a key and its key, by source."""
    adding = [run for run in runs if run.item.step == ADD]
    return {rotation(run): (run, secret) for run in adding if (secret := queries.new_secret(run))}


def rotation(run: Run) -> tuple[int | None, str]:
    """What the steps for one source share: asking the database for them at each step takes minutes for a thousand sources."""
    return run.item.workspace_id, queries.source_of(run)


def told(
    run: Run, brought: Brought, refused: Sequence[dict[str, Any]], shelf: Shelf
) -> Iterator[made.Credential]:
    new = brought.get(rotation(run))
    if run.item.step == ADD and new:
        yield key(run, "added", [new[1].fingerprint], iso(new[1].kept_at))
    elif run.item.step == REMOVE:
        yield from old_keys(run, queries.replaced(*new) if new else ())
    elif run.item.step in LOGINS:
        yield login(run)
    elif run.item.phase == Phase.ROTATE and run.item.code not in WITH_A_KEY and run.item.step != ADD:
        if run.item.code in TOKENS:
            yield from tokens(run, refused, shelf)
        yield by_hand(run, shelf)


def old_keys(run: Run, replaced: Collection[str]) -> Iterator[made.Credential]:
    """Deleted only where a fresh read of ours saw them gone; by hand is somebody's word. Until then they work."""
    old = replaced or run.item.target.get("keys", ())
    seen_gone = run.state == State.DONE and run.ended in (Ended.CHANGED, Ended.ALREADY)
    act = "deleted" if seen_gone else "removed by hand" if run.ended == Ended.BY_HAND else stays(run)
    at = iso(run.ended_at) if run.ended_at and act != stays(run) else None
    if old:
        yield key(run, act, old, at)


def stays(run: Run) -> str:
    """What was not replaced: because somebody said so, or because its turn is still to come."""
    return "left in place" if run.ended else "still works"


def key(run: Run, act: str, keys: Iterable[str], at: str | None) -> made.Credential:
    return made.Credential(
        kind="Write key",
        name=f"of source {run.item.target.get('source', '')}",
        place=place_of(run),
        act=act,
        at=at,
        by=who(run) if at else "",
        fingerprint=", ".join(short(key) for key in sorted(keys)),
    )


def login(run: Run) -> made.Credential:
    """Rotated only where a fresh read of ours saw the new one work. The fingerprint of what was saved stands beside it."""
    found = LOGIN_ENDS.get(Ended(run.ended), stays(run)) if run.ended else stays(run)
    at = iso(run.ended_at) if run.ended_at and found != stays(run) else None
    new = run.secrets.filter(name=NEW_LOGIN).last() if run.ended in SAVED else None
    return made.Credential(
        kind=LOGIN_KINDS[run.item.step],
        name=str(run.item.target.get("login", "")),
        place=place_of(run),
        act=found,
        at=at,
        by=who(run) if at else "",
        fingerprint=new.fingerprint if new else "",
    )


def tokens(run: Run, refused: Sequence[dict[str, Any]], shelf: Shelf) -> Iterator[made.Credential]:
    """Tokens that Segment refused when a person tried them at this step, with its refusal."""
    proofs = {proof.evidence.sha256: proof for proof in run.proofs.all()}
    for each in refused:
        proof = proofs.get(str(each["sha256"]))
        if each["item"] != run.item.number or proof is None:
            continue
        yield made.Credential(
            kind="Token",
            name=f"ending in {each['token'].lstrip('•')}",
            place=place_of(run),
            act="refused by Segment",
            at=each["at"],
            by=proof.added_by.name,
            fingerprint=str(each["fingerprint"]),
            evidence=shelf.number(proof.evidence) if proof.withdrawn_at is None else (),
        )


def dead_tokens(reference: str) -> list[dict[str, Any]]:
    found = Entry.objects.filter(about=reference, event=Event.OLD_TOKEN_DEAD).order_by("seq")
    return [{**each.facts, "at": iso(each.at)} for each in found]


def by_hand(run: Run, shelf: Shelf) -> made.Credential:
    """A step of rotating that only a person can do, as they signed it off."""
    proofs = [proof.evidence for proof in run.proofs.all() if proof.withdrawn_at is None]
    return made.Credential(
        kind=run.item.title,
        name="",
        place=place_of(run),
        act=ENDS.get(Ended(run.ended), "done") if run.ended else "not done yet",
        at=iso(run.ended_at) if run.ended_at else None,
        by=who(run) if run.ended else "",
        evidence=tuple(number for each in proofs for number in shelf.number(each)),
    )


def who(run: Run) -> str:
    return run.ended_by.name if run.ended_by else "Offboard"


def place_of(run: Run) -> str:
    """The workspace, or those that a step for several is about."""
    return run.item.workspace.name if run.item.workspace else ", ".join(run.item.target.get("workspaces", ()))
