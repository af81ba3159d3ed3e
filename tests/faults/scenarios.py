"""How each kind of slow work comes to where it is next. A kind without an entry here fails the case, by name.

An entry prepares a removal in the demo's workspaces until the row is due and nobody has worked on it. A new kind of step
needs one line here and one in `truths.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

from offboarding.approvals import asking
from offboarding.approvals.models import Asking
from offboarding.connections import keyring
from offboarding.connections.models import Workspace
from offboarding.directory.queries import scope_of
from offboarding.discovery import actions as discovery
from offboarding.discovery.models import Look
from offboarding.discovery.rules import OWNER_ROLE
from offboarding.emergencies import queries as emergencies
from offboarding.emergencies.actions import Word
from offboarding.emergencies.models import Emergency
from offboarding.evidence.folder import place_of
from offboarding.evidence.models import Evidence
from offboarding.evidence.store import put
from offboarding.execution import actions as execution
from offboarding.execution.logins import actions as logins
from offboarding.execution.logins.rules import Asked
from offboarding.execution.models import Run
from offboarding.execution.rotation import actions as rotation
from offboarding.execution.rotation import queries as rotations
from offboarding.execution.rules import Result
from offboarding.execution.steps import OWN, STEPS
from offboarding.journey import batches, emergency
from offboarding.ledger.models import Checkpoint
from offboarding.letters import actions as letters
from offboarding.letters.rules import Kind as LetterKind
from offboarding.packets.models import Packet
from offboarding.packets.redaction import actions as redaction
from offboarding.removals import batches as lists
from offboarding.removals.batches import Terms
from offboarding.removals.models import BatchRow, RemovalRequest
from offboarding.removals.rules import MERGING, Stage
from offboarding.removals.sheets import Typed
from offboarding.removals.urgent import Urgent
from offboarding.reports.actions import check_ledger
from offboarding.retention import purging
from offboarding.retention.actions import keep_for
from offboarding.retention.checking import order as check_evidence
from offboarding.stamps import actions as stamps
from offboarding.stamps.models import Stamping
from offboarding.stamps.queries import ONLY
from offboarding.trail import actions as trail
from offboarding.trail.models import Harvest
from offboarding.work import desks
from offboarding.work.rules import ENDED, State
from tests.faults import crew

DAN = "dan@northwind.example"


@dataclass(frozen=True)
class Target:
    """One row of one desk, or one schedule."""

    kind: str
    pk: int = 0
    back: bool = False  # Dan is put in again, after he had been seen gone, and that is meant

    def drive(self) -> None:
        """Turn after turn until it rests; a schedule runs a few times."""
        if self.kind in desks.DESKS:
            crew.turns(self.kind, self.pk)
        else:
            for _ in range(3):
                desks.SCHEDULES[self.kind].run()


Prepare = Callable[[], Target]


def running(slug: str, choice: str = "remove", reason: str = "contract-ended") -> RemovalRequest:
    """Dan's removal from this workspace, found by real looks, approved and begun."""
    crew.look([DAN], [slug])
    return crew.start(DAN, {slug: choice}, reason)


def step(code: str, slug: str, choice: str = "remove", at: str = "") -> Prepare:
    """The first line of the checklist with this step is due."""

    def prepare() -> Target:
        return Target("execution.Run", crew.until_due(running(slug, choice), code, at).pk)

    return prepare


def copied() -> Target:
    """A sealed packet of which a redacted copy is wanted."""
    sealed = closed()
    crew.turns("packets.Packet", sealed.pk)
    packet, security = Packet.objects.get(pk=sealed.pk), crew.user("sam")
    made = redaction.order(packet, security, scope_of(security, datetime.now(UTC).date()))
    return Target("packets.Redaction", made.pk)


def asked_to_look() -> Target:
    discovery.ask(crew.user("alice"), [DAN], [crew.workspace("acme-staging")])
    return Target("discovery.Look", Look.objects.get().pk)


def closed() -> Target:
    removal = running("acme-staging")
    for _ in range(60):
        crew.skip_manual(crew.waiting_for_people())
        crew.skip_audit_events()
        for pk in Run.objects.exclude(state__in=ENDED).filter(item__at="").values_list("pk", flat=True):
            crew.one_turn("execution.Run", pk)
        crew.journey.advance(removal.pk)
        removal.refresh_from_db()
        if removal.stage == Stage.CLOSED:
            return Target("packets.Packet", Packet.objects.get().pk)
    raise AssertionError("the removal does not close")


def with_news() -> Target:
    running("acme-staging")
    desks.SCHEDULES["notifications"].run()
    crew.hurry()
    return Target("notifications.Message", desks.DESKS["notifications.Message"].due(1)[0])


