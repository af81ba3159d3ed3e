"""What stopped three times, of every kind: who sees it, who has it tried again, and what is refused."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from offboarding.directory.models import Membership
from offboarding.discovery.models import Look
from offboarding.evidence.actions import keep
from offboarding.execution.models import Run
from offboarding.execution.rules import Cause
from offboarding.ledger.models import Entry
from offboarding.letters.actions import write_letter
from offboarding.letters.rules import Kind
from offboarding.lib.addresses import key
from offboarding.notifications.models import Message
from offboarding.packets.models import Packet, Redaction
from offboarding.reports.models import Check
from offboarding.retention.models import EvidenceCheck, Extension, Purge
from offboarding.stamps.models import Stamping
from offboarding.trail.models import Harvest
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.web.engine.facts import KINDS as NAMED
from offboarding.web.engine.stopped import KINDS
from offboarding.work.desks import DESKS
from tests import conftest
from tests.conftest import DAN
from tests.lasting import lasting

lasting(
    globals(),
    conftest,
    "today clients person alice bob ada olga decide workspace seen drafted filed running",
)
Make = Callable[..., Any]
URL = "/setup/engine/"
THREE = {
    "state": "needs_person",
    "not_before": None,
    "crashes": 3,
    "waiting_for": "stopped 3 times while working on this; a person has to look",
}
NOW = datetime(2026, 3, 31, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def removal(running: Make) -> Any:
    return running("Acme Production")


@pytest.fixture
def made(removal: Any, clients: dict[str, Any], alice: Any, ada: Any, settings: Any, tmp_path: Path) -> Make:
    """One row of this kind that stopped. All of them are about Acme, or about all clients."""
    settings.EVIDENCE_ROOT = tmp_path / "evidence"
    lin = User.objects.create_user("lin@northwind.example", "Lin")
    place = removal.places.get().workspace
    acme, number = clients["Acme"], iter(range(1, 100))

    def sealed() -> Any:
        return Packet.objects.create(
            removal=removal,
            version=next(number),
            state="done",
            sha256="5" * 64,
            sealed_at=NOW,
            not_before=None,
        )

    def step() -> Any:
        run = Run.objects.filter(item__plan__removal=removal, manual=False).exclude(cause=Cause.CRASHED)[0]
        Run.objects.filter(pk=run.pk).update(**THREE, cause=Cause.CRASHED, sentence="It stopped 3 times.")
        run.refresh_from_db()
        return run

    def letter(**fields: Any) -> Any:
        of = removal.letters.first() or write_letter(removal, acme, Kind.CLIENT, alice, date.today())
        address = f"it{next(number)}@acme.example"
        return of.deliveries.create(means="mail", address=address, **{**THREE, **fields})

    def message(about: str, **fields: Any) -> Any:
        to = User.objects.create_user(f"a{next(number)}@northwind.example", "Alice")
        return Message.objects.create(
            entry=Entry.objects.order_by("seq")[0], recipient=to, kind="decide", about=about,
            pace="at once", subject="Something happened", text="t", url="/", **{**THREE, **fields},
        )  # fmt: skip

    def look() -> Any:
        address = f"{next(number)}.{DAN}"
        return Look.objects.create(
            workspace=place, person=key([address]), addresses=[address], asked_by=alice, **THREE
        )

    def file() -> Any:
        data = BytesIO(b"%d" % next(number))
        return keep(data, name="a.csv", media_type="text/csv", shows="a", source="person", taken_by="O", client=acme)  # fmt: skip

    def purge() -> Any:
        return Purge.objects.create(
            client=acme, before=NOW.date(), why="w", files=1, size=1, asked_by=ada, confirmed_by=lin, **THREE
        )

    kinds: dict[str, Callable[[], Any]] = {
        "steps": step,
        "packets": lambda: Packet.objects.create(removal=removal, version=next(number), **THREE),
        "copies": lambda: Redaction.objects.create(packet=sealed(), asked_by=alice, words=["Kim"], **THREE),
        "letters": letter,
        "letter in doubt": lambda: letter(state="unknown", handed_over_at=NOW),
        "messages": lambda: message(removal.reference),
        "message in doubt": lambda: message(removal.reference, state="unknown", handed_over_at=NOW),
        "notice": lambda: message(""),
        "notice in doubt": lambda: message("", state="unknown", handed_over_at=NOW),
        "looks": look,
        "trails": lambda: Harvest.objects.create(workspace=place, lack="crashed", ended_at=NOW, **THREE),
        "trail file": lambda: Harvest.objects.create(workspace=place, file=file(), **THREE),
        "checks": lambda: Check.objects.create(**THREE),
        "stamps": lambda: Stamping.objects.create(pk=next(number), begins=1, **THREE),
        "evidence_checks": lambda: EvidenceCheck.objects.create(**THREE),
        "extensions": lambda: Extension.objects.create(client=acme, years=9, **THREE),
        "purges": purge,
    }

    def make(name: str) -> Any:
        return kinds[name]()

    return make


@dataclass(frozen=True)
class Case:
    """`by`: who has it tried again on this page; nobody where that is decided on the page it links to."""

    name: str
    kind: str
    title: str
    by: str = "ada"
    event: str = "engine.try_again_asked"
    link: str = ""
    all_clients: bool = False


CASES = (
    Case("steps", "steps", ", step ", "olga", "item.retried", "/steps/"),
    Case("packets", "packets", "evidence packet, version", event="packet.ordered", link="/evidence/"),
    Case("copies", "copies", "redacted copy of packet version", event="packet.copy_ordered", link="#copy"),
    Case("letters", "letters", "Letter to the client: Acme", "", link="/letters/"),
    Case("letter in doubt", "letters", "Letter to the client: Acme", "", link="/letters/"),
    Case("messages", "messages", "message: Something happened", "", link="/messages/"),
    Case("message in doubt", "messages", "message: Something happened", "", link="/messages/"),
    Case(
        "notice",
        "messages",
        "Message to Alice: Something happened",
        event="message.send_again_asked",
        all_clients=True,
    ),
    Case("looks", "looks", "Search for a person in Acme Production", "olga", "discovery.look_asked"),
    Case("trails", "trails", "Copy of the audit trail of Acme Production", "olga", link="/events/"),
    Case("trail file", "trails", "File with audit events of Acme Production", "olga", link="/events/"),
    Case("checks", "checks", "Check of the ledger", link="/audit/", all_clients=True),
    Case("stamps", "stamps", "Stamping of the ledger", link="/audit/", all_clients=True),
    Case("evidence_checks", "evidence_checks", "Check of the evidence", all_clients=True),
    Case("extensions", "extensions", "Longer retention of what is kept of Acme", link="/retention/"),
    Case("purges", "purges", "Purge of what is past its last day of Acme", link="/purge/"),
)
NAMES = [case.name for case in CASES]
PRESSED = [case for case in CASES if case.by]
every = pytest.mark.parametrize("case", CASES, ids=NAMES)
pressed = pytest.mark.parametrize("case", PRESSED, ids=[case.name for case in PRESSED])


@pytest.fixture(scope="module")
def people(person: Make, ada: Any, olga: Any) -> dict[str, Any]:
    both = (Role.ADMINISTRATOR, Role.OPERATOR)
    return {
        "ada": ada,
        "olga": olga,
        "henry": person("henry", *both, clients_=("Hooli",)),
        "max": person("max", *both, clients_=("Acme", "Globex", "Hooli")),
    }


def shown(client: Client, user: Any) -> str:
    client.force_login(user)
    text: str = html.unescape(client.get(URL).content.decode())
    return text


def again(case: Case, row: Any) -> str:
    if case.kind == "steps":
        return f"/requests/{row.item.plan.removal.reference}/steps/{row.item.number}/retry/"
    return f"{URL}{case.kind}/{row.pk}/again/"


def last(event: str) -> Any:
    return Entry.objects.filter(event=event).order_by("-seq").first()


def test_every_kind_of_work_has_a_line() -> None:
    assert [label for label in DESKS if NAMED[label] not in KINDS] == []
    assert {case.kind for case in CASES} == set(KINDS)


@every
def test_it_is_seen_with_why_and_with_what_comes_next(
    client: Client, made: Make, people: dict[str, Any], case: Case
) -> None:
    row = made(case.name)
    page = shown(client, people[case.by or "ada"])
    line = page.split(f'id="{case.kind}-{row.pk}' if case.link else case.title)[1].split("</li>")[0]
    assert case.title in page and "stopped 3 times" in line
    assert case.link in line
    assert (again(case, row) in line) is bool(case.by)


@every
def test_who_works_for_another_client_sees_nothing_of_it(
    client: Client, made: Make, people: dict[str, Any], case: Case
) -> None:
    row = made(case.name)
    page = shown(client, people["henry"])
    assert case.title not in page and "1 more is not yours to see" in page
    assert client.post(again(case, row), {"fence": row.fence}).status_code == 404
    row.refresh_from_db()
    assert row.state == ("unknown" if "doubt" in case.name else "needs_person")


@pytest.mark.parametrize("case", [case for case in CASES if case.all_clients], ids=lambda case: case.name)
def test_what_is_of_all_clients_is_for_who_administers_all(
    client: Client, made: Make, people: dict[str, Any], case: Case
) -> None:
    row = made(case.name)
    assert case.title not in shown(client, people["max"])
    assert client.post(again(case, row), {"fence": row.fence}).status_code == 404


@pressed
def test_it_is_tried_again(client: Client, made: Make, people: dict[str, Any], case: Case) -> None:
    row = made(case.name)
    page = shown(client, people[case.by])
    form = page.split(f'action="{again(case, row)}"')[1].split("</form>")[0]
    assert f'name="fence" value="{row.fence}"' in form
    answer = client.post(again(case, row), {"fence": row.fence}, follow=True)
    assert answer.status_code == 200
    entry = last(case.event)
    assert entry.actor_id == str(people[case.by].pk)
    assert case.title not in shown(client, people[case.by])
    fresh = Look.objects.latest("pk") if case.kind == "looks" else row
    fresh.refresh_from_db()
    assert (fresh.state, fresh.crashes) == ("ready", 0)


@pressed
def test_what_moved_meanwhile_is_refused(
    client: Client, made: Make, people: dict[str, Any], case: Case
) -> None:
    if case.kind == "steps":
        return  # a step's own page refuses
    row = made(case.name)
    client.force_login(people[case.by])
    before = Entry.objects.count()
    type(row).objects.filter(pk=row.pk).update(fence=row.fence + 1)
    answer = client.post(again(case, row), {"fence": row.fence})
    assert answer.status_code == 409 and "moved on meanwhile" in answer.content.decode()
    type(row).objects.filter(pk=row.pk).update(state="cancelled")
    assert client.post(again(case, row), {"fence": row.fence + 1}).status_code == 409
    assert client.post(again(case, row)).status_code == 409
    assert Entry.objects.count() == before


def test_an_operator_sees_what_only_an_administrator_has_tried_again(
    client: Client, made: Make, people: dict[str, Any]
) -> None:
    for name in ("extensions", "purges"):
        row = made(name)
        page = shown(client, people["olga"])
        assert row.client.name in page and f"{URL}{name}/" not in page
        assert client.post(f"{URL}{name}/{row.pk}/again/", {"fence": row.fence}).status_code == 403


def test_a_notice_that_may_have_been_sent_is_read_about_before_it_goes_twice(
    client: Client, made: Make, people: dict[str, Any]
) -> None:
    row = made("notice in doubt")
    page = shown(client, people["ada"])
    url = f"{URL}messages/{row.pk}/again/"
    assert f'href="{url}"' in page and f'action="{url}"' not in page
    asked = client.get(url).content.decode()
    assert "may arrive twice" in asked and f'value="{row.fence}"' in asked
    client.post(url, {"fence": row.fence})
    row.refresh_from_db()
    assert row.fence == 1 and row.handed_over_at is None and last("message.send_again_asked")


def test_what_a_later_one_made_up_for_is_no_longer_here(
    client: Client, made: Make, people: dict[str, Any]
) -> None:
    later: dict[str, Callable[[Any], Any]] = {
        "checks": lambda row: Check.objects.create(state="done"),
        "evidence_checks": lambda row: EvidenceCheck.objects.create(state="done"),
        "trails": lambda row: Harvest.objects.create(workspace=row.workspace, state="done"),
    }
    for name, make in later.items():
        make(made(name))
    page = shown(client, people["ada"])
    assert "Stopped, and waiting for somebody" not in page


def test_one_that_began_meanwhile_serves_as_well(made: Make, people: dict[str, Any]) -> None:
    from offboarding.directory.queries import scope_of
    from offboarding.lib.refusals import Refused
    from offboarding.reports.actions import try_again

    ada, row = people["ada"], made("checks")
    Check.objects.create(state="ready")
    with pytest.raises(Refused, match="serves as well"):
        try_again(ada, scope_of(ada, date.today()), row)
    assert last("engine.try_again_asked") is None


def test_the_verbs_ask_who_it_is_themselves(made: Make, people: dict[str, Any]) -> None:
    from offboarding.directory.queries import scope_of
    from offboarding.lib.refusals import Refused

    henry = people["henry"]
    scope = scope_of(henry, date.today())
    reader = type("Reader", (), {"user": henry, "scope": scope})()
    for case in PRESSED:
        if case.kind not in ("steps", "messages", "looks"):
            row, verb = made(case.name), KINDS[case.kind].again
            assert verb
            with pytest.raises(Refused):
                verb(reader, row)
    assert last("engine.try_again_asked") is None


def test_the_page_asks_the_same_number_of_queries_for_many_of_each(
    client: Client, made: Make, people: dict[str, Any]
) -> None:
    Membership.objects.create(user=people["ada"], role=Role.OPERATOR.value)
    for case in CASES:
        made(case.name)
    client.force_login(people["ada"])
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    for case in CASES:
        if case.kind != "purges":  # one at a time
            made(case.name), made(case.name)
    with CaptureQueriesContext(connection) as many:
        page = client.get(URL).content.decode()
    assert page.count("Letter to the client: Acme") >= 6
    assert len(many) == len(few) <= 60


@pytest.mark.parametrize(
    ("name", "told_at", "what"),
    [
        ("trails", "/setup/connections/{workspace_id}/", "the copy of the audit trail of Acme Production"),
        ("extensions", "/setup/clients/{client_id}/", "the longer retention of Acme"),
        ("checks", "/audit/", "the check of the ledger"),
    ],
)
def test_the_record_tells_it_in_words(
    client: Client, made: Make, people: dict[str, Any], name: str, told_at: str, what: str
) -> None:
    row = made(name)
    client.force_login(people["ada"])
    client.post(f"{URL}{name}/{row.pk}/again/", {"fence": row.fence})
    page = client.get(told_at.format(**vars(row))).content.decode()
    assert f"asked for one more try of {what}" in page
