"""The pages of one request: what they show, to whom, and what its requester may still do with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from offboarding.approvals.models import Approval
from offboarding.evidence.actions import keep_json
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Cause, Ended, Result
from offboarding.ledger.models import Entry
from offboarding.work.rules import State

Make = Callable[..., Any]
TABS = ("", "checklist/", "timeline/", "evidence/")
HTMX = {"HX-Request": "true"}


def at(removal: Any, path: str = "") -> str:
    return f"/requests/{removal.reference}/{path}"


def text_of(response: Any) -> str:
    """What a person reads: tags away, blanks folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def end(run: Run, ended: Ended, **fields: Any) -> None:
    Run.objects.filter(pk=run.pk).update(**{"state": State.DONE, "ended": ended, **fields})


def run_of(removal: Any, code: str) -> Run:
    return Run.objects.select_related("item").get(item__plan__removal=removal, item__code=code)


# ---- who sees what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["alice", "bob", "olga", "erin", "sam"])
def test_everyone_in_scope_reads_every_tab(who: str, request: Any, client: Browser, running: Make) -> None:
    removal = running()
    client.force_login(request.getfixturevalue(who))
    for tab in TABS:
        response = client.get(at(removal, tab))
        assert response.status_code == 200
        assert f'{at(removal, tab)}" aria-current="page"' in response.content.decode()


@pytest.mark.parametrize("path", [*TABS, "change/", "withdraw/", "approve/", "steps/1/"])
def test_for_another_clients_lead_it_does_not_exist(
    path: str, client: Browser, filed: Make, carol: Any
) -> None:
    removal = filed()
    client.force_login(carol)
    assert client.get(at(removal, path)).status_code == 404


def test_who_only_audits_leaves_a_trace_of_what_they_open_once_in_a_sitting(
    client: Browser, running: Make, erin: Any, olga: Any
) -> None:
    removal = running("Acme Production")
    client.force_login(olga)
    client.get(at(removal))
    client.force_login(erin)
    for path in ("", "evidence/", "timeline/", ""):
        assert client.get(at(removal, path)).status_code == 200
    (entry,) = Entry.objects.filter(event="removal.read")
    assert (entry.about, entry.actor_id) == (removal.reference, str(erin.pk))
    assert "opened the request as an auditor" in text_of(client.get(at(removal, "timeline/")))


def test_nobody_reads_a_request_about_their_own_access(client: Browser, filed: Make, person: Make) -> None:
    from offboarding.users.rules import Role

    removal = filed()
    client.force_login(person("dan", Role.OPERATOR))
    assert client.get(at(removal)).status_code == 404


def test_a_draft_leads_back_to_where_it_is_written(client: Browser, drafted: Make, alice: Any) -> None:
    removal = drafted()
    client.force_login(alice)
    response = client.get(at(removal))
    assert (response.status_code, response["Location"]) == (302, f"/requests/new/{removal.reference}/found/")


def test_the_pages_send_people_who_are_not_signed_in_to_sign_in(client: Browser, filed: Make) -> None:
    assert client.get(at(filed())).status_code == 302


# ---- access ---------------------------------------------------------------------------------------------------


def test_before_a_decision_the_page_shows_the_plan_and_who_decides(
    client: Browser, filed: Make, alice: Any, bob: Any
) -> None:
    removal = filed("Acme Production", "Globex Production")
    client.force_login(alice)
    page = text_of(client.get(at(removal)))
    assert removal.plans.get().fingerprint[:8] in page
    for words in (
        "To decide",
        "Plan, version 1",
        "Not known",
        "API tokens in 2 workspaces",
        "Who can decide: Bob.",
    ):
        assert words in page


def test_a_place_is_green_only_after_a_fresh_read_saw_it_gone(
    client: Browser, running: Make, olga: Any
) -> None:
    from offboarding.verification.models import Finding

    removal = running()
    client.force_login(olga)
    acted, checked = run_of(removal, "remove-member"), run_of(removal, "read-again")
    end(acted, Ended.CHANGED)
    page = text_of(client.get(at(removal)))
    assert "Called, not verified" in page
    assert "Gone, verified" not in page
    look = Attempt.objects.create(run=checked, number=1, act=Act.LOOK, intent="Read", result=Result.SEEN)
    Finding.objects.create(attempt=look, seen="absent", says="gone", data={})
    end(checked, Ended.ALREADY)
    assert "Gone, verified" in text_of(client.get(at(removal)))


