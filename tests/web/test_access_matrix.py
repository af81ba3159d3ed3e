"""Every address, both methods, everybody: who gets in, and who does not learn that there is anything.

A new address fails here until `ROWS` says who may open it and who may act there. Nobody else gets an answer of 200 to
299, and nothing that they send leaves a trace but the note that it was refused. And every answer carries its headers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.test import Client as Browser
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from offboarding.directory.models import Engagement, Membership, Proposal
from offboarding.directory.rules import WITHIN_ENGAGEMENTS, Grant
from offboarding.ledger.models import Entry
from offboarding.users.models import User
from offboarding.users.rules import Role
from tests.conftest import DAN
from tests.web import carried
from tests.web.carried import Https, lacking

production = carried.production  # a fixture

INSIDE = {
    "alice": (Role.REQUESTER,),  # filed both requests
    "rita": (Role.REQUESTER,),
    "nora": (Role.REQUESTER,),  # within the engagement that covers the place
    "oz": (Role.OPERATOR,),  # the same
    "bob": (Role.APPROVER,),
    "olga": (Role.OPERATOR,),
    "sam": (Role.SECURITY,),
    "erin": (Role.AUDITOR,),
    "ada": (Role.ADMINISTRATOR,),
}
# Signed in, and yet nothing of this client exists for them.
OUTSIDE = {
    "carol": tuple(Role),  # every role, for another client
    "dan": tuple(Role),  # every role, and it is about their own access
    "otto": WITHIN_ENGAGEMENTS,  # within another engagement of the same client
    "late": WITHIN_ENGAGEMENTS,  # within one that covers the place, and that is over
    "past": (Role.AUDITOR,),  # the period is over
    "early": (Role.AUDITOR,),  # the period has not begun
}
ENGAGEMENTS = {"nora": "Analytics", "oz": "Analytics", "otto": "Build", "late": "Pilot"}
NOT_IN = ("stranger", "disabled")
EVERYBODY = frozenset(INSIDE)


def only(names: str) -> frozenset[str]:
    return frozenset(names.split())


@dataclass(frozen=True)
class Row:
    """Who may read the page, and who may act on it. `open`: also people who are not signed in; it shows nothing of a client's.

    `own`: everybody who signs in has it, outsiders too, each with their own things.
    """

    reads: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    open: bool = False
    own: bool = False


OPEN, OWN = Row(open=True), Row(own=True)
NOBODY: frozenset[str] = frozenset()
OF_THE_CLIENT = only("alice rita sam ada")
LEADS = OF_THE_CLIENT | only("nora")
WORKS = only("olga oz sam")
READERS = only("sam erin ada")
# They hold every role, for other clients or for this one: what is about no request is open to them, each with their own.
OTHERS_OWN = only("carol dan")
# The same of what they may who work within engagements.
OTHERS_WORK = OTHERS_OWN | only("otto")


def page(reads: frozenset[str] = EVERYBODY) -> Row:
    return Row(reads=reads)


def act(acts: frozenset[str], reads: frozenset[str] = NOBODY) -> Row:
    return Row(reads, acts)


def several(names: str, row: Row) -> dict[str, Row]:
    return dict.fromkeys(names.split(), row)


ROWS: dict[str, Row] = {
    # one's own sign-in
    **several(
        """
        account_login account_inactive account_reset_password account_reset_password_done
        account_reset_password_from_key account_reset_password_from_key_done mfa_authenticate
        mfa_login_webauthn account_logout api_me api_nothing sign_in_with sign_in_back saml_acs saml_done saml_metadata
        """,
        OPEN,
    ),
    **several(
        """
        account_change_password account_set_password account_reauthenticate mfa_index
        mfa_reauthenticate mfa_activate_totp mfa_deactivate_totp mfa_view_recovery_codes
        mfa_generate_recovery_codes mfa_download_recovery_codes mfa_list_webauthn mfa_add_webauthn
        mfa_reauthenticate_webauthn mfa_remove_webauthn mfa_edit_webauthn usersessions_list
        second_factor me keys prove_with api_keys api_key_new first_zone stay kept
        """,
        OWN,
    ),
    "delegations": OWN,
    "delegation_confirm": OWN,
    "delegation_cancel": act(only("bob")),
    # nobody's: an address is given by an administrator, and the demo is somewhere else
    **several(
        """
        closed_email closed_confirm_email closed_confirm_email_key closed_login_code closed_signup
        account_email account_signup account_confirm_email account_email_verification_sent
        account_confirm_login_code demo_signin demo_segment demo_workspace demo_act demo_token
        """,
        Row(),
    ),
    # lists: each sees their own
    **several(
        "work requests search evidence follow_ups",
        OWN,
    ),
    "file": Row(reads=LEADS | OTHERS_WORK, acts=LEADS | OTHERS_WORK),
    "many": act(LEADS | OTHERS_WORK, LEADS | OTHERS_WORK),
    "many_template": Row(own=True),
    "many_list": act(only("alice"), only("alice")),
    # a draft is its writer's alone
    **several(
        "draft draft_results draft_found_results draft_sent",
        page(only("alice")),
    ),
    **several(
        "draft_found draft_details draft_check draft_discard",
        act(only("alice"), only("alice")),
    ),
    # a request
    **several(
        """
        removal removal_checklist removal_timeline removal_evidence messages step packet
        evidence_file
        """,
        page(),
    ),
    **several(
        """
        packet_packet packet_report packet_bag packet_digest packet_signature packet_key
        packet_program packet_version packet_version_packet packet_version_report packet_version_bag
        packet_version_digest packet_version_signature packet_version_key packet_version_program
        """,
        page(),
    ),
    "packet_check": act(EVERYBODY),
    "packet_copy": act(LEADS, LEADS),
    "packet_copy_packet": Row(),  # none was made
    # who may read all of a packet has no part of it: tests/web/test_client_parts.py
    **several("packet_part packet_part_packet", Row()),
    "shares": page(LEADS),
    "share_new": act(LEADS),
    "share_end": act(LEADS, LEADS),
    # to nobody without the secret of a link, which stands nowhere: tests/packets/test_shares.py has one
    **several(
        """
        shared shared_code shared_enter shared_packet shared_report shared_bag shared_digest shared_signature
        shared_key shared_program
        """,
        Row(),
    ),
    "verify": OWN,
    # the record
    **several("audit audit_export audit_export_csv audit_export_jsonl", page(READERS | OTHERS_OWN)),
    **several(
        "population population_export population_csv population_xlsx population_print",
        page(READERS | OTHERS_OWN),
    ),
    "population_copy": act(only("sam ada") | OTHERS_OWN),
    "population_sample": Row(),  # without a size and a seed there is no sample
    "audit_check": act(READERS | OTHERS_OWN),
    **several("audit_entry audit_proof", page(READERS)),
    # of the ledger as a whole: nothing about anybody
    **several("audit_checkpoint audit_signing_keys audit_consistency", page(READERS | OTHERS_OWN)),
    "audit_compare": act(READERS | OTHERS_OWN, READERS | OTHERS_OWN),
    "approve": act(NOBODY, EVERYBODY),  # decided already
    "approve_confirm": page(),
    **several(
        "removal_change removal_withdraw removal_files removal_file_back",
        act(NOBODY, EVERYBODY),
    ),  # running already
    **several(
        "removal_pause removal_cancel_rest",
        act(only("alice") | WORKS, EVERYBODY),
    ),
    "removal_restore": act(LEADS, EVERYBODY),
    "removal_ask_again": act(NOBODY),  # not expired
    "removal_resume": act(NOBODY),  # not paused
    "removal_answer": act(NOBODY),  # nothing was asked
    # letters
    "letter": page(),
    "letter_write": Row(),  # of no client and no kind
    **several(
        "letter_edit letter_again",
        act(only("alice rita nora") | WORKS),
    ),
    "letter_approve": act(EVERYBODY - only("erin ada alice"), EVERYBODY),  # Alice wrote it
    **several(
        "letter_send letter_withdraw letter_copy_again letter_copy_arrived",
        act(only("alice rita nora") | WORKS, EVERYBODY),
    ),
    "letter_terms": act(only("ada dan"), only("ada dan")),
    "letter_words": act(only("ada dan"), only("ada dan")),
    "message_again": act(only("alice") | WORKS, only("alice") | WORKS),
    # a step
    **several(
        "step_sign_off step_assign",
        act(WORKS),
    ),
    "step_remove_proof": act(WORKS, WORKS),
    "step_skip": act(WORKS, WORKS),
    **several(
        """
        step_retry step_by_hand step_undo step_login step_old_token step_key step_key_ask
        step_key_take
        """,
        Row(),
    ),
    **several(
        "step_key_add step_key_lost",
        act(NOBODY, WORKS),
    ),
    # emergencies
    "emergency": act(only("sam") | OTHERS_OWN, only("sam") | OTHERS_OWN),
    "emergency_seen": page(only("sam") | OTHERS_OWN),
    "emergency_ask": act(only("sam ada"), only("sam ada")),
    "emergency_status": page(),
    "emergency_keys": Row(),  # nothing is queued
    "emergency_review": act(only("bob sam ada"), only("bob sam ada")),
    # set-up
    "connections": page(only("olga sam ada") | OTHERS_OWN),
    "start": page(only("ada") | OTHERS_OWN),
    "connect": act(only("olga ada") | OTHERS_OWN, only("olga ada") | OTHERS_OWN),
    "wanted": act(only("olga ada dan"), only("olga ada dan")),
    "wanted_end": act(only("olga ada dan")),
    "connection_test": act(only("olga ada dan")),
    "connection": page(only("olga sam ada dan")),
    "connection_edit": act(only("olga ada dan"), only("olga ada dan")),
    "connection_end": act(only("ada dan"), only("ada dan")),
    "token": act(only("olga ada dan"), only("olga ada dan")),
    "trail": page(only("olga sam ada dan")),
    "trail_copy": act(only("olga sam ada dan")),
    "trail_file": act(only("olga sam ada dan"), only("olga sam ada dan")),
    "people": page(only("sam ada") | OTHERS_OWN),
    "invite": act(only("ada") | OTHERS_OWN, only("ada") | OTHERS_OWN),
    "confirm_people": page(),
    "confirm_people_proposal": page(),
    "people_proposal": page(only("ada dan")),
    "people_proposal_decide": act(only("ada dan")),
    "person": act(only("ada dan"), only("sam ada dan")),
    "person_act": act(only("ada dan")),
    "person_correct": act(only("ada dan")),
    "person_delegation_end": act(only("ada dan")),
    "policies": page(only("sam ada") | OTHERS_OWN),
    "policy_applies": page(only("sam ada") | OTHERS_OWN),
    "policy_new": act(only("ada") | OTHERS_OWN, only("ada") | OTHERS_OWN),
    "policy_confirm": page(),
    "policy": page(only("sam ada dan")),
    "policy_change": act(only("ada dan"), only("ada dan")),
    "policy_end": act(only("ada dan"), only("ada dan")),
    "policy_proposal": page(only("sam ada dan")),
    "policy_decide": act(only("ada dan")),
    # where people sign in instead of here: for administrators of all clients, and here nobody is one
    **several("ways_in way_add way way_test way_try way_act", Row()),
    # for all clients: nobody here reaches so far
    **several("settings settings_confirm settings_versions settings_change settings_back", Row()),
    "clients": page(LEADS | OTHERS_WORK),
    "client_add": Row(),  # only for who administers all clients
    "client": page(OF_THE_CLIENT | only("dan")),
    **several(
        """
        client_edit client_end engagement_add engagement_edit engagement_end
        """,
        act(only("ada dan"), only("ada dan")),
    ),
    "client_retention": act(only("ada dan"), only("ada dan")),
    # for who administers all clients, and here nobody does
    **several("client_purges client_purge_ask client_purge_confirm client_purge_decline", Row()),
    "client_hold": act(only("sam ada dan"), only("sam ada dan")),
    "removal_hold": act(only("sam ada"), EVERYBODY),
    **several(
        "client_reopen engagement_reopen",
        act(NOBODY, only("ada dan")),
    ),  # not ended
    "engagement": page(LEADS | only("dan")),
    "engagement_workspaces": act(only("ada dan")),
    "engagement_leave": act(only("alice rita nora ada dan")),
    # collaborators
    "collaborators": page(LEADS | OTHERS_WORK),
    "collaborator_add": act(
        only("alice rita nora ada") | OTHERS_WORK, only("alice rita nora ada") | OTHERS_WORK
    ),
    "collaborator": page(LEADS | only("dan")),
    "collaborator_edit": act(only("alice rita ada dan"), only("alice rita ada dan")),
    **several(
        "collaborator_address collaborator_address_move",
        act(only("alice rita ada dan")),
    ),
    **several("collaborator_join collaborator_leave", act(only("alice rita nora ada dan"))),
    "collaborator_merge": act(only("ada dan"), only("ada dan")),
    "api_key_end": Row(),  # nobody's own
    "browser_end": Row(),  # nobody's own
    "engine": page(only("olga ada") | OTHERS_OWN),
    "engine_go_on": Row(),  # does not stand still
    "engine_again": Row(),  # none stopped
}


# ---------------------------------------------------------------- the world that is knocked at


@dataclass(frozen=True)
class World:
    """One request that runs, one draft of Alice's, one that is closed with a sealed packet; all of Acme."""

    numbers: dict[str, Any]
    places: dict[str, dict[str, Any]]

    def path(self, name: str) -> str:
        wanted = self.numbers | self.places.get(name.split("_")[0], {}) | self.places.get(name, {})
        for given in ARGUMENTS:
            try:
                return reverse(name, kwargs={key: wanted[key] for key in given if key in wanted})
            except NoReverseMatch:
                continue
        raise AssertionError(f"{name} has an argument that this test does not know")