def letter_on_its_way() -> Target:
    """A confirmation that Alice sent: its place was read again."""
    removal, alice = running("acme-staging"), crew.user("alice")
    after(removal, "verify.place")
    client, day = crew.workspace("acme-staging").client, crew.today()
    letter = letters.write_letter(removal, client, LetterKind.CONFIRMATION, alice, day)
    (copy,) = letters.release(letter, letters.Asked(alice, day, letter.version), alice.email)
    return Target("letters.Delivery", copy.pk)


def approved() -> Target:
    crew.look([DAN], ["acme-staging"])
    crew.decide(crew.file(DAN, {"acme-staging": "remove"}))
    return Target("journey")


def schedule(name: str) -> Prepare:
    def prepare() -> Target:
        running("acme-staging")
        return Target(name)

    return prepare


def after(removal: RemovalRequest, step: str) -> Run:
    """The first line with this step has ended."""
    run = crew.until_due(removal, step)
    crew.turns("execution.Run", run.pk)
    return run


def by_hand(run: Run, code: str) -> Run:
    """The manual step of the same rotation, with Olga, when its turn has come."""
    crew.journey.advance(run.item.plan.removal_id)
    found = rotations.runs_of_rotation(run).get(item__code=code)
    assert found.state == State.NEEDS_PERSON, f"{code} is {found.state}"
    execution.assign(found, crew.user("olga"), crew.user("olga"))
    found.refresh_from_db()
    return found


def old_keys_to_go() -> Target:
    """The new key was handed over, its senders were confirmed, and the time of grace is over."""
    removal, olga = running("acme-staging"), crew.user("olga")
    add = after(removal, "segment.add_write_key")
    handed = by_hand(add, "hand-over-key")
    rotation.reveal(handed, olga, "password")
    execution.sign_off(handed, olga, attested=True, note="in the vault")
    confirm = by_hand(add, "confirm-key")
    execution.sign_off(confirm, olga, attested=True, note="all senders")
    Run.objects.filter(pk=confirm.pk).update(ended_at=datetime.now(UTC) - timedelta(days=100))
    remove = rotations.removing(add)
    assert remove is not None
    crew.journey.advance(removal.pk)
    return Target("execution.Run", remove.pk)


def login_entered(step: str) -> Prepare:
    """The step asked for a new login, and has one."""

    def prepare() -> Target:
        run = after(running("globex-warehouse"), step)
        seen = run.attempts.filter(result=Result.SEEN).order_by("number").last()
        assert seen is not None, "the step saw nothing to change"
        asked = tuple(Asked(*each) for each in seen.facts["asked"])
        login = {each.name: "loads-better-7" if each.secret else "LOADER_TWO" for each in asked}
        run.refresh_from_db()
        logins.enter(run, crew.user("olga"), asked, login, "password")
        return Target("execution.Run", run.pk)

    return prepare


def restored(step: str, slug: str, choice: str = "remove", at: str = "") -> Prepare:
    """What was taken away comes back for a time; this step of the restoration is due."""

    def prepare() -> Target:
        taken, now = running(slug, choice), datetime.now(UTC)
        after(taken, "verify.place")
        places = [crew.workspace(slug)]
        plan = crew.journey.restore(
            taken,
            crew.user("alice"),
            places,
            ends_at=now + timedelta(days=2),
            time_zone="Europe/Berlin",
            why="the nightly export stopped",
            now=now,
        )
        crew.decide(plan.removal)
        for _ in range(2):
            crew.journey.advance(plan.removal_id)
        if at:
            crew.everything(people=False, news=False)
            return Target("execution.Run", Run.objects.get(item__plan=plan, item__step=step, item__at=at).pk)
        return Target("execution.Run", crew.until_due(plan.removal, step).pk)

    return prepare


def merged(step: str) -> Prepare:
    """Dan's account goes and another one stays; this step of the merge is due."""

    def prepare() -> Target:
        stays = staying_member("acme-staging")
        crew.look([DAN, stays], ["acme-staging"])
        removal = crew.start(DAN, {"acme-staging": "remove"}, MERGING, stays)
        if step == "verify.taken_over":
            after(removal, "segment.give_missing")
        return Target("execution.Run", crew.until_due(removal, step).pk)

    return prepare


def staying_member(slug: str) -> str:
    """A member of the workspace who is neither Dan nor an Owner."""
    with keyring.gateway_for(crew.workspace(slug)) as gateway:
        for each in gateway.members():
            _, has = gateway.member(each.id)
            if each.email != DAN and has and not any(one.role_name == OWNER_ROLE for one in has):
                return each.email
    raise AssertionError(f"nobody else is a member of {slug}")


def kept_for_longer() -> Target:
    """Looks, calls and a packet that stay longer from now on."""
    closed()
    acme, ada = crew.workspace("acme-staging").client, crew.user("ada")
    made = keep_for(ada, scope_of(ada, crew.today()), acme, ["sox"], 10, acme.version)
    assert made is not None
    return Target("retention.Extension", made.pk)