def test_what_stopped_is_said_on_top_with_a_link(client: Browser, running: Make, olga: Any) -> None:
    removal = running()
    run = run_of(removal, "remove-member")
    Run.objects.filter(pk=run.pk).update(
        state=State.NEEDS_PERSON,
        cause=Cause.LAST_OWNER,
        sentence="Dan is the only Owner.",
        remedy="Make another.",
    )
    client.force_login(olga)
    response = client.get(at(removal))
    page = text_of(response)
    assert "1 step needs attention" in page
    assert f"Step {run.item.number}: Dan is the only Owner." in page
    assert at(removal, f"steps/{run.item.number}/") in response.content.decode()


# ---- checklist ------------------------------------------------------------------------------------------------


def since(response: Any) -> str:
    found = re.search(r'hx-get="([^"]+)"', response.content.decode())
    assert found
    return found[1].replace("&amp;", "&")


def test_steps_say_what_they_wait_for(client: Browser, running: Make, olga: Any) -> None:
    removal = running()
    client.force_login(olga)
    page = text_of(client.get(at(removal, "checklist/")))
    number = run_of(removal, "remove-member").item.number
    for words in (
        f"After step {number}",
        "When everything in scope is verified",
        "30 days later",
        "1 Plan",
        "0 of",
    ):
        assert words in page


def test_a_called_step_looks_different_from_a_verified_one(client: Browser, running: Make, olga: Any) -> None:
    removal = running()
    run = run_of(removal, "remove-member")
    client.force_login(olga)
    Run.objects.filter(pk=run.pk).update(state=State.VERIFYING)
    called = client.get(at(removal, "checklist/")).content.decode()
    end(run, Ended.CHANGED)
    verified = client.get(at(removal, "checklist/")).content.decode()
    row = re.compile(rf'id="step-{run.item.number}".*?</li>', re.S)
    before, after = row.search(called), row.search(verified)
    assert before
    assert after
    assert "pale" in before[0]
    assert "Called, not verified" in before[0]
    assert "r-ok" in after[0]
    assert "Verified" in after[0]


def test_filters_are_links_and_keep_only_what_fits(client: Browser, running: Make, olga: Any) -> None:
    removal = running()
    client.force_login(olga)
    mine = client.get(at(removal, "checklist/?show=mine")).content.decode()
    needy = set(Run.objects.filter(state=State.NEEDS_PERSON).values_list("item__number", flat=True))
    assert {int(number) for number in re.findall(r'id="step-(\d+)"', mine)} == needy
    assert "No step has failed." in text_of(client.get(at(removal, "checklist/?show=failed")))
    assert client.get(at(removal, "checklist/?show=nonsense")).status_code == 404


def test_a_poll_without_news_is_204_and_one_with_news_brings_the_row(
    client: Browser, running: Make, olga: Any
) -> None:
    removal = running()
    Run.objects.update(touched_at=removal.filed_at - timedelta(minutes=5))
    Run.objects.filter(item__code="seal").update(touched_at=removal.filed_at - timedelta(minutes=1))
    client.force_login(olga)
    url = since(client.get(at(removal, "checklist/")))
    assert client.get(url, headers=HTMX).status_code == 204
    run = run_of(removal, "tracker")
    Run.objects.filter(pk=run.pk).update(waiting_for="something else", touched_at=Now())
    response = client.get(url, headers=HTMX)
    body = response.content.decode()
    newest = run_of(removal, "seal").item.number  # shown again, since commits may come out of order
    assert set(re.findall(r'<li class="step" id="step-(\d+)"', body)) == {str(run.item.number), str(newest)}
    assert "announce" in response["HX-Trigger"]
    assert client.get(since(response), headers=HTMX).status_code == 204