ARGUMENTS = (
    (),
    ("number",),
    ("number", "step"),
    ("number", "client"),
    ("number", "step", "proof"),
    ("number", "question"),
    ("number", "message"),
    ("number", "pk"),
    ("number", "version"),
    ("number", "version", "copy"),
    ("token",),
    ("seq",),
    ("pk",),
    ("pk", "name"),
    ("pk", "delegation"),
    ("number", "letter"),
    ("number", "letter", "copy"),
    ("pk", "kind"),
    ("group",),
    ("group", "version"),
    ("pk", "engagement"),
    ("pk", "engagement", "person"),
    ("pk", "address", "name"),
    ("slug",),
    ("slug", "name"),
    ("name", "pk"),
    ("rest",),
    ("key",),
    ("uidb36", "key"),
)


@pytest.fixture
def world(
    running: Callable[..., Any],
    drafted: Callable[..., Any],
    workspace: Callable[..., Any],
    person: Callable[..., Any],
    bob: Any,
    olga: Any,
    settings: Any,
    tmp_path: Path,
) -> World:
    from offboarding.approvals.models import Delegation
    from offboarding.connections.models import Wanted
    from offboarding.directory.models import Address, Collaborator
    from offboarding.evidence.actions import keep
    from offboarding.execution.models import Proof, Run
    from offboarding.letters.actions import write_letter
    from offboarding.letters.rules import Kind
    from offboarding.notifications.models import Message
    from offboarding.packets import perform
    from offboarding.packets.models import Packet, Share
    from offboarding.removals.models import Batch, RemovalRequest
    from offboarding.work.actions import claim
    from offboarding.work.rules import State

    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    place = workspace("Acme Production")
    goes, closed = running(connected=(place,)), running(connected=(place,))
    draft = drafted(connected=(place,))
    run = Run.objects.filter(item__plan__removal=goes, manual=True).order_by("pk")[0]
    file = keep(
        BytesIO(b"picture"), name="t.png", media_type="image/png", shows="t", source="person", taken_by="Olga",
        client=place.client,
    )  # fmt: skip
    proof = Proof.objects.create(run=run, evidence=file, added_by=olga)
    late = Run.objects.filter(item__plan__removal=closed).order_by("pk")[0]
    Proof.objects.create(run=late, evidence=file, added_by=olga)
    RemovalRequest.objects.filter(pk=closed.pk).update(stage="closed", closed_at=datetime.now(UTC))
    packet = Packet.objects.create(removal=closed, version=1, state=State.READY)
    held = claim(Packet, packet.pk)
    assert held
    perform.perform(held)
    urgent, ask = emergencies(place, person("una", Role.SECURITY, clients_=("Acme",)))
    message = Message.objects.create(
        entry=Entry.objects.filter(about=goes.reference).order_by("-seq")[0],
        recipient=bob,
        kind="decide",
        about=goes.reference,
        pace="at once",
        subject="s",
        text="t",
        url="/",
    )
    letter = write_letter(goes, place.client, Kind.CLIENT, goes.requester, date.today())
    copy = letter.deliveries.create(means="mail", address="it@acme.example", state=State.READY)
    proposed = proposal(place.client, person("eve"))
    lets_in = Proposal.objects.create(
        act="invite", email="x@firm.example", name="X", why="w", proposed_by=proposed.proposed_by,
        proposed_method="code", reach=[place.client_id],
        grants=[Grant(Role.APPROVER, place.client_id).as_json()],
    )  # fmt: skip
    sealed = {"number": closed.number, "pk": file.pk, "version": 1}
    until = datetime.now(UTC) + timedelta(days=7)
    share = Share.objects.create(
        packet=packet, address="x@firm.example", made_by=closed.requester, until=until
    )
    works, _build, _pilot = engagements(place, workspace("Acme Staging"), closed.requester)
    kim = Collaborator.objects.create(client=place.client, name="Kim")
    address = Address.objects.create(collaborator=kim, email="kim@partner.example")
    kim.engagements.add(works)
    wanted = Wanted.objects.create(
        client=place.client, name="X", environment="staging", region="us", owner=olga, asked_by=bob
    )
    begins = datetime.now(UTC)
    given = Delegation.objects.create(
        giver=bob,
        to=person("eli", Role.AUDITOR, clients_=("Acme",)),
        starts_at=begins,
        ends_at=begins + timedelta(days=7),
        why="w",
        method="code",
    )
    batch = Batch.objects.create(owner=closed.requester, reason="contract-ended", time_zone="UTC")
    batch.rows.create(number=1, email="kim@partner.example")
    client = {"pk": place.client_id, "engagement": works.pk, "person": kim.pk}
    collaborator = {"pk": kim.pk, "engagement": works.pk, "address": address.pk, "name": "retire"}
    return World(
        {
            "number": goes.number,
            "seq": Entry.objects.filter(about=goes.reference).order_by("seq")[0].seq,
            "step": run.item.number,
            "proof": proof.pk,
            "question": 1,
            "message": message.pk,
            "pk": place.pk,
            "slug": "acme-production",
            "key": "x",
            "rest": "v1/nothing",
            "token": "x" * 43,
            "uidb36": "1",
        },
        {
            "draft": {"number": draft.number},
            "packet": sealed,
            "packet_copy_packet": {"copy": 1},
            "packet_part": {"client": client["pk"]},
            "packet_part_packet": {"client": client["pk"]},
            "shares": sealed,
            "share": {"number": closed.number, "pk": share.pk},
            "evidence_file": sealed,
            "letter": {"letter": letter.pk, "copy": copy.pk, "kind": "client"},
            "letter_terms": client,
            "letter_words": client,
            "client": client,
            "engagement": client,
            "wanted": {"pk": wanted.pk},
            "settings": {"group": "due", "version": 0},
            "many_list": {"pk": batch.pk},
            "collaborator": collaborator,
            "emergency": {"number": urgent.number},
            "emergency_ask": {"pk": ask.pk},
            "person": {"pk": bob.pk},
            "person_act": {"pk": bob.pk, "name": "sign-out"},
            "person_correct": {"pk": bob.pk},
            "people_proposal": {"pk": lets_in.pk},
            "people_proposal_decide": {"pk": lets_in.pk, "name": "decline"},
            "person_delegation_end": {"pk": bob.pk, "delegation": given.pk},
            "delegation_cancel": {"pk": given.pk},
            "policy": {"pk": proposed.policy_id},
            "policy_proposal": {"pk": proposed.pk},
            "policy_decide": {"pk": proposed.pk, "name": "approve"},
            "way_act": {"slug": "okta", "name": "on"},
            "engine_again": {"name": "looks"},
            "browser_end": {"pk": 9_999_999},
        },
    )


