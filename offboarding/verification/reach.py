"""What an emergency has to know and cannot wait for: what was in reach, and what the person did lately. They only look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from offboarding.checklist.queries import LATELY
from offboarding.checklist.rules import number_of
from offboarding.discovery import actions as discovery
from offboarding.discovery.queries import held_lately
from offboarding.discovery.read import look_for, reach_of
from offboarding.discovery.rules import Outcome, Sighting, sighting
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import SETTLED, STOPPED, Act, Ended, Result, Seen, Sight, Work
from offboarding.execution.steps import Step
from offboarding.gateways.segment import AuditEvent, Declined, NotAllowed, NotThere, SegmentGateway
from offboarding.lib.addresses import fold
from offboarding.verification.activity import Done, chosen, is_theirs, marks_of, moment_of

SOON = timedelta(seconds=1)
CONTAINING = "segment.contain"


class ReadReach(Step):
    """Sources, keys, logins and what else the roles of before reached: it can be read when the roles are gone."""

    acts = False

    def rests(self, run: Run, now: datetime) -> tuple[datetime, str] | None:
        """Until the first look of the containment: what was held is known from then on, and it has the right of way."""
        own = Run.objects.filter(item__plan=run.item.plan_id, item__workspace=run.item.workspace_id)
        waiting = own.filter(item__step=CONTAINING).exclude(state__in=[*SETTLED, *STOPPED])
        unseen = waiting.exclude(attempts__act=Act.LOOK, attempts__result=Result.SEEN)
        return (now + SOON, "what is held to be read") if unseen.exists() else None

    def recall(self, run: Run) -> Mapping[str, Any]:
        return {"before": before_of(run)}

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        before: Sighting | None = work.known["before"]
        seen = before or look_for(gateway, work.addresses, {key for key, _ in work.accounts})
        if seen.outcome is not Outcome.MEMBER:
            says = (
                f"held nothing in {work.workspace}" if seen.outcome is Outcome.ABSENT else "was only invited"
            )
            return Sight(
                Seen.ABSENT, f"The person {says}", {"sighting": seen.as_json()}, ends=Ended.NOTHING_TO_DO
            )
        full = replace(seen, reach=reach_of(gateway, seen))
        return Sight(Seen.ABSENT, in_reach(full), {"sighting": full.as_json()}, ends=Ended.NOTHING_TO_DO)

    def noted(self, run: Run, attempt: Attempt, sight: Sight) -> None:
        attempt.refresh_from_db(fields=["exchanges"])
        assert run.item.workspace
        addresses = run.item.plan.removal.addresses
        discovery.keep_seen(
            run.item.workspace, addresses, sighting(sight.facts["sighting"]), attempt.exchanges
        )


def before_of(run: Run) -> Sighting | None:
    """What was held there before the emergency changed anything, if any look has seen it."""
    removal, place = run.item.plan.removal, run.item.workspace_id
    assert place is not None
    found = held_lately(removal.person, [place], removal.created_at - LATELY).get(place)
    seen = found.sighting if found else None
    return seen if seen and seen.outcome in (Outcome.MEMBER, Outcome.INVITED) else None


def in_reach(seen: Sighting) -> str:
    reach = seen.reach
    told = f"{reach.write_keys} write keys, {len(reach.warehouses)} warehouses, {len(reach.credentials)} stored logins"
    unread = f". Could not be read: {', '.join(reach.unread)}" if reach.unread else ""
    return f"In reach: {told}{unread}"


class ReadActivity(Step):
    """The person's own lines of the audit trail, with what to look at first. Says so where there is no audit trail."""

    acts = False
    optional = True

    def recall(self, run: Run) -> Mapping[str, Any]:
        before = before_of(run)
        return {
            "ids": [each.id for each in before.accounts] if before else [],
            "zone": run.item.plan.removal.time_zone or settings.TIME_ZONE,
        }

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        days, end = settings.ACTIVITY_DAYS, datetime.now(UTC)
        try:
            events = list(gateway.audit_events(end - timedelta(days=days), end))
        except (NotAllowed, Declined, NotThere) as error:
            says = f"{work.workspace} tells nothing of what was done there: {error.sentence.rstrip('.')}"
            return Sight(Seen.ABSENT, says, {"known": False, "days": days}, ends=Ended.NOTHING_TO_DO)
        ids = {*work.known["ids"], *(key for key, _ in work.accounts)}
        wanted = {fold(address) for address in (*work.addresses, *(email for _, email in work.accounts))}
        own = [each for each in events if is_theirs(each.actor, each.actor_email, ids, wanted)]
        done = [as_done(each, ZoneInfo(work.known["zone"])) for each in own]
        marked = sum(bool(each.marks) for each in done)
        facts = {
            "known": True,
            "days": days,
            "of": len(events),
            "count": len(done),
            "marked": marked,
            "done": [asdict(each) for each in chosen(done)],
        }
        return Sight(
            Seen.ABSENT, told(work.workspace, days, len(done), marked), facts, ends=Ended.NOTHING_TO_DO
        )


def as_done(event: AuditEvent, zone: ZoneInfo) -> Done:
    what = " ".join(part for part in (event.resource_type, event.resource_name or event.resource_id) if part)
    return Done(event.id, event.at, event.type, what, marks_of(event.type, moment_of(event.at), zone))


def told(workspace: str, days: int, count: int, marked: int) -> str:
    if not count:
        return f"The audit trail of {workspace} tells of nothing that the person did in {days} days"
    return f"{number_of(count, 'act')} in {workspace} in {days} days, {marked} to look at first"