def provisioned_again() -> Target:
    """What was removed is to come back through the identity provider; nobody has looked yet."""
    removal = running("acme-staging", reason="sso-migration")
    after(removal, "verify.place")
    crew.journey.advance(removal.pk)
    for run in Run.objects.filter(item__plan__removal=removal, item__code="provision-again"):
        crew.skip_manual([run])
    crew.journey.advance(removal.pk)
    run = Run.objects.get(item__plan__removal=removal, item__step="verify.returned")
    return Target("execution.Run", run.pk, back=True)


def everything_to_read() -> Target:
    closed()
    made = check_evidence()
    assert made is not None
    return Target("retention.EvidenceCheck", made.pk)


def past_its_last_day() -> Target:
    """Three files of years ago, and two administrators who let them go."""
    acme, day = crew.workspace("acme-staging").client, date(2024, 1, 1)
    for number in range(3):
        sha256, size = put(BytesIO(b"of years ago %d" % number), day)
        os.utime(place_of(sha256), (0, 0))
        Evidence.objects.create(
            sha256=sha256, size=size, media_type="text/plain", name="old.txt", shows="Something old", source="app",
            taken_by="Offboard", client=acme, keep_until=day,
        )  # fmt: skip
    purge = purging.ask(crew.user("ada"), acme, "past retention", "code")
    purging.confirm(crew.user("lin"), purge, "code")
    return Target("retention.Purge", purge.pk)


def key_left_over() -> Target:
    """A closed request whose rotations go on."""
    closed()
    return Target("journey.follow_ups")


def released() -> RemovalRequest:
    """Sam's emergency about Dan, in a workspace where he is a member and in one where he is only invited."""
    now = datetime.now(UTC)
    said = Urgent([DAN], "Dan", "credentials-compromised", "INC-774", "Europe/Berlin")
    word = Word(crew.user("sam"), "Remove access now", "password", "127.0.0.1")
    places = [crew.workspace("acme-staging"), crew.workspace("acme-eu")]
    made = emergency.release(said, now - timedelta(minutes=20), places, word, now)
    crew.journey.advance(made.removal_id)
    return made.removal


def at_once(step: str) -> Prepare:
    """The first line of an emergency with this step is due."""

    def prepare() -> Target:
        removal = released()
        if step == "verify.reach":  # it leaves the right of way to the containment
            after(removal, "segment.contain")
        return Target("execution.Run", crew.until_due(removal, step).pk)

    return prepare


def undecided() -> Target:
    """Nobody decided: one request is to be reminded of, one has run out."""
    crew.look([DAN], ["acme-staging", "acme-eu"])
    late, later = crew.file(DAN, {"acme-staging": "remove"}), crew.file(DAN, {"acme-eu": "remove"})
    past = datetime.now(UTC) - timedelta(hours=1)
    asked = Asking.objects.filter(plan__removal=late)
    asked.update(asked_at=past - timedelta(days=9), expires_at=past, remind_at=None, escalate_at=None)
    Asking.objects.filter(plan__removal=later).update(remind_at=past)
    return Target("approvals.deadlines")


def unreviewed() -> Target:
    """An emergency whose review is late."""
    removal = released()
    Emergency.objects.filter(removal=removal).update(review_due_at=datetime.now(UTC) - timedelta(hours=1))
    return Target("emergencies.reviews")


def old_token() -> Target:
    """A token in use that was set long ago."""
    running("acme-staging")
    place = Workspace.objects.filter(pk=crew.workspace("acme-staging").pk)
    place.update(token_set_at=datetime.now(UTC) - timedelta(days=800))
    return Target("connections.old_tokens")


def list_of_people() -> Target:
    """A list of two, filed by its owner; the looks for both have ended."""
    alice, now = crew.user("alice"), datetime.now(UTC)
    scope = scope_of(alice, crew.today())
    rows = [Typed(DAN, name="Dan"), Typed("nobody.here@partner.example", name="Nobody")]
    made = lists.begin(alice, scope, Terms("handed-over", "Europe/Berlin"), rows, now)
    lists.file(alice, scope, made)
    batches.go_on()
    for pk in desks.DESKS["discovery.Look"].due(1000):
        crew.turns("discovery.Look", pk)
    return Target("journey.batches")


def signed() -> Target:
    """A checkpoint that the mailbox outside has not got yet."""
    running("acme-staging")
    desks.SCHEDULES["ledger.checkpoint"].run()
    return Target("ledger.deliver")


def to_be_stamped() -> Target:
    signed()
    stamps.wake()
    return Target("stamps.Stamping", ONLY)


def signed_and_not_asked_for() -> Target:
    signed()
    return Target("ledger.stamp")


