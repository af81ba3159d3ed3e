"""The one checker of every case: what the product recorded, against what happened in the simulated workspaces.

`check` may be asked when everything rests. It answers with sentences, one for each thing that is wrong, under the name of
the promise that it breaks.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps

from offboarding.discovery.models import Look
from offboarding.evidence.folder import place_of
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Ended, Result, Seen
from offboarding.execution.steps import OWN, STEPS
from offboarding.journey import emergency
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.ledger.whole import first_wrong
from offboarding.lib import canonical
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.retention.models import Purge, Tombstone
from offboarding.verification.models import Finding
from offboarding.work import desks
from offboarding.work.rules import ENDED, State
from tests.faults.segment import Json, Segment
from tests.faults.truths import TRUTHS, Facts
from tests.faults.world import World

LOST, FALSE_GONE, TWICE, BLIND, STALE, CHAIN, SECRETS, FILES = (
    "lost steps",
    "false gone",
    "second effects",
    "calls without a row before them",
    "stale writes",
    "broken links",
    "secrets found",
    "missing files",
)
PROMISES = (LOST, FALSE_GONE, TWICE, BLIND, STALE, CHAIN, SECRETS, FILES)
ONCE_ONLY = ("POST",)  # what Segment does again when it is asked again


@dataclass
class Verdict:
    """`wrong`: sentences by promise. `seen`: how much was looked at."""

    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, promise: str, sentences: Iterable[str]) -> None:
        self.wrong[promise] += sentences

    def merge(self, other: Verdict, where: str) -> None:
        for promise, sentences in other.wrong.items():
            self.wrong[promise] += [f"{where}: {sentence}" for sentence in sentences]
        self.seen += other.seen

    @property
    def faults(self) -> list[str]:
        return [f"{promise}: {sentence}" for promise, all_ in self.wrong.items() for sentence in all_]

    def count(self, promise: str) -> int:
        return len(self.wrong.get(promise, ()))

    def says(self, *promises: str) -> str:
        return ", ".join(f"{self.count(promise)} {promise}" for promise in promises or PROMISES)


def check(world: World, *, came_back: bool = False, files: bool = True) -> Verdict:
    """All promises. `came_back`: people were put in again behind our back, so only the newest look has to know."""
    verdict, runs = Verdict(), of_today()
    calls = world.segment.changing_calls()
    verdict.seen.update(steps=len(runs), calls=len(calls), attempts=Attempt.objects.count())
    verdict.add(LOST, lost(runs))
    verdict.add(FALSE_GONE, false_gone(runs, Facts(world.segment), came_back))
    verdict.add(TWICE, second_effects(world.segment, calls, came_back))
    verdict.add(BLIND, blind(calls))
    verdict.add(STALE, stale())
    verdict.add(CHAIN, chain())
    if files:
        verdict.add(FILES, [*missing(), *half_purged()])
        verdict.add(SECRETS, secrets(world))
    return verdict


def of_today() -> list[Run]:
    found = Run.objects.filter(item__plan__removal__stage__in=[Stage.RUNNING, Stage.CLOSED])
    return list(found.select_related("item__plan__removal", "item__workspace").order_by("pk"))


def name_of(run: Run) -> str:
    where = f" in {run.item.workspace.slug}" if run.item.workspace else ""
    return f"{run.item.plan.removal.reference} step {run.item.number} {run.item.code}{where}"


# ---------------------------------------------------------------- nothing is lost


def lost(runs: list[Run]) -> Iterator[str]:
    """Every step ended, rests with a person who is told why, or waits for something that can still come."""
    states = {(run.item.plan_id, run.item.number): State(run.state) for run in runs}
    for run in runs:
        if why := adrift(run, states):
            yield f"{name_of(run)} is {run.state}: {why}"
    for kind, desk in desks.DESKS.items():
        for row in desk.model._default_manager.exclude(state__in=ENDED):
            if why := left_lying(row):
                yield f"{kind} {row.pk} is {row.state}: {why}"


def adrift(run: Run, states: dict[tuple[int, int], State]) -> str:
    if run.state == State.DONE:
        return "" if run.ended and run.ended_at else "it does not say how it ended"
    if run.state == State.NEEDS_PERSON:
        told = run.manual or (run.cause and run.sentence and run.remedy)
        return "" if told else f"no cause and remedy ({run.cause!r}, {run.sentence!r})"
    if run.state == State.WAITING and run.not_before is None and not run.item.at:
        waits = [number for number in run.item.waits_for if states[run.item.plan_id, number] not in ENDED]
        removal = run.item.plan.removal
        sealing = run.item.step == "packet.seal" and removal.stage == Stage.RUNNING
        # In an emergency keys and logins wait for a second press.
        pressed = not removal.emergency or run not in emergency.queued(removal, run.item.plan)
        return "" if waits or sealing or not pressed else "everything that it waits for has ended"
    return ""


def left_lying(row: Any) -> str:
    if row.state == State.RUNNING:
        return "nobody works on it" if row.lease_until <= datetime.now(UTC) else ""
    if row.state == State.NEEDS_PERSON or row.not_before is None:
        return ""
    return "it is due and nobody took it" if row.not_before <= datetime.now(UTC) else ""


# ---------------------------------------------------------------- done means seen


CLAIMS = (Ended.CHANGED, Ended.ALREADY)


def false_gone(runs: list[Run], facts: Facts, came_back: bool) -> Iterator[str]:
    """What says gone is gone in the simulator; where it came back, the newest look at the place says so."""
    newest = newest_findings()
    for run in runs:
        if run.state != State.DONE or run.ended not in CLAIMS or run.item.step == "packet.seal":
            continue
        if taken_back(run):
            continue
        truth = TRUTHS.get(run.item.step)
        if truth is None:
            yield f"tests/faults/truths.py says nothing about {run.item.step}: add what it claims"
        elif run.item.workspace and (wrong := truth(run, facts.of(run.item.workspace.slug))):
            found = newest.get((run.item.plan.removal_id, run.item.workspace_id))
            if not (came_back and found and found.seen == Seen.PRESENT):
                yield f"{name_of(run)} is done ({run.ended}), but in Segment: {wrong}"
    yield from unproved(runs)


GIVES = ("segment.give_back", "segment.join_group")


def taken_back(run: Run) -> bool:
    """Something that was decided later turned it round: access that came back on purpose, and access that ended again."""
    began = Run.objects.filter(attempts__act=Act.CALL)
    if run.item.step in GIVES:
        return began.filter(item__plan=run.item.plan_id, item__step="segment.end_access").exists()
    restorations = began.filter(item__plan__removal__restores=run.item.plan.removal_id)
    return restorations.filter(item__workspace=run.item.workspace_id).exists()


def newest_findings() -> dict[tuple[int, int | None], Finding]:
    found = Finding.objects.order_by("pk").select_related("attempt__run__item__plan")
    return {(one.attempt.run.item.plan.removal_id, one.attempt.run.item.workspace_id): one for one in found}


def unproved(runs: list[Run]) -> Iterator[str]:
    """No automated step ends well but by a look of its own that saw it, closed and kept as evidence."""
    looked = dict[int, Attempt]()
    for attempt in Attempt.objects.filter(run__in=runs).order_by("run_id", "number"):
        looked[attempt.run_id] = attempt
    for run in runs:
        if run.state == State.DONE and run.ended in CLAIMS and run.item.step in STEPS:
            last = looked.get(run.pk)
            seen = last and last.act == Act.LOOK and last.result == Result.SEEN and last.exchanges_id
            if not (seen and last and last.facts.get("seen") == Seen.ABSENT):
                yield f"{name_of(run)} is done, but its last try is no look that saw it"


# ---------------------------------------------------------------- nothing happens twice


def second_effects(segment: Segment, calls: list[Json], came_back: bool) -> Iterator[str]:
    """By the simulator's own audit trail, which records what took effect."""
    if not came_back and not RemovalRequest.objects.exclude(restores=None).exists():
        for slug in {call["workspace"] for call in calls}:
            yield from repeated(slug, segment.state(slug, "audit")["audit"])
    yield from orphans(segment)


