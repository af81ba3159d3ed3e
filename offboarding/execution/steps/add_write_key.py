from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from offboarding.connections import keyring
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rotation import actions, queries
from offboarding.execution.rotation.rules import Found, Known, fresh_keys, judge, spoken
from offboarding.execution.rules import Cause, Seen, Sight, Work
from offboarding.execution.steps import Call, Step
from offboarding.gateways.segment import Declined, Doubtful, NotAllowed, NotThere, SegmentGateway, protocol
from offboarding.ledger.actions import Event

TURN_OF_ANOTHER = timedelta(seconds=15)
RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class KeySight(Sight):
    """A look that found our key: sealed at once, so that nothing outside this file holds it in plain."""

    adopts: str = ""
    sealed: str = field(default="", repr=False)


class AddWriteKey(Step):
    """One more key on a source. Not idempotent, so our key is told by difference: after, minus before, minus ours."""

    def rests(self, run: Run, now: datetime) -> tuple[datetime, str] | None:
        if queries.another_at_work(run):
            return now + TURN_OF_ANOTHER, "Another request adds a key to this source"
        return None

    def recall(self, run: Run) -> Mapping[str, Any]:
        return {"rotation": queries.known(run)}

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        source_id, known = str(work.target["source_id"]), work.known["rotation"]
        try:
            now = gateway.source(source_id).key_fingerprints
        except NotThere as error:
            return without_source(gateway, work, error)
        found, keys = judge(now, known)
        facts: dict[str, Any] = {"fingerprints": sorted(now), "fresh": list(fresh_keys(now, known))}
        if found is Found.ADOPT:
            sealed = keyring.seal(gateway.write_key(source_id, keys[0]))
            says = SAYS[found].format(spoken(keys))
            return KeySight(Seen.ABSENT, says, facts, adopts=keys[0], sealed=sealed)
        if found is Found.THERE:
            return Sight(Seen.ABSENT, SAYS[found].format(spoken(keys)), facts)
        if found is Found.NOT_YET:
            hanging = {} if known.consumers_read else consumers(gateway, source_id)
            return Sight(Seen.PRESENT, SAYS[found], {**facts, **hanging})
        sentence = SAYS[found].format(spoken(keys))
        return Sight(Seen.UNKNOWN, sentence, facts, (Cause.DOUBT, sentence, REMEDY[found]))

    def intent(self, work: Work) -> str:
        return f"Add a write key to {work.target['source']} in {work.workspace}"

    def stands(self, run: Run, work: Work) -> bool:
        """Another request may have begun since, and what appeared be its key: its intent stood before the key was there."""
        compared: Known = work.known["rotation"]
        return not queries.another_at_work(run) and compared.compares_as(queries.known(run))

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        source_id = str(work.target["source_id"])
        request = gateway.preview(protocol.add_write_key(source_id, keyring.fingerprint))
        return Call(request, lambda: gateway.add_write_key(source_id), "Segment added a key")

    def made(self, run: Run, attempt: Attempt, answer: Any) -> None:
        """The answer lists all keys in plain. If exactly one is new, it is ours, even if lists show it only later."""
        _, keys = answer
        fresh = fresh_keys(keys, queries.known(run))
        if len(fresh) == 1:
            actions.keep(run, fresh[0], keyring.seal(keys[fresh[0]]), Event.SECRET_KEPT)

    def noted(self, run: Run, attempt: Attempt, sight: Sight) -> None:
        if isinstance(sight, KeySight):
            actions.keep(run, sight.adopts, sight.sealed, Event.KEY_ADOPTED)


SAYS = {
    Found.THERE: "the new key {} is there",
    Found.ADOPT: "the new key {} is there",
    Found.NOT_YET: "no new key is there yet",
    Found.SEVERAL: "More than one key is new: {}. We cannot tell which one is ours.",
    Found.APPEARED: "Keys appeared since the plan was made, and no call of ours made them: {}.",
    Found.HIDDEN: "No key of this source is listed any more.",
    Found.GONE: "The key that we added is not listed any more: {}.",
}
CHOOSE = "Ask in the workspace who made it. Then take the key that is meant as the new one, or add a key all the same."
REMEDY = {
    Found.SEVERAL: CHOOSE,
    Found.APPEARED: CHOOSE,
    Found.HIDDEN: "Our token may be too weak to see keys, or somebody removed them. Look in Segment, then try again.",
    Found.GONE: "Somebody removed it. Look in Segment, then add a key all the same, or do it by hand with proof.",
}


def without_source(gateway: SegmentGateway, work: Work, error: NotThere) -> Sight:
    """Absent by the whole list, not by one 404. While the source is listed, its keys are not known: nothing was seen."""
    source_id, name = str(work.target["source_id"]), work.target["source"]
    if any(each.id == source_id for each in gateway.sources()):
        raise error
    return Sight(Seen.ABSENT, f"the source {name} no longer exists, and its keys with it")


def consumers(gateway: SegmentGateway, source_id: str) -> dict[str, Any]:
    """What hangs on the source. A part that cannot be read is named, and hides no other part."""
    now = datetime.now(UTC)
    parts: dict[str, Callable[[], Any]] = {
        "destinations": lambda: [each.name for each in gateway.connected_destinations(source_id)],
        "warehouses": lambda: [each.name for each in gateway.connected_warehouses(source_id)],
        "events": lambda: gateway.events_volume("DAY", now - RECENT, now, source_ids=[source_id]).total,
    }
    read: dict[str, Any] = {"unread": []}
    for name, part in parts.items():
        try:
            read[name] = part()
        except (NotAllowed, NotThere, Declined, Doubtful):
            read["unread"].append(name)
    return read
