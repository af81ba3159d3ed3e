"""A backup of the database from the middle of the work is put back, while Segment and the files stand at its end.

The engine has to notice by itself that it is older than what it signed, stand still and only look. When an administrator lets
it go on, everything comes to a right end: what is done is seen to be done, and no key is added a second time.
"""

from __future__ import annotations

from collections import Counter
from time import monotonic

from offboarding.directory.models import Client, Membership
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Cause
from offboarding.journey.standstill import go_on
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work import desks
from offboarding.work.queries import standstill
from offboarding.work.rules import State
from tests.faults import crew
from tests.faults.case import Case, Given, Measured
from tests.faults.invariants import FALSE_GONE, LOST, TWICE, Verdict, check
from tests.faults.scenarios import DAN
from tests.faults.workers import Crowd, engine, wait_until
from tests.faults.world import disconnect

SHORT = ("acme-staging",)
LONG = ("acme-staging", "acme-analytics", "acme-eu", "globex-warehouse")
WATCHED = 4.0  # seconds that the engine is watched while it stands still


def administrator() -> User:
    """Of all clients. The demo's cast has none."""
    made = User.objects.filter(email="ada@northwind.example").first()
    made = made or User.objects.create_user("ada@northwind.example", "Ada Okafor", "correct horse battery")
    for client in Client.objects.all():
        Membership.objects.get_or_create(user=made, client=client, role=Role.ADMINISTRATOR.value)
    return made


def fresh_start() -> None:
    """In a worker: it has asked nothing yet, as one that was started anew."""
    desks.opening.asked = False


def some_turns(given: Given) -> None:
    """So many steps of the middle have run that some are done, some are under way, and most wait."""
    for pk in (
        Run.objects.filter(state=State.READY).order_by("pk").values_list("pk", flat=True)[: given.size(12, 4)]
    ):
        crew.one_turn("execution.Run", pk)
    crew.journey.tick()


def stands(given: Given, verdict: Verdict) -> int:
    """The engine starts on the old database. How many looks it made meanwhile."""
    given.world.segment.ask("DELETE", "calls")
    crew.bury()
    crew.hurry()
    disconnect()
    began = monotonic()
    crowd = Crowd(lambda: engine(4, fresh_start), 2)
    try:
        still = wait_until(lambda: standstill().stands, 30)
        wait_until(lambda: monotonic() - began > WATCHED + 2, WATCHED + 5)
    finally:
        crowd.end()
    if not still:
        verdict.add(LOST, ["the engine does not stand still after a restore"])
    calls = given.world.segment.changing_calls()
    verdict.add(TWICE, [f"while it stood still: {call['method']} {call['path']}" for call in calls])
    looks = Attempt.objects.filter(act=Act.LOOK, begun_at__gte=standstill().since).count() if still else 0
    if not looks:
        verdict.add(LOST, ["it did not even look"])
    return looks


def added(given: Given) -> Counter[str]:
    """Keys by source that were not there in the beginning."""
    first = given.world.segment.keys_at_first
    now = given.world.segment.keys()
    return Counter({source: len(set(keys) - set(first.get(source, ()))) for source, keys in now.items()})


def in_doubt() -> set[str]:
    """Sources whose new key no row knows any more, and about which a person is asked."""
    asked = Run.objects.filter(
        item__step="segment.add_write_key", state=State.NEEDS_PERSON, cause=Cause.DOUBT
    )
    return {str(run.item.target["source_id"]) for run in asked.select_related("item")}


def judged(given: Given) -> Verdict:
    """As always, but a key that was added in the time that is lost may be known to nobody, if a person is asked about it."""
    verdict = check(given.world)
    asked = in_doubt()
    known = [wrong for wrong in verdict.wrong[TWICE] if not any(source in wrong for source in asked)]
    verdict.wrong[TWICE] = known
    return verdict


def run(given: Given) -> Measured:
    places, verdict = LONG if given.long else SHORT, Verdict()
    ada = administrator()
    crew.look([DAN], places)
    crew.start(DAN, dict.fromkeys(places, "remove"))
    some_turns(given)
    disconnect()
    backup = given.world.database.copy_to("backup")
    crew.everything()
    crew.skip_audit_events()
    crew.everything()
    desks.SCHEDULES["ledger.checkpoint"].run()
    made = added(given)
    disconnect()
    given.world.database.become(backup)
    backup.drop()
    looks = stands(given, verdict)
    go_on(ada, standstill().since)
    crew.everything()
    verdict.merge(judged(given), "after it went on")
    again = sum((added(given) - made).values())
    if again:
        verdict.add(TWICE, [f"{again} keys were added a second time"])
    unclear = len(in_doubt())
    return Measured(
        f"a backup from the middle of {Run.objects.count()} steps in {len(places)} workspaces put back at their end",
        f"stood still by itself, {looks} looks and 0 calls meanwhile; then {verdict.says(LOST, FALSE_GONE, TWICE)},"
        f" {again} of {made.total()} keys added again, {unclear} left to a person",
        verdict.faults,
    )


CASE = Case(13, "an old backup is put back while Segment has moved on", run)