def engagements(place: Any, another: Any, lead: Any) -> list[Any]:
    """One that covers the place, one that covers another, and one that covered the place until yesterday."""
    from offboarding.connections.models import Coverage
    from offboarding.directory.models import Engagement

    made = []
    for name, where, days in (("Analytics", place, 0), ("Build", another, 9), ("Pilot", place, -1)):
        last = datetime.now(UTC).date() + timedelta(days=days) if days else None
        made.append(Engagement.objects.create(client=place.client, name=name, lead=lead, ends_on=last))
        Coverage.objects.create(engagement=made[-1], workspace=where)
    return made


def proposal(client: Any, by: Any) -> Any:
    """What somebody proposed for this client, and nobody has decided."""
    from offboarding.approvals.models import Policy, PolicyVersion
    from offboarding.approvals.policies.rules import Terms

    policy = Policy.objects.create(client=client)
    return PolicyVersion.objects.create(
        policy=policy, terms_data=Terms().as_json(), why="w", proposed_by=by, proposed_method="code"
    )


def emergencies(place: Any, una: Any) -> tuple[Any, Any]:
    """One that Una released, and one that she asks a second person for; both are about Dan."""
    from offboarding.emergencies.actions import Word
    from offboarding.emergencies.rules import Because
    from offboarding.journey import emergency
    from offboarding.removals.urgent import Urgent

    now = datetime.now(UTC)
    said = Urgent([DAN], "Dan", "credentials-compromised", "INC-1", "UTC")
    ask = emergency.ask(said, now, [place], Word(una, "Remove", "", None), Because.FACTOR, now)
    return emergency.release(said, now, [place], Word(una, "Remove", "code", None), now).removal, ask