def repeated(slug: str, events: list[Json]) -> Iterator[str]:
    gone = [event for event in events if "Removed" in event["type"] or "Deleted" in event["type"]]
    counts = Counter((event["type"], event.get("resourceId"), event.get("resourceName")) for event in gone)
    for (kind, _, name), count in counts.items():
        # A person leaves each of their groups by an event of its own.
        if count > 1 and "Group" not in kind:
            yield f"{slug}: {kind} {name} {count} times"


def orphans(segment: Segment) -> Iterator[str]:
    """Write keys that were added and that no accepted call of ours stands for."""
    added = {
        (source, key)
        for source, keys in segment.keys().items()
        for key in keys
        if key not in segment.keys_at_first.get(source, ())
    }
    if added:
        from tests.faults.keys import adopted

        for source, key in sorted(added):
            if not adopted(source, key):
                yield f"a write key of source {source} that no step knows"


# ---------------------------------------------------------------- a row before each call


def blind(calls: list[Json]) -> Iterator[str]:
    """Each call that may change something has an intent that is older, and right before that a look that saw a reason."""
    intents = defaultdict[tuple[str, str, str], list[datetime]](list)
    tries = Attempt.objects.filter(act=Act.CALL).exclude(request=None)
    for attempt in tries.select_related("run__item__workspace").order_by("begun_at"):
        place = attempt.run.item.workspace
        assert place is not None
        path = urlsplit(attempt.request["url"]).path
        intents[place.slug, attempt.request["method"], masked(path)].append(attempt.begun_at)
    # The log has them in the order of their ends.
    for call in without_second_addresses(sorted(calls, key=lambda call: call["at"])):
        at = datetime.fromtimestamp(call["at"], UTC)
        older = intents[call["workspace"], call["method"], masked(call["path"])]
        if not older or older[0].timestamp() > at.timestamp() + 0.001:
            yield f"{call['method']} {call['path']} came to {call['workspace']}, and no row stood before it"
        else:
            older.pop(0)
    yield from unlooked()