def test_a_poll_that_does_not_say_what_it_has_gets_everything(
    client: Browser, running: Make, olga: Any
) -> None:
    removal = running()
    client.force_login(olga)
    response = client.get(at(removal, "checklist/?since=nonsense"), headers=HTMX)
    assert response.status_code == 200
    assert b'id="checklist"' in response.content


def test_polling_is_quick_while_something_runs_slow_while_waiting_and_then_over(
    client: Browser, running: Make, olga: Any
) -> None:
    removal = running()
    client.force_login(olga)
    assert b'hx-trigger="every 2s"' in client.get(at(removal, "checklist/")).content
    Run.objects.update(state=State.NEEDS_PERSON, not_before=None)
    assert b'hx-trigger="every 15s"' in client.get(at(removal, "checklist/")).content
    Run.objects.update(state=State.DONE, ended=Ended.CHANGED)
    type(removal).objects.update(stage="closed")
    assert b"hx-trigger" not in client.get(at(removal, "checklist/")).content


def test_a_closed_or_withdrawn_request_is_not_polled(client: Browser, filed: Make, alice: Any) -> None:
    from offboarding.removals.actions import withdraw

    removal = filed()
    withdraw(removal, alice, "A mistake")
    client.force_login(alice)
    response = client.get(at(removal))
    assert b"hx-trigger" not in response.content
    assert "Withdrawn" in text_of(response)


# ---- timeline and evidence ------------------------------------------------------------------------------------


def test_the_timeline_names_people_and_folds_calls_under_their_step(
    client: Browser, running: Make, olga: Any
) -> None:
    from django.db import transaction

    from offboarding.execution.actions import tell
    from offboarding.ledger.actions import APP, Event

    removal = running()
    run = run_of(removal, "remove-member")
    with transaction.atomic():
        call = {"attempt": 2, "fence": 1}
        tell(run, Event.CALL_INTENDED, APP, {**call, "intent": "Remove Dan"})
        tell(
            run,
            Event.CALL_CLOSED,
            APP,
            {**call, "result": "accepted", "says": "Segment accepted the removal"},
        )
        tell(run, Event.ITEM_DONE, APP, {"ended": "changed", "says": "not in the member list"})
    client.force_login(olga)
    response = client.get(at(removal, "timeline/"))
    page = text_of(response)
    assert "Alice sent the request for approval" in page
    assert "Bob approved version 1 of the plan" in page
    assert "Remove Dan: Segment accepted the removal (accepted)" in page
    assert "1 call" in page
    assert page.index("finished step") < page.index("Alice sent the request")


def test_segments_own_events_of_the_removal_stand_in_the_timeline_at_their_own_time(
    client: Browser, running: Make, olga: Any
) -> None:
    removal = running()
    run = run_of(removal, "audit-events")
    begun = removal.started_at
    event = {"id": "events/7", "at": begun.isoformat(), "type": "User Removed", "kind": "removed", "actor": "t",
             "by": "us", "who": "t", "what": "user dan@x.example"}  # fmt: skip
    says = {"act": "look", "intent": "Read", "result": "seen"}
    Attempt.objects.create(run=run, number=1, facts={"events": [event]}, **says)
    Attempt.objects.create(run=run, number=2, facts={"events": [event]}, **says)
    client.force_login(olga)
    response = client.get(at(removal, "timeline/"))
    page, html = text_of(response), response.content.decode()
    assert (
        page.count(
            "tells of “User Removed” in Acme Production, by Offboard, with our token: user dan@x.example"
        )
        == 1
    )
    assert 'class="k-segment"' in html and "Segment audit event" in page
    assert page.index("“User Removed”") < page.index("Alice sent the request"), "it came after that"