@pytest.fixture
def everybody(clients: dict[str, Any], world: World, today: date) -> dict[str, Any]:
    """All of them, with roles for Acme alone, or within an engagement of it, or for Hooli."""
    within = dict(Engagement.objects.values_list("name", "pk"))
    found = {}
    for key, roles in (INSIDE | OUTSIDE).items():
        email = DAN if key == "dan" else f"{key}@northwind.example"
        user = User.objects.filter(email=email).first() or User.objects.create_user(email, key.title())
        Membership.objects.filter(user=user).delete()
        days = {"past": (-90, -1), "early": (1, 90)}.get(key)
        for role in roles:
            Membership.objects.create(
                user=user,
                role=role.value,
                client=clients["Hooli" if key == "carol" else "Acme"],
                engagement_id=within[ENGAGEMENTS[key]] if key in ENGAGEMENTS else None,
                starts_on=today + timedelta(days=days[0]) if days else None,
                ends_on=today + timedelta(days=days[1]) if days else None,
            )
        found[key] = user
    gone = User.objects.create_user("gone@northwind.example", "Gone")
    Membership.objects.create(user=gone, role=Role.SECURITY.value)
    return {**found, "disabled": gone}


# ---------------------------------------------------------------- knocking


def patterns(found: Any = None) -> Iterator[URLPattern]:
    for each in (found or get_resolver()).url_patterns:
        if isinstance(each, URLResolver):
            yield from patterns(each)
        else:
            yield each