def without_second_addresses(calls: list[Json]) -> Iterator[Json]:
    """One act may take two calls: where the one documented address of a group's members is not found, the other is asked."""
    missed: set[tuple[str, str, str]] = set()
    for call in calls:
        if call["method"] == "DELETE" and call["path"].startswith("/group"):
            singular = call["path"].replace("/groups/", "/group/", 1)
            act = call["workspace"], singular, call["query"]
            if singular != call["path"] and act in missed:
                missed.discard(act)
                continue
            if call["status"] == 404:
                missed.add(act)
        yield call


def masked(path: str) -> str:
    """The address of a write key's removal holds the key; our record holds its mask."""
    return re.sub(r"(/writekey/)[^/]+$", r"\1", path)


def unlooked() -> Iterator[str]:
    """Every call directly follows a look of the same run that saw something to act on; tries are numbered without a gap."""
    before: Attempt | None = None
    for attempt in Attempt.objects.select_related("run__item__plan__removal").order_by("run_id", "number"):
        first = before is None or before.run_id != attempt.run_id
        expected = 1 if first or before is None else before.number + 1
        if attempt.number != expected:
            yield f"{name_of(attempt.run)} has a try {attempt.number} where {expected} was expected"
        looked = not first and before is not None and before.act == Act.LOOK and before.result == Result.SEEN
        if attempt.act == Act.CALL and not looked:
            yield f"{name_of(attempt.run)} called in try {attempt.number} without having looked right before"
        before = attempt


# ---------------------------------------------------------------- fences