def test_every_event_about_a_request_is_told_in_words() -> None:
    from offboarding.ledger.events import Event
    from offboarding.web.removal import timeline

    # never about a request
    elsewhere = (
        "user.",
        "client.",
        "retention.",
        "evidence.checked",
        "evidence.purged",
        "trail.copied",
        "trail.not_copied",
        "trail.file_added",
        "purge.",
        "engagement.",
        "collaborator.",
        "workspace.",
        "setting.",
        "batch.",
        "discovery.",
        "engine.",
        "policy.",
        "delegation.",
        "ledger.",
        "secrets.",
        "signin.",
        "audit.",
        "apikey.",
        "population.",
        "letter.words_changed",
        "letter.terms_changed",
    )
    folded = {*timeline.CALLS, Event.ITEM_MOVED, Event.REMOVAL_MOVED}
    told = {event for event in Event if not event.value.startswith(elsewhere)} - folded
    assert told == set(timeline.WORDS)


def test_a_sign_in_that_ended_sends_the_whole_page_there_never_a_form_into_a_row(
    client: Browser, running: Make
) -> None:
    removal = running()
    url = f"http://testserver{at(removal, 'checklist/')}"
    response = client.get(at(removal, "checklist/?since=x"), headers={**HTMX, "HX-Current-URL": url})
    assert response["HX-Redirect"] == f"/signin/?next=%2Frequests%2F{removal.reference}%2Fchecklist%2F"
    assert response.content == b""


def test_missing_evidence_stands_first_and_every_file_has_its_hash(
    client: Browser, running: Make, olga: Any
) -> None:
    removal = running()
    run = run_of(removal, "remove-member")
    acme = run.item.workspace.client
    kept = keep_json(
        [{"a": 1}], name="step.json", shows="Members read", taken_by="Offboard", client=acme, origin="here"
    )
    Attempt.objects.create(run=run, number=1, act=Act.LOOK, intent="Read", result=Result.SEEN, exchanges=kept)
    end(
        run_of(removal, "list-tokens"),
        Ended.WAIVED,
        state=State.CANCELLED,
        ended_by=olga,
        note="No Owner",
        sentence="Skipped",
    )
    client.force_login(olga)
    response = client.get(at(removal, "evidence/"))
    page = text_of(response)
    assert page.index("Missing") < page.index("Skipped")
    assert f"/evidence/{removal.reference}/files/{kept.pk}/" in response.content.decode()
    assert kept.sha256 in response.content.decode()
    assert "Members read" in page


@pytest.mark.parametrize("tab", [*TABS, "approve/"])
def test_the_number_of_queries_does_not_grow_with_the_request(
    tab: str, client: Browser, running: Make, olga: Any, workspace: Make
) -> None:
    small = running("Acme Production")
    large = running("Acme Staging", "Acme EU", "Globex Production", "Globex Staging")
    client.force_login(olga)
    counts = []
    for removal in (small, large):
        client.get(at(removal, tab))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(at(removal, tab)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_asking_for_news_in_vain_costs_few_queries(client: Browser, running: Make, olga: Any) -> None:
    removal = running("Acme Production", "Globex Production")
    client.force_login(olga)
    url = since(client.get(at(removal, "checklist/")))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, headers=HTMX).status_code == 204
    assert len(queries) <= 8


# ---- changing -------------------------------------------------------------------------------------------------


def choices(removal: Any, **given: str) -> dict[str, str]:
    """The form as it stands, with `choice`, `until` and `reason` of the first place changed."""
    data = {"version": str(removal.version)}
    for place in removal.places.all():
        data[f"choice-{place.workspace_id}"] = place.choice
    first = removal.places.first().workspace_id
    return data | {f"{name}-{first}": value for name, value in given.items()}