def ledger_to_walk() -> Target:
    running("acme-staging")
    made = check_ledger()
    assert made is not None
    return Target("reports.Check", made.pk)


def trail_to_copy() -> Target:
    place = crew.workspace("acme-staging")
    assert trail.begin(place, None)
    return Target("trail.Harvest", Harvest.objects.filter(workspace=place).latest("pk").pk)


SCENARIOS: dict[str, Prepare] = {
    "segment.remove_member": step("segment.remove_member", "acme-staging"),
    "segment.contain": at_once("segment.contain"),
    "verify.reach": at_once("verify.reach"),
    "verify.activity": at_once("verify.activity"),
    "segment.cancel_invitation": step("segment.cancel_invitation", "acme-eu"),
    "segment.leave_group": step("segment.leave_group", "acme-analytics"),
    "segment.downgrade": step("segment.downgrade", "acme-staging", "downgrade"),
    "segment.reduce": step("segment.reduce", "acme-staging", "reduce"),
    "segment.add_write_key": step("segment.add_write_key", "acme-staging"),
    "segment.remove_write_key": old_keys_to_go,
    "segment.update_warehouse": login_entered("segment.update_warehouse"),
    "segment.update_credential": login_entered("segment.update_credential"),
    "segment.give_back": restored("segment.give_back", "acme-staging"),
    "segment.join_group": restored("segment.join_group", "acme-analytics", "downgrade"),
    "segment.end_access": restored("segment.end_access", "acme-staging", "downgrade", "until"),
    "verify.restored": restored("verify.restored", "acme-staging", "downgrade"),
    "verify.returned": provisioned_again,
    "segment.give_missing": merged("segment.give_missing"),
    "verify.taken_over": merged("verify.taken_over"),
    "verify.place": step("verify.place", "acme-staging"),
    "verify.audit_events": step("verify.audit_events", "acme-staging"),
    "verify.measure_before": step("verify.measure_before", "acme-staging"),
    "verify.measure_after": step("verify.measure_after", "acme-staging"),
    "before.snapshot": step("before.snapshot", "acme-staging"),
    "discovery.Look": asked_to_look,
    "packets.Packet": closed,
    "packets.Redaction": copied,
    "retention.Extension": kept_for_longer,
    "trail.Harvest": trail_to_copy,
    "trail.copy": schedule("trail.copy"),
    "retention.Purge": past_its_last_day,
    "retention.EvidenceCheck": everything_to_read,
    "evidence.check": schedule("evidence.check"),
    "notifications.Message": with_news,
    "letters.Delivery": letter_on_its_way,
    "journey": approved,
    "notifications": schedule("notifications"),
    "journey.follow_ups": key_left_over,
    "journey.batches": list_of_people,
    "approvals.deadlines": undecided,
    "emergencies.reviews": unreviewed,
    "connections.old_tokens": old_token,
    "reports.Check": ledger_to_walk,
    "ledger.check": schedule("ledger.check"),
    "ledger.checkpoint": schedule("ledger.checkpoint"),
    "ledger.deliver": signed,
    "ledger.stamp": signed_and_not_asked_for,
    "stamps.Stamping": to_be_stamped,
}


def kinds() -> list[str]:
    """Everything slow that there is: steps, the other rows that somebody works on, and what runs by the clock."""
    return [*STEPS, *OWN, *(kind for kind in desks.DESKS if kind != "execution.Run"), *desks.SCHEDULES]


def left_undone() -> list[str]:
    """What a schedule should have done by now, after the one that died and another that went on."""
    now = datetime.now(UTC)
    rows = BatchRow.objects.filter(state__in=[BatchRow.State.WAITING, BatchRow.State.LOOKING])
    asked = [pk for _, found in asking.due(now) for pk in found]
    late = [
        each for each in emergencies.unreviewed() if each.overdue_at is None and now >= each.review_due_at
    ]
    old = Workspace.objects.filter(
        ended_at=None, refused_at=None, old_at=None, token_set_at__lte=now - timedelta(days=730)
    )
    asking_since = Stamping.objects.values_list("begins", flat=True)
    unstamped = Checkpoint.objects.filter(size__in=list(asking_since), stamp=None)
    return [
        *(f"the checkpoint at entry {each.size} is not stamped" for each in unstamped),
        *(f"row {row.pk} of a list is {row.state}" for row in rows),
        *(f"nobody was told of asking {pk}" for pk in asked),
        *(f"nobody was told of the old token of {each.name}" for each in old),
        *(f"nobody was told of the late review of {each.removal.reference}" for each in late),
    ]


def without_scenario() -> list[str]:
    return [
        f"tests/faults/scenarios.py has no scenario for {kind}, so nobody knows whether it survives being killed"
        for kind in kinds()
        if kind not in SCENARIOS
    ]