def stale() -> Iterator[str]:
    """By the ledger: fences only go up, what was begun under one fence is closed under the same, each once."""
    newest: dict[tuple[str, int], int] = {}
    begun: dict[tuple[str, int, int], int] = {}
    told = Entry.objects.filter(event__in=[Event.CALL_INTENDED, Event.CALL_CLOSED]).order_by("seq")
    for entry in told.iterator():
        facts = canonical.loads(bytes(entry.body))["facts"]
        run, number = (entry.about, facts["item"]), (entry.about, facts["item"], facts["attempt"])
        if facts["fence"] < newest.get(run, 0):
            yield f"{entry.about} step {facts['item']}: fence {facts['fence']} wrote after {newest[run]}"
        newest[run] = max(newest.get(run, 0), facts["fence"])
        if entry.event == Event.CALL_INTENDED:
            begun[number] = facts["fence"]
        elif begun.pop(number, None) != facts["fence"]:
            yield f"{entry.about} step {facts['item']}: try {facts['attempt']} was closed by another than began it"
    for run in Run.objects.filter(attempts__isnull=False).distinct().select_related("item__plan__removal"):
        if run.fence < newest.get((run.item.plan.removal.reference, run.item.number), 0):
            yield f"{name_of(run)}: its fence went down"


def open_attempts() -> int:
    """Tries that were cut off. Their effect counts as unknown, and the look after them decided."""
    return Attempt.objects.filter(result="").count()


# ---------------------------------------------------------------- the record


def chain() -> Iterator[str]:
    if found := first_wrong():
        yield found.says


def missing() -> Iterator[str]:
    """Every row that says stored has its file, with the bytes of its digest."""
    for digest in set(Evidence.objects.filter(tombstone=None).values_list("sha256", flat=True)):
        path = place_of(digest)
        if not path.exists() or sha256(path.read_bytes()).hexdigest() != digest:
            yield f"evidence {digest[:12]}"
    for packet in Packet.objects.filter(state=State.DONE, tombstone=None):
        from django.conf import settings

        path = Path(settings.PACKET_ROOT) / packet.file
        if not path.exists() or sha256(path.read_bytes()).hexdigest() != packet.sha256:
            yield f"packet {packet.file}"
    for look in Look.objects.filter(state=State.DONE, snapshot=None):
        yield f"look {look.pk} is done without a snapshot"


def half_purged() -> Iterator[str]:
    """What is called purged is gone, and said once; and nothing is gone that nobody called so (see `missing`)."""
    for each in Tombstone.objects.filter(outcome=Tombstone.Outcome.DELETED).exclude(evidence=None):
        if place_of(each.sha256).exists():
            yield f"purged evidence {each.sha256[:12]} is still there"
    for purge in Purge.objects.filter(state=State.DONE):
        if purge.tombstones.filter(gone_at=None).exists() or purge.tombstones.count() != purge.gone:
            yield f"purge {purge.pk} says {purge.gone} and has {purge.tombstones.count()} tombstones"


WORDS = re.compile(rb"[A-Za-z0-9_\-]{16,}")


def secrets(world: World) -> Iterator[str]:
    """No token and no write key in any row, file, log or mail."""
    wanted = {secret.encode() for secret in world.segment.secrets()}
    for where, text in everything_kept(world):
        if wanted & set(WORDS.findall(text)):
            yield where


def everything_kept(world: World) -> Iterator[tuple[str, bytes]]:
    for model in apps.get_models():
        for row in model._base_manager.values_list().iterator():
            yield f"a row of {model._meta.label}", b" ".join(plain(value) for value in row)
    for folder in (world.data, world.mails):
        for path in sorted(folder.rglob("*")) if folder.exists() else ():
            if path.is_file():
                yield str(path.relative_to(world.folder)), path.read_bytes()
    for path in world.folder.glob("*.log"):
        yield path.name, path.read_bytes()


def plain(value: Any) -> bytes:
    return bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()


def unknown_kinds() -> list[str]:
    """Steps about which nothing is said yet."""
    return sorted({*STEPS, *OWN} - set(TRUTHS))