def test_a_change_makes_a_new_version_and_earlier_approvals_lapse(
    client: Browser, filed: Make, decide: Make, alice: Any, bob: Any
) -> None:
    removal = filed("Acme Production", "Globex Production")
    decide(removal, bob)
    removal.refresh_from_db()
    client.force_login(alice)
    assert "Approved so far by Bob" in text_of(client.get(at(removal, "change/")))
    response = client.post(
        at(removal, "change/"), choices(removal, choice="keep", reason="hand-over"), follow=True
    )
    removal.refresh_from_db()
    assert (removal.stage, removal.plans.count()) == ("planned", 2)
    assert "Version 2 of the plan waits for approval." in text_of(response)
    assert "no longer counts" in text_of(response)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"choice": "keep"}, "Say why this access stays."),
        ({"choice": "downgrade"}, "Give the date until which read-only access stays."),
        ({"choice": "downgrade", "until": "2001-01-01"}, "Give a date in the future"),
        ({"choice": "downgrade", "until": "soon"}, "Enter a date like 2027-01-31."),
        ({"choice": "explode", "reason": "because"}, "Choose what should happen here."),
    ],
)
def test_a_choice_that_cannot_stand_is_said_at_its_place_and_stays_typed(
    given: dict[str, str], sentence: str, client: Browser, filed: Make, alice: Any
) -> None:
    removal = filed("Acme Production", "Globex Production")
    client.force_login(alice)
    response = client.post(at(removal, "change/"), choices(removal, **given))
    page = response.content.decode()
    assert response.status_code == 422
    assert f"Acme Production: {sentence}" in page
    assert "Error:" in page
    for value in given.values():
        assert value == "explode" or f'value="{value}"' in page
    assert removal.plans.count() == 1


def test_keeping_everything_is_no_removal(client: Browser, filed: Make, alice: Any) -> None:
    removal = filed()
    client.force_login(alice)
    response = client.post(at(removal, "change/"), choices(removal, choice="keep", reason="all is well"))
    assert response.status_code == 409
    assert "Choose at least one place" in text_of(response)


def test_a_form_from_before_another_change_is_refused(client: Browser, filed: Make, alice: Any) -> None:
    removal = filed("Acme Production", "Globex Production")
    old = choices(removal, choice="keep", reason="hand-over")
    client.force_login(alice)
    client.post(at(removal, "change/"), old)
    response = client.post(at(removal, "change/"), old)
    assert response.status_code == 409
    assert "changed in another window" in text_of(response)
    assert removal.plans.count() == 2


@pytest.mark.parametrize("version", ["", "abc", "-1", "²", "9" * 40, "٣"])
def test_a_version_that_cannot_be_read_is_an_old_one(
    version: str, client: Browser, filed: Make, alice: Any
) -> None:
    removal = filed("Acme Production", "Globex Production")
    client.force_login(alice)
    response = client.post(at(removal, "change/"), choices(removal, choice="remove") | {"version": version})
    assert response.status_code == 409
    assert "changed in another window" in text_of(response)


@pytest.mark.parametrize("path", ["change/", "withdraw/"])
def test_only_the_requester_changes_or_withdraws(path: str, client: Browser, filed: Make, sam: Any) -> None:
    removal = filed()
    client.force_login(sam)
    says = "changes it" if path == "change/" else "Only the person who filed this request withdraws it."
    assert says in text_of(client.get(at(removal, path)))
    assert "withdraw/" not in client.get(at(removal)).content.decode()
    response = client.post(at(removal, path), choices(removal, choice="keep", reason="no") | {"reason": "no"})
    assert response.status_code == 403
    removal.refresh_from_db()
    assert (removal.stage, removal.plans.count()) == ("planned", 1)


def test_where_its_requester_left_security_withdraws_it_on_its_page(
    client: Browser, filed: Make, alice: Any, sam: Any
) -> None:
    removal = filed()
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    client.force_login(sam)
    assert at(removal, "withdraw/") in client.get(at(removal)).content.decode()
    client.post(at(removal, "withdraw/"), {"reason": "Its lead left"})
    removal.refresh_from_db()
    assert removal.stage == "withdrawn"


def test_nothing_is_changed_once_the_work_has_begun(client: Browser, running: Make, alice: Any) -> None:
    removal = running()
    client.force_login(alice)
    assert "The work has begun" in text_of(client.get(at(removal, "change/")))
    assert client.post(at(removal, "withdraw/"), {"reason": "late"}).status_code == 403


def test_withdrawing_needs_a_reason_and_then_ends_the_request(
    client: Browser, filed: Make, alice: Any
) -> None:
    removal = filed()
    client.force_login(alice)
    missing = client.post(at(removal, "withdraw/"), {"reason": "  "})
    assert missing.status_code == 422
    assert "Say why you withdraw it." in text_of(missing)
    done = client.post(at(removal, "withdraw/"), {"reason": "Filed twice"}, follow=True)
    removal.refresh_from_db()
    assert removal.stage == "withdrawn"
    assert "is withdrawn. Nothing was removed." in text_of(done)