def names() -> Iterator[str]:
    """Every name of an address: two addresses with one name lead to one view."""
    return (str(each.name) for each in patterns())


@dataclass(frozen=True)
class Answered:
    """One answer, the events that it left, and what its headers or its page lack."""

    status: int
    leads: str
    left: list[str]
    lacks: list[str]


def answers(browser: Browser, method: str, path: str, newest: int) -> Answered:
    """With nothing of it kept, on neither side. `newest`: the last entry of the ledger before."""
    cookies = deepcopy(browser.cookies)
    with transaction.atomic():
        answer = getattr(browser, method)(path)
        if answer.streaming:
            read_and_close(answer)
        left = list(Entry.objects.filter(seq__gt=newest).values_list("event", flat=True))
        transaction.set_rollback(True)
    browser.cookies = cookies
    return Answered(answer.status_code, answer.get("Location", ""), left, list(lacking(answer)))


def read_and_close(answer: Any) -> None:
    """As a server does; but the connection to the database is the test's, and stays."""
    assert b"".join(answer.streaming_content)
    request_finished.disconnect(close_old_connections)
    try:
        answer.close()
    finally:
        request_finished.connect(close_old_connections)


def faults(row: Row, who: str, method: str, numbered: bool, found: Answered) -> Iterator[str]:
    """What is wrong with one answer, in words. `numbered`: the address holds the number of a request."""
    yield from found.lacks
    if found.status >= 500:
        yield "a server error"
    # So that nobody learns which numbers exist.
    if who in OUTSIDE and numbered and method == "get" and (found.status not in (404, 405) or found.left):
        yield "a request of others is not as one that does not exist"
    if who in NOT_IN:
        yield from () if row.open else let_in(found)
    elif not (row.open or row.own):
        yield from beyond(row, who, method, found)


