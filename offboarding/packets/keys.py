"""What became of write keys, for the packet: fingerprints, never a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from offboarding.execution.models import Run
from offboarding.execution.rotation import queries
from offboarding.execution.rotation.rules import ADD, REMOVE, short
from offboarding.execution.rules import Ended
from offboarding.ledger.rules import iso
from offboarding.packets import contents as made
from offboarding.work.rules import State


def credentials(runs: Sequence[Run]) -> tuple[made.Credential, ...]:
    """The new key of each source, and what became of the old ones so far."""
    return tuple(each for run in runs for each in told(run))


def told(run: Run) -> Iterator[made.Credential]:
    if run.item.step == ADD and (secret := queries.new_secret(run)):
        yield credential(run, "added", [secret.fingerprint], iso(secret.kept_at))
    if run.item.step == REMOVE:
        yield from old_keys(run)


def old_keys(run: Run) -> Iterator[made.Credential]:
    """Deleted only where a fresh read of ours saw them gone; by hand is somebody's word."""
    old = queries.outgoing(run).old or run.item.target.get("keys", ())
    seen_gone = run.state == State.DONE and run.ended in (Ended.CHANGED, Ended.ALREADY)
    act = "deleted" if seen_gone else "removed by hand" if run.ended == Ended.BY_HAND else "left in place"
    at = iso(run.ended_at) if run.ended_at and act != "left in place" else None
    if old:
        yield credential(run, act, old, at)


def credential(run: Run, act: str, keys: Iterable[str], at: str | None) -> made.Credential:
    return made.Credential(
        kind="Write key",
        name=f"of source {run.item.target.get('source', '')}",
        place=run.item.workspace.name if run.item.workspace else "",
        act=act,
        at=at,
        by=(run.ended_by.name if run.ended_by else "Offboard") if at else "",
        fingerprint=", ".join(short(key) for key in sorted(keys)),
    )