# ---- questions ------------------------------------------------------------------------------------------------


def test_the_requester_answers_a_question_where_it_stands(
    client: Browser, filed: Make, decide: Make, alice: Any, bob: Any
) -> None:
    removal = filed()
    asked = decide(removal, bob, "ask", note="Is the audience handed over?")
    client.force_login(alice)
    page = text_of(client.get(at(removal)))
    assert "Bob asks: Is the audience handed over?" in page
    url = at(removal, f"questions/{asked.pk}/answer/")
    empty = client.post(url, {"answer": " "})
    assert empty.status_code == 422
    assert "Write an answer." in text_of(empty)
    done = client.post(url, {"answer": "Yes, to Mia."}, follow=True)
    assert "Yes, to Mia." in text_of(done)
    assert Approval.objects.get().answer == "Yes, to Mia."
    assert client.post(url, {"answer": "Again"}).status_code == 409


def test_others_read_the_question_but_do_not_answer(
    client: Browser, filed: Make, decide: Make, bob: Any, today: date
) -> None:
    removal = filed()
    asked = decide(removal, bob, "ask", note="Why now?")
    client.force_login(bob)
    assert "Send the answer" not in text_of(client.get(at(removal)))
    assert client.post(at(removal, f"questions/{asked.pk}/answer/"), {"answer": "x"}).status_code == 409


@pytest.mark.parametrize("path", ["withdraw/", "questions/1/answer/"])
def test_a_text_without_end_is_refused(path: str, client: Browser, filed: Make, alice: Any) -> None:
    removal = filed()
    client.force_login(alice)
    response = client.post(at(removal, path), {"reason": "x" * 100_000, "answer": "x" * 100_000})
    assert response.status_code == 422
    assert "Write at most 2000 characters." in text_of(response)
    removal.refresh_from_db()
    assert removal.stage == "planned"


def test_an_answer_that_cannot_be_taken_is_said_at_its_own_question(
    client: Browser, filed: Make, decide: Make, alice: Any, bob: Any
) -> None:
    removal = filed()
    first, second = (decide(removal, bob, "ask", note) for note in ("Who?", "When?"))
    client.force_login(alice)
    response = client.post(at(removal, f"questions/{second.pk}/answer/"), {"answer": "x" * 2001})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Write an answer." not in page
    assert f'id="answer-{second.pk}-error"' in page and f'id="answer-{first.pk}-error"' not in page


# ---- long lists -----------------------------------------------------------------------------------------------


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phase of more than two steps is long."""
    from offboarding.web.removal import checklist

    monkeypatch.setattr(checklist, "LONG", 2)


def folds(body: str) -> dict[str, set[str]]:
    found = re.findall(r'<li class="bundle" id="(remove-\w+)">(.*?)</details>', body, re.DOTALL)
    return {key: set(re.findall(r'id="step-(\d+)"', rows)) for key, rows in found}


def test_a_long_phase_shows_what_needs_somebody_and_folds_the_rest(
    short: None, client: Browser, running: Make, olga: Any
) -> None:
    removal = running("Acme Production", "Acme Staging", "Acme EU", "Globex Production")
    phase = list(Run.objects.filter(item__phase="remove").order_by("item__number"))
    assert len(phase) > 3
    Run.objects.filter(pk=phase[0].pk).update(state=State.DONE, ended=Ended.CHANGED)
    Run.objects.filter(pk=phase[1].pk).update(state=State.WAITING, not_before=None)
    stopped = {"cause": "crashed", "sentence": "It stopped.", "not_before": None}
    Run.objects.filter(pk=phase[-1].pk).update(state=State.NEEDS_PERSON, **stopped)
    number = [str(run.item.number) for run in phase]
    client.force_login(olga)
    page = client.get(at(removal, "checklist/"))
    section = page.content.decode().split('id="remove"')[1].split("</section>")[0]
    assert folds(section)["remove-finished"] == {number[0]}
    assert number[1] in folds(section)["remove-waiting"]
    assert section.index(f'id="step-{number[-1]}"') < section.index('class="bundle"')
    assert len(re.findall(r'id="step-\d+"', section)) == len(phase), "each row stands once"
    Run.objects.filter(pk=phase[1].pk).update(state=State.DONE, ended=Ended.CHANGED, touched_at=Now())
    news = client.get(since(page), headers=HTMX).content.decode()
    assert folds(news)["remove-finished"] == {number[0], number[1]}
    assert "#remove," in page.content.decode().split('hx-select-oob="')[1].split('"')[0]


@pytest.fixture
def many(short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One step of each kind stands in a long phase; a page of its own has two."""
    from offboarding.web.removal import checklist

    monkeypatch.setattr(checklist, "MANY", 1)
    monkeypatch.setattr(checklist, "PAGE", 2)