def let_in(found: Answered) -> Iterator[str]:
    elsewhere = found.status == 302 and not found.leads.startswith("/signin/")
    if 200 <= found.status < 300 or elsewhere or found.left:
        yield "somebody who is not signed in got an answer"


def beyond(row: Row, who: str, method: str, found: Answered) -> Iterator[str]:
    acted = [event for event in found.left if event not in HARMLESS]
    may = row.reads if method == "get" else row.acts
    if who not in may and 200 <= found.status < 300:
        yield "opened for somebody who may not"
    if method == "post" and who not in row.acts and acted:
        yield f"acted for somebody who may not: {acted}"
    if who in may and found.status in (403, 404, 405):
        yield "refused to somebody who may"
    hidden = (403, 404, 405, *ELSEWHERE)
    if who in OUTSIDE and who not in row.reads | row.acts and found.status not in hidden:
        yield "told to somebody for whom it does not exist"


# Told of whoever was refused: what they tried, and that an auditor had the request before them.
HARMLESS = ("plan.decision_refused", "user.sign_in_failed", "removal.read")
ELSEWHERE = (302,)  # to a list that is theirs


# Who knocks at the same world: to make one costs as much as a hundred knocks.
TOGETHER = (
    "alice carol early nora otto",
    "rita sam dan",
    "bob olga oz late stranger",
    "erin ada past disabled",
)


