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
from offboarding.removals.adjusting import value
from offboarding.removals.catalogue import ACTIVITY_DAYS, EMERGENCY
from offboarding.trail.rules import Told, is_by
from offboarding.verification.activity import Done, chosen, marks_of, moment_of
from offboarding.verification.lately import Lately, lately
from offboarding.work import clock

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
    """The person's own lines of the audit trail, with what to look at first. Says so where there is no audit trail.

    The newest are always read anew; what lies further back may come from our copy, where that holds all of it.
    """

    acts = False
    optional = True

    def recall(self, run: Run) -> Mapping[str, Any]:
        before, removal, place = before_of(run), run.item.plan.removal, run.item.workspace
        assert place is not None
        accounts = [(each["id"], each["email"]) for each in run.item.target.get("accounts", ())]
        ids = {*(key for key, _ in accounts), *(each.id for each in (before.accounts if before else ()))}
        addresses = {fold(each) for each in (*removal.addresses, *(email for _, email in accounts))}
        now = clock.now()
        days = value(EMERGENCY, ACTIVITY_DAYS)
        start = now - timedelta(days=days)
        return {
            "ids": ids,
            "addresses": addresses,
            "days": days,
            "start": start,
            "copied": lately(place, ids, addresses, start, now),
            "zone": removal.time_zone or settings.TIME_ZONE,
        }

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        copied: Lately = work.known["copied"]
        since, zone, why = copied.until or work.known["start"], ZoneInfo(work.known["zone"]), ""
        done, of = [as_done(told, told.at.isoformat(), zone) for told, _ in copied.own], copied.of
        ids, addresses = work.known["ids"], work.known["addresses"]
        try:
            for event in gateway.audit_events(since, datetime.now(UTC)):
                of += 1
                if is_by(event.actor, event.actor_email, ids, addresses):
                    done.append(as_done(event, event.at, zone))
        except (NotAllowed, Declined, NotThere) as error:
            why = f"{work.workspace} tells nothing of what was done there: {error.sentence.rstrip('.')}"
            why += f". Our copy ends {since:%Y-%m-%d %H:%M} UTC" if copied.until else ""
        marked, days = sum(bool(each.marks) for each in done), work.known["days"]
        facts: dict[str, Any] = {
            "known": not why,
            "days": days,
            "of": of,
            "count": len(done),
            "marked": marked,
        }
        facts["done"] = [asdict(each) for each in chosen(done)]
        says = why or told_in_all(work.workspace, days, len(done), marked)
        beside = {"from": "our copy of the audit trail", "events": [dict(raw) for _, raw in copied.own]}
        kept = (beside,) if copied.own else ()
        return Sight(Seen.ABSENT, says, facts, ends=Ended.NOTHING_TO_DO, beside=kept)


def as_done(event: AuditEvent | Told, at: str, zone: ZoneInfo) -> Done:
    what = " ".join(part for part in (event.resource_type, event.resource_name or event.resource_id) if part)
    key = event.key if isinstance(event, Told) else event.id
    return Done(key, at, event.type, what, marks_of(event.type, moment_of(at), zone))


def told_in_all(workspace: str, days: int, count: int, marked: int) -> str:
    if not count:
        return f"The audit trail of {workspace} tells of nothing that the person did in {days} days"
    return f"{number_of(count, 'act')} in {workspace} in {days} days, {marked} to look at first"