def steps_in(body: str) -> list[str]:
    return re.findall(r'<li class="step[^"]*" id="step-(\d+)"', body)


def test_the_rest_of_a_long_phase_has_a_page_of_its_own_in_pages(
    many: None, client: Browser, running: Make, olga: Any
) -> None:
    removal = running("Acme Production", "Acme Staging", "Acme EU", "Globex Production")
    phase = list(Run.objects.filter(item__phase="remove").order_by("item__number"))
    assert len(phase) > 3
    Run.objects.filter(item__phase="remove").update(state=State.DONE, ended=Ended.CHANGED)
    number = [str(run.item.number) for run in phase]
    client.force_login(olga)
    body = client.get(at(removal, "checklist/")).content.decode()
    section = body.split('id="remove"')[1].split("</section>")[0]
    assert steps_in(section) == number[:1]
    assert f"Show all {len(phase)}" in section
    assert "?show=remove-finished" in section
    first = client.get(at(removal, "checklist/?show=remove-finished"))
    body = first.content.decode()
    assert steps_in(body) == number[:2], "only this part of this phase"
    assert f"1–2 of {len(phase)}" in body and "Previous" not in body
    second = client.get(at(removal, "checklist/?show=remove-finished&page=2"))
    assert steps_in(second.content.decode()) == number[2:4]
    changed = Run.objects.filter(pk=phase[2].pk)
    changed.update(state=State.WAITING, ended="", not_before=None, touched_at=Now())
    news = client.get(since(second), headers=HTMX).content.decode()
    assert steps_in(news) == number[3:5][: len(phase) - 3], "it has left, and the page keeps its place"


def test_what_needs_somebody_is_paged_too(many: None, client: Browser, running: Make, olga: Any) -> None:
    removal = running("Acme Production", "Acme Staging", "Acme EU", "Globex Production")
    stopped = {"cause": "crashed", "sentence": "It stopped.", "not_before": None}
    Run.objects.filter(item__phase="remove").update(state=State.NEEDS_PERSON, **stopped)
    client.force_login(olga)
    section = client.get(at(removal, "checklist/")).content.decode().split('id="remove"')[1]
    assert len(steps_in(section.split("</section>")[0])) == 1
    assert "?show=remove-open" in section
    for show in ("remove-open", "mine", "failed"):
        body = client.get(at(removal, f"checklist/?show={show}")).content.decode()
        assert len(steps_in(body)) == 2 and ">Next</a>" in body


@pytest.mark.parametrize("show", ["remove-nothing", "nowhere-open", "nothing", "-", "remove"])
def test_a_part_that_there_is_not_is_not_found(client: Browser, running: Make, olga: Any, show: str) -> None:
    removal = running("Acme Production")
    client.force_login(olga)
    assert client.get(at(removal, f"checklist/?show={show}")).status_code == 404


@pytest.mark.parametrize("page", ["0", "999", "x", "-1", "٣", "9" * 5000])
def test_a_page_that_there_is_not_shows_the_nearest(
    many: None, client: Browser, running: Make, olga: Any, page: str
) -> None:
    removal = running("Acme Production", "Acme Staging")
    client.force_login(olga)
    assert client.get(at(removal, f"checklist/?show=mine&page={page}")).status_code == 200
