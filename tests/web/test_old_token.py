"""Old tokens: tried once, proven dead or found alive, and never kept."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from offboarding.connections.models import Workspace
from offboarding.connections.old_token import addresses_for
from offboarding.evidence import store
from offboarding.execution.models import Proof, Run
from offboarding.execution.rules import Cause
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.notifications.follow import follow
from offboarding.notifications.models import Message
from offboarding.packets.collect import differences, full_runs
from offboarding.packets.keys import credentials
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.packets.shelf import Shelf
from offboarding.packets.verifier import verify
from offboarding.simulators.simulator import Simulator
from offboarding.web.http import now
from offboarding.work import desks
from offboarding.work.rules import State

Make = Callable[..., Any]
GONE = "sgp_" + "d" * 61 + "4c2"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def facts_of(event: str) -> dict[str, Any]:
    found: dict[str, Any] = canonical.loads(bytes(Entry.objects.filter(event=event).latest("seq").body))[
        "facts"
    ]
    return found


@pytest.fixture
def removal(running: Make, segment: Simulator, connect: Make) -> Any:
    segment.control.clear_trouble()
    places = [connect(segment, name) for name in ("Acme Production", "Acme Staging")]
    return running(connected=tuple(places))


@pytest.fixture
def run(removal: Any) -> Run:
    """The list of tokens was made; now they are removed."""
    found = Run.objects.select_related("item__plan__removal").get(
        item__plan__removal=removal, item__code="remove-tokens"
    )
    Run.objects.filter(pk=found.pk).update(state=State.NEEDS_PERSON, cause=Cause.MANUAL)
    found.refresh_from_db()
    return found


@pytest.fixture
def operator(client: Browser, olga: Any) -> Browser:
    client.force_login(olga)
    return client


def at(run: Run, path: str = "") -> str:
    return f"/requests/{run.item.plan.removal.reference}/steps/{run.item.number}/{path}"


def paste(browser: Browser, run: Run, token: str, place: str = "Acme Production", **options: Any) -> Any:
    data = {"token": token, "place": str(Workspace.objects.get(name=place).pk)}
    return browser.post(at(run, "old-token/"), data, **{"follow": True, **options})


def added() -> list[Run]:
    found = Run.objects.exclude(item__added_for="").select_related("item__plan__removal", "item__workspace")
    return list(found.order_by("item__number"))


# ---------------------------------------------------------------- refused by Segment: proof


def test_a_refused_token_becomes_proof(operator: Browser, run: Run, olga: Any) -> None:
    page = text_of(paste(operator, run, f"  {GONE}\n"))
    proof = Proof.objects.get(run=run)
    with store.open_bytes(proof.evidence.sha256) as file:
        kept = json.load(file)
    assert "Segment refused the token at its US address, with status 401. The proof is attached." in page
    assert (proof.added_by, proof.evidence.media_type) == (olga, "application/json")
    assert (kept["verdict"], kept["region"], kept["token"], kept["workspace"]) == (
        "dead", "US", "••••4c2", "Acme Production",
    )  # fmt: skip
    assert (kept["calls"][0]["method"], kept["calls"][0]["status"]) == ("GET", 401)
    assert kept["calls"][0]["url"].endswith("/")
    facts = facts_of("token.found_dead")
    assert (facts["token"], facts["fingerprint"], facts["sha256"]) == (
        "••••4c2", kept["fingerprint"], proof.evidence.sha256,
    )  # fmt: skip
    assert Entry.objects.filter(event="token.found_dead", actor_id=str(olga.pk)).count() == 1


def test_the_proof_is_enough_to_sign_off(operator: Browser, run: Run) -> None:
    empty = operator.post(at(run, "sign-off/"), {"act": "sign-off", "attest": "on"})
    assert empty.status_code == 422
    paste(operator, run, GONE)
    operator.post(at(run, "sign-off/"), {"act": "sign-off", "attest": "on"})
    run.refresh_from_db()
    assert (run.state, run.ended) == ("done", "by hand")


def test_the_packet_tells_of_the_token_and_of_the_step_with_its_proof(operator: Browser, run: Run) -> None:
    paste(operator, run, GONE)
    reference, shelf = run.item.plan.removal.reference, Shelf(lambda: None)

    def told() -> dict[str, Any]:
        found = credentials(reference, full_runs(run.item.plan), shelf)
        return {f"{each.kind} {each.name}".strip(): each for each in found}

    token, step = told()["Token ending in 4c2"], told()["Remove or replace the tokens on the list"]
    assert (token.act, token.by, token.fingerprint) == (
        "refused by Segment", "Olga", facts_of("token.found_dead")["fingerprint"],
    )  # fmt: skip
    assert token.evidence == step.evidence == (1,)
    assert (step.act, step.at, step.place) == ("not done yet", None, "Acme Production, Acme Staging")
    operator.post(at(run, "sign-off/"), {"act": "sign-off", "attest": "on"})
    signed = told()["Remove or replace the tokens on the list"]
    assert (signed.act, signed.by) == ("done by hand", "Olga") and signed.at


def test_one_call_is_made_and_it_reads_the_workspace(operator: Browser, run: Run, segment: Simulator) -> None:
    segment.control.journal.clear()
    paste(operator, run, GONE)
    calls = segment.control.journal.calls({})
    assert [(call["method"], call["path"]) for call in calls] == [("GET", "/")]


def test_a_token_that_one_region_refuses_is_tried_in_the_other_one(
    operator: Browser, run: Run, segment: Simulator, connect: Make
) -> None:
    abroad = connect(segment, "Acme EU")
    page = text_of(paste(operator, run, GONE))
    assert "Segment refused the token at its US and EU addresses, with status 401." in page
    with store.open_bytes(Proof.objects.get(run=run).evidence.sha256) as file:
        assert [(call["status"], call["url"]) for call in json.load(file)["calls"]] == [
            (401, f"{segment.base_url}/"), (401, f"{abroad.base_url}/"),
        ]  # fmt: skip


def test_where_the_other_region_gives_no_answer_the_proof_says_so(
    operator: Browser, run: Run, segment: Simulator, connect: Make
) -> None:
    connect(segment, "Acme EU")
    Workspace.objects.filter(name="Acme EU").update(base_url="http://127.0.0.1:9")
    page = text_of(paste(operator, run, GONE))
    assert (
        "refused the token at its US address, with status 401. Its EU address gave no clear answer." in page
    )
    assert run.proofs.count() == 1


def test_a_token_of_segment_is_asked_for_at_segment_alone(removal: Any) -> None:
    place = Workspace(base_url="https://eu1.api.segmentapis.com", region="eu")
    assert addresses_for(place) == [
        ("https://eu1.api.segmentapis.com", "EU"), ("https://api.segmentapis.com", "US"),
    ]  # fmt: skip
    place.region = "us"  # whatever its row says
    assert [each.url for each in addresses_for(place)] == [
        "https://eu1.api.segmentapis.com", "https://api.segmentapis.com",
    ]  # fmt: skip
    here = Workspace.objects.get(name="Acme Production")
    assert addresses_for(here) == [(here.base_url, "US")]


# ---------------------------------------------------------------- accepted: an alarm


def test_a_token_that_works_in_the_other_region_is_no_proof_but_an_alarm(
    operator: Browser, run: Run, segment: Simulator, connect: Make
) -> None:
    connect(segment, "Acme EU")
    page = text_of(paste(operator, run, segment.control.make_token("acme-eu")["token"]))
    assert "still works in Acme EU, not in Acme Production." in page
    assert not Proof.objects.exists() and facts_of("token.found_alive")["region"] == "EU"
    (new,) = added()
    assert new.state == "needs_person"


def test_a_token_that_works_adds_a_step_that_closing_waits_for(
    operator: Browser, run: Run, segment: Simulator, removal: Any
) -> None:
    token = segment.control.make_token("acme-production")["token"]
    before = (run.item.plan.fingerprint, bytes(run.item.plan.body))
    page = text_of(paste(operator, run, token))
    assert f"The token ••••{token[-3:]} still works in Acme Production." in page
    assert not Proof.objects.exists()
    (new,) = added()
    assert new.item.title == f"Token ••••{token[-3:]} still works in Acme Production: remove it"
    assert (new.state, new.cause, new.item.blocks_closing, new.item.proof) == (
        "needs_person",
        "manual",
        True,
        "file",
    )
    plan = removal.plans.get()
    assert (plan.fingerprint, bytes(plan.body)) == before
    assert facts_of("item.added")["item"] == new.item.number
    assert facts_of("token.found_alive")["workspace"] == "Acme Production"
    Run.objects.exclude(pk=new.pk).update(state=State.DONE, ended="changed")
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "running"


def test_the_added_step_says_that_nobody_approved_it(operator: Browser, run: Run, segment: Simulator) -> None:
    paste(operator, run, segment.control.make_token("acme-production")["token"])
    (new,) = added()
    assert "Added by Olga, today" in text_of(operator.get(at(new)))
    assert "It is not part of the approved plan." in text_of(operator.get(at(new)))
    assert "Added later." in text_of(operator.get(f"/requests/{run.item.plan.removal.reference}/checklist/"))


def test_the_same_token_adds_one_step_however_often_it_is_tried(
    operator: Browser, run: Run, segment: Simulator
) -> None:
    token = segment.control.make_token("acme-production")["token"]
    for _ in range(3):
        paste(operator, run, token)
    paste(operator, run, segment.control.make_token("acme-production")["token"])
    assert len(added()) == 2
    assert Entry.objects.filter(event="token.found_alive").count() == 4


def test_after_it_was_removed_the_added_step_gets_its_proof_wherever_it_is_pasted(
    operator: Browser, run: Run, segment: Simulator
) -> None:
    made = segment.control.make_token("acme-production")
    paste(operator, run, made["token"])
    (new,) = added()
    page = text_of(paste(operator, new, made["token"]))
    assert "Segment may need some minutes: try it again then." in page
    segment.control.remove_token("acme-production", made["short_id"])
    paste(operator, new, made["token"])
    paste(operator, run, made["token"])
    assert (new.proofs.count(), run.proofs.count()) == (2, 1)
    operator.post(at(new, "sign-off/"), {"act": "sign-off", "attest": "on"})
    new.refresh_from_db()
    assert new.state == "done"


def test_a_token_that_works_again_after_its_step_ended_gets_another_step(
    operator: Browser, run: Run, segment: Simulator, olga: Any
) -> None:
    token = segment.control.make_token("acme-production")["token"]
    paste(operator, run, token)
    Run.objects.filter(pk=added()[0].pk).update(state=State.DONE, ended="by hand", ended_by=olga)
    paste(operator, run, token)
    assert len(added()) == 2


def test_another_token_is_not_taken_for_the_one_that_the_step_is_about(
    operator: Browser, run: Run, segment: Simulator
) -> None:
    token = segment.control.make_token("acme-production")["token"]
    paste(operator, run, token)
    (new,) = added()
    answer = paste(operator, new, GONE)
    assert answer.status_code == 422
    assert f"That is another token: this step is about ••••{token[-3:]}." in text_of(answer)
    assert not new.proofs.exists()


def test_a_token_of_another_workspace_of_the_request_is_named(
    operator: Browser, run: Run, segment: Simulator
) -> None:
    page = text_of(paste(operator, run, segment.control.make_token("acme-staging")["token"]))
    assert "still works in Acme Staging, not in Acme Production." in page
    assert added()[0].item.workspace == Workspace.objects.get(name="Acme Staging")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Globex Warehouse", "Globex Warehouse, not in Acme Production"),
        ("Hooli Production", "another workspace, not in Acme Production"),
    ],
)
def test_a_workspace_outside_of_the_request_is_named_only_to_those_who_may_see_it(
    operator: Browser, run: Run, segment: Simulator, connect: Make, name: str, says: str
) -> None:
    place = connect(segment, name)
    assert place.base_url == Workspace.objects.get(name="Acme Production").base_url
    assert says in text_of(paste(operator, run, segment.control.make_token(place.slug)["token"]))
    (new,) = added()
    assert new.item.workspace is None
    assert "still works in another workspace: remove it" in new.item.title


def test_security_and_the_requester_are_alarmed_once_for_each_token(
    operator: Browser, run: Run, segment: Simulator, sam: Any
) -> None:
    token = segment.control.make_token("acme-production")["token"]
    paste(operator, run, token)
    paste(operator, run, token)
    follow()
    told = list(Message.objects.filter(kind="old token works").select_related("recipient"))
    assert {message.recipient.name for message in told} == {"Sam", "Alice"} and len(told) == 2
    assert told[0].subject == f"A token of dan@… still works: ••••{token[-3:]}"


def test_the_packet_lists_the_added_step_as_a_difference_and_holds(
    operator: Browser, run: Run, segment: Simulator, removal: Any, olga: Any
) -> None:
    paste(operator, run, segment.control.make_token("acme-production")["token"])
    (new,) = added()
    done = {"state": State.DONE, "ended_at": now(), "cause": ""}
    looks = Run.objects.filter(item__kind="verification")
    looks.update(ended="changed", **done)  # nobody verifies what they did by hand
    by_hand = Run.objects.exclude(item__kind="verification").exclude(item__step="packet.seal")
    by_hand.update(ended="by hand", ended_by=olga, **done)
    journey.advance(removal.pk)
    packet = Packet.objects.get(removal=removal)
    assert packet.sealed_at is None
    desks.DESKS["packets.Packet"].look(packet.pk)
    packet.refresh_from_db()
    assert packet.state == "done", packet.trouble
    report = verify(str(path_of(packet)))
    assert report.ok, report
    (row,) = [each for each in differences(full_runs(removal.plans.get())) if each.about == new.item.title]
    assert (row.planned, row.done) == ("not in the plan", "added later")
    assert "by Olga" in row.reason


# ---------------------------------------------------------------- nothing proven


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ({"do": "limit", "retry_after": 7}, "Segment asked us to wait 7 s, so nothing is proven."),
        ({"do": "error_before", "status": 503}, "Segment gave no clear answer, so nothing is proven."),
        ({"do": "html"}, "Segment gave no clear answer, so nothing is proven."),
        (
            {"do": "answer", "status": 403, "body": {"errors": [{"type": "forbidden"}]}},
            "Segment gave no clear answer",
        ),
    ],
    ids=lambda value: value["do"] if isinstance(value, dict) else "",
)
def test_what_is_not_a_clear_no_proves_nothing(
    operator: Browser, run: Run, segment: Simulator, trouble: dict[str, Any], says: str
) -> None:
    segment.control.add_trouble(trouble)
    answer = paste(operator, run, segment.control.make_token("acme-production")["token"])
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert not Proof.objects.exists()
    assert not Entry.objects.filter(event__startswith="token.").exists()


def test_an_address_that_nobody_answers_at_proves_nothing(operator: Browser, run: Run) -> None:
    Workspace.objects.update(base_url="http://127.0.0.1:9")
    answer = paste(operator, run, GONE)
    assert "Segment was not reached at its US address, so nothing is proven." in text_of(answer)
    assert not Proof.objects.exists()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"token": ""}, "Paste the token."),
        ({"token": "Bearer " + GONE}, "Paste the token alone, without the word Bearer."),
        ({"place": "999999"}, "Choose the workspace that the token was made in."),
        ({"place": ""}, "Choose the workspace that the token was made in."),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_sent(
    operator: Browser, run: Run, segment: Simulator, data: dict[str, str], says: str
) -> None:
    segment.control.journal.clear()
    given = {"token": GONE, "place": str(Workspace.objects.get(name="Acme Production").pk), **data}
    answer = operator.post(at(run, "old-token/"), given)
    assert answer.status_code == 422
    assert answer.content.decode().count(says) == 2
    assert not segment.control.journal.calls({})


def test_our_own_token_of_another_workspace_is_not_to_be_removed(
    operator: Browser, run: Run, segment: Simulator
) -> None:
    answer = paste(operator, run, segment.token("acme-staging"))
    assert answer.status_code == 422
    assert "That is the token that Offboard itself uses for Acme Staging." in text_of(answer)
    assert not added()


def test_our_own_token_is_not_tried(operator: Browser, run: Run, segment: Simulator) -> None:
    answer = paste(operator, run, segment.token("acme-production"))
    assert answer.status_code == 422
    assert "That is the token that Offboard itself uses for Acme Production." in text_of(answer)
    assert not added()


# ---------------------------------------------------------------- who, when


def test_who_may_not_work_on_the_step_may_not_try_a_token(
    client: Browser, run: Run, bob: Any, segment: Simulator
) -> None:
    client.force_login(bob)
    segment.control.journal.clear()
    assert "Show that an old token is dead" not in text_of(client.get(at(run)))
    assert paste(client, run, GONE).status_code == 409
    assert not segment.control.journal.calls({})


def test_another_clients_request_is_not_there(client: Browser, run: Run, carol: Any) -> None:
    client.force_login(carol)
    assert paste(client, run, GONE).status_code == 404


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("waiting", "does not wait for a person yet"),
        ("cancelled", "This step has ended, so no token is tried here."),
    ],
)
def test_a_step_that_does_not_wait_for_a_person_takes_no_token(
    operator: Browser, run: Run, state: str, says: str
) -> None:
    Run.objects.filter(pk=run.pk).update(state=state)
    answer = paste(operator, run, GONE)
    assert answer.status_code == 409
    assert says in text_of(answer)
    assert "Show that an old token is dead" not in text_of(operator.get(at(run)))


def test_other_steps_take_no_token(operator: Browser, run: Run) -> None:
    other = Run.objects.select_related("item__plan__removal").get(item__code="list-tokens")
    assert paste(operator, other, GONE).status_code == 409


def test_a_token_found_alive_while_the_request_closes_adds_nothing_to_a_closed_one(
    operator: Browser, run: Run, segment: Simulator, removal: Any
) -> None:
    type(removal).objects.filter(pk=removal.pk).update(stage="closed")
    answer = paste(operator, run, segment.control.make_token("acme-production")["token"])
    assert answer.status_code == 409
    assert not added()
    assert not Entry.objects.filter(event="token.found_alive").exists()


def test_the_page_asks_as_often_with_the_form_as_without_it(operator: Browser, run: Run) -> None:
    with CaptureQueriesContext(connection) as queries:
        operator.get(at(run))
    assert len(queries) <= 30, [query["sql"][:90] for query in queries]


# ---------------------------------------------------------------- never kept


@pytest.fixture
def everything_kept(settings: Any) -> Callable[[], list[str]]:
    """All rows, sessions and files."""

    def read() -> list[str]:
        rows = [repr(vars(row)) for model in apps.get_models() for row in model._base_manager.all()]
        files = [path for path in Path(settings.EVIDENCE_ROOT).rglob("*") if path.is_file()]
        return rows + [path.read_text(errors="replace") for path in files]

    return read


@pytest.mark.parametrize("alive", [True, False])
def test_the_token_is_nowhere_afterwards(
    operator: Browser, run: Run, segment: Simulator, caplog: Any, alive: bool, everything_kept: Any
) -> None:
    token = segment.control.make_token("acme-production")["token"] if alive else GONE
    caplog.set_level(logging.DEBUG)
    pages = [paste(operator, run, token), paste(operator, run, token, place="Acme Staging")]
    pages += [operator.get(at(run)), operator.get(f"/requests/{run.item.plan.removal.reference}/timeline/")]
    assert not [page for page in pages if token in page.content.decode()]
    assert token not in caplog.text
    assert not [text for text in everything_kept() if token in text or token[8:40] in text]
    assert token not in repr(dict(operator.session))


def test_the_token_is_in_no_error_page_and_no_log_when_something_breaks(
    operator: Browser, run: Run, caplog: Any, settings: Any, everything_kept: Any
) -> None:
    """The ledger's head is gone, so the verb fails in the middle of the request."""
    from offboarding.ledger.models import Head

    Head.objects.all().delete()
    operator.raise_request_exception = False
    caplog.set_level(logging.DEBUG)
    answer = paste(operator, run, GONE)
    assert answer.status_code == 500
    assert GONE not in answer.content.decode()
    assert GONE not in caplog.text
    assert not [text for text in everything_kept() if GONE in text]