@pytest.mark.usefixtures("production")
def test_for_an_auditor_of_another_period_no_request_exists(
    world: World, everybody: dict[str, Any], today: date
) -> None:
    """Nor a file, a packet or a letter of one: whatever an auditor may open and is one thing among others."""
    held = Membership.objects.filter(user=everybody["erin"])
    held.update(records_from=today - timedelta(days=400), records_until=today - timedelta(days=300))
    browser, newest = Https(), Entry.objects.order_by("-seq").values_list("seq", flat=True)[0]
    browser.force_login(everybody["erin"])
    one_of_many = {str(each.name) for each in patterns() if "<" in str(each.pattern)}
    tried = [name for name, row in ROWS.items() if "erin" in row.reads and name in one_of_many]
    found = {name: answers(browser, "get", world.path(name), newest) for name in tried}
    assert len(tried) > 20
    assert not {name: each.status for name, each in found.items() if each.status != 404 or each.left}


def test_everybody_knocks() -> None:
    assert sorted(" ".join(TOGETHER).split()) == sorted([*INSIDE, *OUTSIDE, *NOT_IN])


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("together", TOGETHER)
def test_nobody_gets_in_where_they_may_not(together: str, world: World, everybody: dict[str, Any]) -> None:
    User.objects.filter(pk=everybody["disabled"].pk).update(is_active=False)
    newest = Entry.objects.order_by("-seq").values_list("seq", flat=True)[0]
    paths = {name: world.path(name) for name in ROWS}
    numbered = {str(each.name) for each in patterns() if "number" in str(each.pattern)}
    wrong = []
    for who in together.split():
        browser = Https()
        if who != "stranger":
            browser.force_login(everybody[who])
        for name, row in ROWS.items():
            for method in ("get", "post"):
                found = answers(browser, method, paths[name], newest)
                wrong += [
                    f"{who} {method} {name}: {found.status} {found.leads}: {says}"
                    for says in faults(row, who, method, name in numbered, found)
                ]
    assert not wrong, "\n".join(wrong)


NO_OTHERS = ("put", "patch", "delete", "trace", "options")


@pytest.mark.usefixtures("production")
def test_no_other_method_opens_or_does_anything(world: World, everybody: dict[str, Any]) -> None:
    """Nobody needs one of them here, not even who may do everything else."""
    newest = Entry.objects.order_by("-seq").values_list("seq", flat=True)[0]
    wrong = []
    for who in ("stranger", "ada"):
        browser = Https()
        if who != "stranger":
            browser.force_login(everybody[who])
        for name in ROWS:
            for method in NO_OTHERS:
                found = answers(browser, method, world.path(name), newest)
                if found.status not in (404, 405) or found.left or found.lacks:
                    wrong.append(f"{who} {method} {name}: {found.status} {found.left} {found.lacks}")
    assert not wrong, "\n".join(wrong)


def test_every_address_has_a_row() -> None:
    assert set(names()) == set(ROWS)
