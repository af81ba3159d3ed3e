"""The other rules that one person alone never gets past: two yeses, turns, words of letters, purges, one's own roles, one's own
access, restorations. Pressed as in `test_hundred_presses`; and afterwards once by somebody who may, for whom it goes through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from offboarding.approvals.models import Approval, Delegation, PolicyVersion
from offboarding.approvals.policies.rules import Terms, Turn, Who
from offboarding.directory import proposals
from offboarding.directory.models import Membership
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Act, Grant, Said
from offboarding.emergencies.actions import Word
from offboarding.emergencies.models import Ask, Emergency, Review
from offboarding.emergencies.rules import Because
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.journey import emergency
from offboarding.letters.actions import write_letter
from offboarding.letters.models import Letter, TermsVersion
from offboarding.letters.queries import text_digest
from offboarding.letters.rules import Conditions, Kind
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.removals.urgent import Urgent
from offboarding.retention import actions as retention
from offboarding.retention import purging
from offboarding.retention.models import LegalHold, Purge
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.web import proving
from offboarding.web.people import held as roles
from offboarding.web.people import proposed
from offboarding.web.policies import held as policies
from tests.approvals import test_policies
from tests.conftest import DAN
from tests.retention.test_purging import old
from tests.security.pressing import Doors, Press, all_at_once, also, earlier, in_place_of, ways_to_approve

Make = Callable[..., Any]
NEW = "nia@firm.example"
ada, lin, propose, in_force = (
    test_policies.ada,
    test_policies.lin,
    test_policies.propose,
    test_policies.in_force,
)
SAID = Urgent([DAN], "Dan", "credentials-compromised", "INC-1", "UTC")


@pytest.fixture(autouse=True)
def kept_here(settings: Any, tmp_path: Any) -> None:
    settings.EVIDENCE_ROOT, settings.PACKET_ROOT = tmp_path / "evidence", tmp_path / "packets"
    settings.PACKET_ROOT.mkdir()


def word(user: Any, method: str = "code") -> Word:
    return Word(user, "Remove access now", method, None)


def session(keep: Callable[[Any], object]) -> dict[str, Any]:
    """What this page would have kept in the session, a minute ago."""
    request = SimpleNamespace(session=dict[str, Any]())
    keep(request)
    return earlier(request.session)


# ---------------------------------------------------------------- more than one yes


@pytest.fixture
def by_two(
    filed: Make, in_force: Make, person: Make, bob: Any, sam: Any, doors: Doors, today: date, settings: Any
) -> list[Press]:
    """An Owner goes, production, many places, the volume breaker: each takes two. And whose turn it is, and who is named."""
    hank = person("hank", Role.OPERATOR)
    in_place_of(bob, hank, today)
    asked = {"an owner goes": filed("Acme Owners", roles=("Workspace Owner",))}
    in_force(Terms(production=2, many=1, many_needed=2))
    asked["production"] = filed("Acme Production")
    asked["many places"] = filed("Acme One", "Acme Two")
    in_force(Terms((Turn(Who.SECURITY), Turn(Who.APPROVER)), ordered=True))
    asked["security comes first"] = filed("Acme Three")
    in_force(Terms((Turn(Who.APPROVER, 1, (person("nora", Role.APPROVER).pk,)),)))
    asked["somebody is named"] = filed("Acme Four")
    in_force(Terms())
    asked["so much at once"] = filed("Acme Five")
    settings.BREAKER_PLACES = 0
    twice = [
        ways_to_approve(rule, who, removal, doors)[0]
        for rule, removal in asked.items()
        for who in (bob, hank)
    ]
    return [*twice, *ways_to_approve("security alone", sam, asked["production"], doors)]


@pytest.mark.django_db(transaction=True)
def test_nobody_is_two_people(by_two: list[Press], person: Make, doors: Doors) -> None:
    all_at_once(by_two)
    assert set(RemovalRequest.objects.values_list("stage", flat=True)) == {Stage.PLANNED}
    given = Approval.objects.filter(decision="approve")
    assert len(given) == given.values("plan").distinct().count() == 4
    assert {each.right_of.name for each in given} == {"Bob"}
    bea = person("bea", Role.APPROVER)
    for one in {each.plan.removal for each in given}:
        ways_to_approve("the second", bea, one, doors)[0].send()
    assert RemovalRequest.objects.filter(stage=Stage.APPROVED).count() == 4


# ---------------------------------------------------------------- words and records


@pytest.fixture
def words(
    running: Make, clients: dict[str, Any], workspace: Make, alice: Any, bob: Any, sam: Any, ada: Any, doors: Doors, today: date
) -> list[Press]:  # fmt: skip
    """Who wrote a letter approves its words, or sends it without; in an emergency others than security do."""
    acme = clients["Acme"]
    values = Conditions(approved=(Kind.CLIENT,)).as_json()
    TermsVersion.objects.create(client=acme, version=1, values=values, set_by=ada)
    removal = running("Acme Production")
    letter = write_letter(removal, acme, Kind.CLIENT, alice, today)
    also(alice, Role.APPROVER)
    urgent = emergency.release(
        SAID, datetime.now(UTC), [workspace("Acme Archive")], word(sam), datetime.now(UTC)
    )
    notice = write_letter(urgent.removal, acme, Kind.COLLABORATOR, sam, today)
    tries = {"wrote it": (letter, alice), "is not security": (notice, bob), "wrote the notice": (notice, sam)}
    pressed = []
    for rule, (each, who) in tries.items():
        at = f"/requests/{each.removal.reference}/letters/{each.pk}/"
        said = {"version": str(each.version), "digest": text_digest(each)}
        pressed += doors.proved(rule, who, f"{at}approve/", **said)
        sent = {"version": str(each.version), "mail": "on", "addresses": "it@acme.example"}
        pressed += doors.proved(f"{rule}, sends it", who, f"{at}send/", **sent)
    return pressed


@pytest.fixture
def records(
    clients: dict[str, Any], filed: Make, ada: Any, sam: Any, person: Make, doors: Doors
) -> list[Press]:
    """Who asked for a purge confirms it, or somebody who administers one client; who leaves lifts their own hold."""
    old(clients["Acme"], b"1")
    purging.ask(ada, clients["Acme"], "Past retention", "code")
    at = f"/setup/clients/{clients['Acme'].pk}/purge/confirm/"
    removal, dan = filed("Acme Staging"), person("dan", Role.SECURITY)
    retention.put_on(sam, removal, "A dispute", "code")
    lift = {"lifts": "1", "reason": "over"}
    return [
        *doors.proved("asked for the purge", ada, at),
        *doors.proved("administers one client", person("ann", Role.ADMINISTRATOR), at),
        *doors.proved("their own hold", dan, f"/requests/{removal.reference}/hold/", **lift),
    ]


@pytest.mark.django_db(transaction=True)
def test_nobody_lets_their_own_words_or_purges_go(
    words: list[Press], records: list[Press], bob: Any, sam: Any, lin: Any, doors: Doors
) -> None:
    all_at_once([*words, *records])
    assert {each.standing for each in Letter.objects.all()} == {"draft"}
    assert not Letter.objects.exclude(approved_by=None) and not Letter.objects.filter(deliveries__gt=0)
    purge = Purge.objects.get()
    assert (purge.confirmed_by, purge.state) == (None, "waiting")
    assert LegalHold.objects.get().lifted_at is None
    for press, who in ((words[0], bob), (records[0], lin), (records[-2], sam)):
        assert doors.goes(press, who), press
    assert Letter.objects.filter(standing="approved", approved_by=bob).count() == 1


# ---------------------------------------------------------------- oneself


@pytest.fixture
def oneself(running: Make, filed: Make, workspace: Make, person: Make, doors: Doors) -> list[Press]:
    """Dan holds every role that could act, and it is about his own access."""
    dan = person("dan", Role.OPERATOR, Role.SECURITY, Role.APPROVER, Role.REQUESTER)
    removal, waits, now = running("Acme Staging"), filed("Acme EU"), datetime.now(UTC)
    by_hand = Run.objects.filter(item__plan__removal=removal, manual=True, state="needs_person")[0]
    at, step = f"/requests/{removal.reference}", f"/requests/{removal.reference}/steps/{by_hand.item.number}"
    browser, why = doors.sign_in(dan), {"reason": "because", "why": "because"}
    typed = {
        "email": DAN, "typed": DAN, "incident": "INC-9", "reason": "credentials-compromised", "act": "release",
        "known_day": f"{now - timedelta(days=1):%Y-%m-%d}", "known_clock": "00:00", "time_zone": "UTC",
    }  # fmt: skip
    return [
        *ways_to_approve("their own", dan, waits, doors),
        Press("assigns", browser, f"{step}/assign/", {"to": ""}),
        Press("skips", browser, f"{step}/skip/", why),
        Press("signs off", browser, f"{step}/sign-off/", {"attest": "on", "note": "seen"}),
        *(Press(act, browser, f"{at}/{act}/", why) for act in ("pause", "cancel-rest", "restore")),
        Press("releases", browser, "/emergency/", typed),
        Press("files", browser, "/requests/new/", {"addresses": DAN, "email": DAN, "name": "Dan"}),
    ]


@pytest.mark.django_db(transaction=True)
def test_nobody_steers_the_removal_of_their_own_access(oneself: list[Press], sam: Any, doors: Doors) -> None:
    before = RemovalRequest.objects.count()
    all_at_once(oneself)
    assert RemovalRequest.objects.count() == before and not Emergency.objects.exists()
    runs, requests = Run.objects, RemovalRequest.objects
    assert not runs.filter(ended_by__name="Dan") and not runs.filter(assigned_to__name="Dan")
    assert not requests.exclude(paused_at=None) and not requests.exclude(rest_cancelled_at=None)
    assert not Approval.objects.filter(approver__name="Dan")
    for press in oneself[3], oneself[4], oneself[6]:  # assign, skip, pause
        assert doors.goes(press, sam), press


@pytest.fixture
def afterwards(
    workspace: Make, person: Make, sam: Any, ada: Any, bob: Any, doors: Doors, settings: Any
) -> list[Press]:
    """Who confirmed an emergency reviews it; who is leaving confirms or reviews; the breaker wants a second person."""
    place, now = workspace("Acme Archive"), datetime.now(UTC)
    dan, other = person("dan", Role.SECURITY), Urgent([f"eve{DAN}"], "Eve", SAID.reason, "INC-2", "UTC")
    waiting = emergency.ask(other, now, [place], word(sam), Because.FACTOR, now)
    made = emergency.confirm(waiting, word(ada, "passkey"), now).removal
    own = emergency.release(SAID, now, [place], word(sam), now).removal
    asked = emergency.ask(
        Urgent([DAN, "d@x.example"], "Dan", SAID.reason, "INC-3", "UTC"), now, [workspace("Globex EU")],
        word(sam), Because.FACTOR, now,
    )  # fmt: skip
    settings.BREAKER_PEOPLE = 1
    fine = {"verdict": "confirm", "note": "Fine"}
    third = "third@partner.example"
    typed = {
        "email": third, "typed": third, "incident": "INC-4", "reason": SAID.reason, "act": "release",
        "known_day": f"{now - timedelta(days=1):%Y-%m-%d}", "known_clock": "00:00", "time_zone": "UTC",
    }  # fmt: skip
    at_dan = doors.sign_in(dan)
    return [
        Press("confirmed it", doors.sign_in(ada), f"/emergency/{made.reference}/review/", fine),
        Press("reviews their own", at_dan, f"/emergency/{own.reference}/review/", fine),
        Press("confirms their own", at_dan, f"/emergency/asks/{asked.pk}/", {}),
        Press("so much at once", doors.sign_in(sam), "/emergency/", typed),
    ]


@pytest.mark.django_db(transaction=True)
def test_nobody_is_their_own_second_person(afterwards: list[Press], bob: Any, lin: Any, doors: Doors) -> None:
    all_at_once(afterwards)
    assert Emergency.objects.count() == 2 and not Review.objects.exists()
    assert [each.open for each in Ask.objects.order_by("pk")] == [False, True]
    for press, who in zip(afterwards, (bob, bob, lin), strict=False):
        assert doors.goes(press, who), press


@pytest.fixture
def rights(
    ada: Any, lin: Any, bob: Any, person: Make, in_force: Make, propose: Make, clients: dict[str, Any], doors: Doors, today: date
) -> list[Press]:  # fmt: skip
    """One's own roles; an approver let in alone; the end of a policy that one proposed; a right passed on, or to oneself."""
    hank = person("hank", Role.OPERATOR)
    in_place_of(bob, hank, today)
    grants = roles.packed((Grant(Role.ADMINISTRATOR), Grant(Role.APPROVER)))
    more = session(lambda request: roles.keep(request, roles.ROLES, ada.pk, grants=grants))
    browser = doors.sign_in(ada, **more)
    lines = {"role-0": "administrator", "client-0": "all", "role-1": "approver", "client-1": "all"}
    in_force(Terms(owner=3))
    ends = propose(None)
    own = session(lambda request: policies.keep(request, policies.APPROVE, ends.pk))
    alone = session(lambda request: roles.keep(request, roles.INVITE, email=NEW, name="Nia", grants=grants))
    said = Said(Act.INVITE, "two@firm.example", "Two", (Grant(Role.APPROVER),))
    theirs = proposals.propose(ada, scope_of(ada, today), None, said, "w", "code", today)
    agrees = session(lambda request: proving.keep(request, proposed.KEY, act="agree", proposal=theirs.pk))
    at_policy, at_hank = doors.sign_in(ada, **own), doors.sign_in(hank)
    day = f"{today + timedelta(days=3):%Y-%m-%d}"
    to = {"to": str(ada.pk), "from_day": f"{today:%Y-%m-%d}", "from_clock": "00:00", "until_day": day,
          "until_clock": "12:00", "time_zone": "UTC", "why": "away"}  # fmt: skip
    return [
        Press("their own roles", browser, f"/setup/people/{ada.pk}/", lines),
        Press("their own roles", browser, "/setup/people/confirm/", {"nonce": more[roles.KEY]["nonce"]}),
        *(
            Press("themself", doors.sign_in(ada), f"/setup/people/{ada.pk}/{act}/", {})
            for act in ("disable", "sign-out")
        ),
        Press(
            "proposed its end", at_policy, "/setup/policies/confirm/", {"nonce": own[policies.KEY]["nonce"]}
        ),
        Press(
            "lets somebody in alone",
            doors.sign_in(ada, **alone),
            "/setup/people/confirm/",
            {"nonce": alone[roles.KEY]["nonce"]},
        ),
        Press(
            "agrees with themself",
            doors.sign_in(ada, **agrees),
            "/setup/people/proposals/confirm/",
            {"nonce": agrees[proposed.KEY]["nonce"]},
        ),
        Press("passes it on", at_hank, "/me/delegations/", to),
        Press("to themself", doors.sign_in(bob), "/me/delegations/", {**to, "to": str(bob.pk)}),
    ]


@pytest.mark.django_db(transaction=True)
def test_nobody_widens_their_own_rights(rights: list[Press], ada: Any, lin: Any, doors: Doors) -> None:
    before = Delegation.objects.count()
    all_at_once(rights)
    assert [each.role for each in Membership.objects.filter(user=ada)] == ["administrator"]
    ada.refresh_from_db()
    assert ada.is_active and Delegation.objects.count() == before
    assert PolicyVersion.objects.filter(standing="proposed").count() == 1
    assert not User.objects.filter(email__endswith="@firm.example").exists()
    assert doors.goes(rights[0], lin) and doors.goes(rights[2], lin)


@pytest.fixture
def restored(running: Make, alice: Any, person: Make, workspace: Make, doors: Doors) -> list[Press]:
    """Who asked for access back approves it, or whose access it is."""
    place, now = workspace("Acme Production"), datetime.now(UTC)
    removal = running(connected=(place,))
    Run.objects.filter(item__plan__removal=removal).update(state="done", ended="already")
    plan = journey.restore(
        removal, alice, [place], ends_at=now + timedelta(days=2), time_zone="UTC", why="It stopped", now=now
    )
    also(alice, Role.APPROVER)
    people = {"asked for it back": alice, "gets it back": person("dan", Role.APPROVER)}
    return [each for rule, who in people.items() for each in ways_to_approve(rule, who, plan.removal, doors)]


@pytest.mark.django_db(transaction=True)
def test_nobody_gives_access_back_alone(restored: list[Press], bob: Any, doors: Doors) -> None:
    before = Approval.objects.count()
    all_at_once(restored)
    assert Approval.objects.count() == before
    given_back = RemovalRequest.objects.get(restores__isnull=False)
    assert given_back.stage == Stage.PLANNED
    ways_to_approve("may", bob, given_back, doors)[0].send()
    given_back.refresh_from_db()
    assert given_back.stage == Stage.APPROVED
