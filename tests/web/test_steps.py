"""A step: what was tried, what a person does, and who may."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from PIL import Image

from offboarding.directory.models import Client
from offboarding.evidence import folder, store
from offboarding.evidence.actions import keep_json
from offboarding.evidence.models import Evidence
from offboarding.execution import actions as execution
from offboarding.execution.models import Attempt, Proof, Run
from offboarding.execution.rules import Act, Cause, Ended, Result
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.web.steps import calls
from offboarding.work.rules import State
from tests import conftest
from tests.lasting import lasting

lasting(
    globals(),
    conftest,
    "today clients person alice bob decide workspace seen drafted filed running",
)
Make = Callable[..., Any]
HTMX = {"HX-Request": "true"}


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def run_of(removal: Any, code: str) -> Run:
    return Run.objects.select_related("item").get(item__plan__removal=removal, item__code=code)


def at(run: Run, path: str = "") -> str:
    return f"/requests/{run.item.plan.removal.reference}/steps/{run.item.number}/{path}"


def screenshot(name: str = "tokens.png", colour: str = "white") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (30, 20), colour).save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/png")


def stop(run: Run, cause: Cause = Cause.LAST_OWNER) -> Run:
    Run.objects.filter(pk=run.pk).update(
        state=State.NEEDS_PERSON,
        cause=cause,
        sentence="Dan is the only Owner of Acme Production.",
        remedy="Make someone else Owner first, then try again.",
        not_before=None,
    )
    run.refresh_from_db()
    return run


def sign(browser: Browser, run: Run, **data: Any) -> Any:
    return browser.post(at(run, "sign-off/"), {"act": "sign-off", "note": "", **data})


@pytest.fixture(scope="module", autouse=True)
def removal(running: Make) -> Any:
    """Of one place, Acme Production."""
    return running()


@pytest.fixture
def manual(removal: Any) -> Run:
    """A step by hand that asks for a screenshot."""
    return run_of(removal, "list-tokens")


@pytest.fixture
def blocked(removal: Any) -> Run:
    return stop(run_of(removal, "remove-member"))


@pytest.fixture
def operator(client: Browser, olga: Any) -> Browser:
    client.force_login(olga)
    return client


# ---- by hand --------------------------------------------------------------------------------------------------


def test_a_manual_step_says_where_to_click_and_what_to_do(operator: Browser, manual: Run) -> None:
    page = text_of(operator.get(at(manual)))
    for words in (
        "Access Management",
        "Tokens",
        "Only a Workspace Owner sees this tab",
        "A screenshot is needed.",
    ):
        assert words in page
    assert "Stuck?" in page


def test_one_press_attaches_the_file_and_signs_off_and_goes_to_the_next_step(
    operator: Browser, manual: Run, olga: Any
) -> None:
    picture = screenshot()
    response = sign(operator, manual, attest="on", note="None found", file=picture)
    following = Run.objects.filter(state=State.NEEDS_PERSON, item__number__gt=manual.item.number)
    number = following.order_by("item__number").first().item.number  # type: ignore[union-attr]
    assert response["Location"].endswith(f"/steps/{number}/")
    manual.refresh_from_db()
    proof = Proof.objects.get().evidence
    assert (manual.state, manual.ended, manual.ended_by, manual.note) == (
        "done",
        "by hand",
        olga,
        "None found",
    )
    assert (proof.name, proof.media_type, proof.source, proof.taken_by) == (
        "tokens.png",
        "image/png",
        "person",
        "Olga",
    )
    with store.open_bytes(proof.sha256) as kept:
        picture.seek(0)
        assert kept.read() == picture.read()
    page = text_of(operator.get(response["Location"]))
    assert f"Step {manual.item.number} is signed off" in page


def test_with_nothing_left_the_way_goes_back_to_the_list(operator: Browser, manual: Run) -> None:
    Run.objects.exclude(pk=manual.pk).update(state=State.DONE, ended=Ended.CHANGED)
    response = sign(operator, manual, attest="on", file=screenshot())
    assert response["Location"].endswith("/checklist/")
    assert "No other step needs you now." in text_of(operator.get(response["Location"]))


@pytest.mark.parametrize(
    ("data", "with_file", "sentence"),
    [
        ({"attest": "on"}, False, "Attach the screenshot that shows it, then sign off."),
        ({}, True, "Tick the box to say that you did this and it is right."),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_and_attached_stays(
    data: dict[str, Any], with_file: bool, sentence: str, operator: Browser, manual: Run
) -> None:
    given = {**data, "note": "two found", **({"file": screenshot()} if with_file else {})}
    response = sign(operator, manual, **given)
    page = response.content.decode()
    assert response.status_code == 422
    assert page.count(sentence) == 2
    assert "two found" in page
    assert ("tokens.png" in page) == with_file
    assert ("checked" in page) == ("attest" in data)
    manual.refresh_from_db()
    assert manual.state == "needs_person"


@pytest.mark.parametrize("act", ["sign-off", "attach"])
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_kept(
    act: str, operator: Browser, manual: Run
) -> None:
    bad = SimpleUploadedFile("proof.heic", b"\x00\x00\x00\x18ftypheic" + bytes(20))
    before = Evidence.objects.count()
    response = operator.post(
        at(manual, "sign-off/"), {"act": act, "note": "kept", "attest": "on", "file": bad}
    )
    assert response.status_code == 422
    assert "proof.heic cannot be read. Use PNG, JPEG, PDF, CSV or text up to 10 MB." in text_of(response)
    assert "kept" in response.content.decode()
    assert Evidence.objects.count() == before


def test_attaching_alone_keeps_the_step_open_and_the_file_can_be_taken_back(
    operator: Browser, manual: Run
) -> None:
    response = operator.post(at(manual, "sign-off/"), {"act": "attach", "file": screenshot()}, follow=True)
    proof = Proof.objects.get()
    assert "tokens.png" in text_of(response)
    assert proof.evidence.sha256[:4] in text_of(response)
    operator.post(at(manual, f"proofs/{proof.pk}/remove/"), {"reason": "A slip"})
    proof.refresh_from_db()
    assert proof.withdrawn_at
    again = operator.post(at(manual, f"proofs/{proof.pk}/remove/"), {"reason": "A slip"})
    assert again.status_code == 409
    assert "not attached any more" in text_of(again)


def test_what_a_file_shows_is_said_with_who_and_when_wherever_it_is_listed(
    operator: Browser, manual: Run
) -> None:
    words = "No token of Dan, Acme Staging"
    press = {"act": "attach", "shows": f" {words} ", "file": screenshot()}
    page = text_of(operator.post(at(manual, "sign-off/"), press, follow=True))
    assert f"{words}: Olga, today" in page
    assert Proof.objects.get().evidence.shows == words
    reference = manual.item.plan.removal.reference
    assert words in text_of(operator.get(f"/requests/{reference}/evidence/"))
    entry = Entry.objects.get(event="proof.added")
    assert words.encode() not in bytes(entry.body), "it may name somebody, so it stands apart from the chain"
    assert entry.personal.get(name="shows").value == words
    operator.post(at(manual, "sign-off/"), {"act": "attach", "file": screenshot("more.png", "black")})
    assert Proof.objects.last().evidence.shows == manual.item.title  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("shows", "with_file", "sentence"),
    [("none found", False, "Choose a file first."), ("x" * 301, True, "Write at most 300 characters.")],
)
def test_what_a_file_would_show_stays_typed_when_the_file_cannot_be_taken(
    shows: str, with_file: bool, sentence: str, operator: Browser, manual: Run
) -> None:
    before = Evidence.objects.count()
    response = sign(
        operator, manual, attest="on", shows=shows, **({"file": screenshot()} if with_file else {})
    )
    assert response.status_code == 422 and sentence in text_of(response)
    assert f'value="{shows}"' in response.content.decode()
    assert Evidence.objects.count() == before


def test_what_a_file_shows_goes_with_the_file_though_the_sign_off_is_refused(
    operator: Browser, manual: Run
) -> None:
    response = sign(operator, manual, shows="none found", file=screenshot())
    assert response.status_code == 422
    assert (
        "none found: Olga, today" in text_of(response)
        and 'value="none found"' not in response.content.decode()
    )


def test_attaching_without_a_file_says_so(operator: Browser, manual: Run) -> None:
    response = operator.post(at(manual, "sign-off/"), {"act": "attach"})
    assert response.status_code == 422
    assert "Choose a file first." in text_of(response)


def test_a_second_press_is_told_that_the_step_moved_on(operator: Browser, manual: Run) -> None:
    sign(operator, manual, attest="on", file=screenshot())
    response = sign(operator, manual, attest="on")
    assert response.status_code == 409
    assert "Look at it again." in text_of(response)
    assert Entry.objects.filter(event="item.signed_off").count() == 1


def test_a_sign_off_is_undone_by_its_own_hand_within_ten_minutes(
    operator: Browser, manual: Run, sam: Any, client: Browser, olga: Any
) -> None:
    sign(operator, manual, attest="on", file=screenshot())
    assert "Undo the sign-off, until" in text_of(operator.get(at(manual)))
    client.force_login(sam)
    assert "Undo" not in text_of(client.get(at(manual)))
    assert client.post(at(manual, "undo/")).status_code == 409
    client.force_login(olga)
    client.post(at(manual, "undo/"))
    manual.refresh_from_db()
    assert (manual.state, manual.ended) == ("needs_person", "")


def test_a_step_is_handed_to_somebody_who_may_do_it(
    operator: Browser, manual: Run, sam: Any, bob: Any
) -> None:
    operator.post(at(manual, "assign/"), {"to": sam.pk})
    manual.refresh_from_db()
    assert manual.assigned_to == sam
    assert "For Sam" in text_of(operator.get(at(manual)))
    response = operator.post(at(manual, "assign/"), {"to": bob.pk})
    assert response.status_code == 422
    assert "Choose somebody from the list." in text_of(response)
    operator.post(at(manual, "assign/"), {"to": ""})
    manual.refresh_from_db()
    assert manual.assigned_to is None


def test_skipping_is_a_page_that_wants_a_reason(operator: Browser, manual: Run) -> None:
    assert "It is shown as skipped, never as done." in text_of(operator.get(at(manual, "skip/")))
    missing = operator.post(at(manual, "skip/"), {"reason": " "})
    assert missing.status_code == 422
    assert "Say why this step is skipped." in text_of(missing)
    operator.post(at(manual, "skip/"), {"reason": "No Owner is left there"})
    manual.refresh_from_db()
    assert (manual.state, manual.ended) == ("cancelled", "waived")
    assert "Skipped by Olga: No Owner is left there" in text_of(operator.get(at(manual)))


# ---- automatic ------------------------------------------------------------------------------------------------


def test_a_blocked_step_says_the_cause_the_remedy_and_what_can_be_done(
    operator: Browser, blocked: Run
) -> None:
    page = text_of(operator.get(at(blocked)))
    for words in (
        "Blocked",
        "Dan is the only Owner",
        "Make someone else Owner first",
        "Try again",
        "Do it by hand",
    ):
        assert words in page
    assert "Remove is greyed out" in page


@pytest.mark.parametrize(
    ("cause", "offered"),
    [(Cause.STILL_THERE, True), (Cause.TOKEN_REFUSED, False), (Cause.OWN_ACCOUNT, False)],
)
def test_trying_again_is_offered_only_where_it_can_help(
    cause: Cause, offered: bool, operator: Browser, blocked: Run
) -> None:
    stop(blocked, cause)
    assert ("Try again" in text_of(operator.get(at(blocked)))) == offered


def test_trying_again_hands_the_step_back_to_the_engine(operator: Browser, blocked: Run) -> None:
    operator.post(at(blocked, "retry/"))
    blocked.refresh_from_db()
    assert blocked.state == "ready"
    assert operator.post(at(blocked, "retry/")).status_code == 409


def test_doing_it_by_hand_turns_the_step_into_its_manual_twin(operator: Browser, blocked: Run) -> None:
    page = text_of(operator.post(at(blocked, "by-hand/"), follow=True))
    blocked.refresh_from_db()
    assert blocked.manual
    assert "Sign off" in page
    assert "Open Acme Production as a Workspace Owner" in page


def exchange(body: Any) -> dict[str, Any]:
    return {
        "method": "DELETE",
        "url": "https://api.segmentapis.com/users?userIds=u1",
        "request_headers": {"Authorization": "Bearer ••••4c2", "User-Agent": "x"},
        "request_body": None,
        "status": 200,
        "response_headers": {"content-type": "application/json"},
        "response_body": body,
        "started_at": "2026-03-31T10:00:00Z",
        "elapsed_ms": 84,
        "error": None,
    }


def tried(run: Run, rows: list[dict[str, Any]]) -> Evidence:
    assert run.item.workspace
    acme = run.item.workspace.client
    kept = keep_json(rows, name="step.json", shows="Calls", taken_by="Offboard", client=acme, origin="here")
    attempt = Attempt.objects.create(run=run, number=1, act=Act.CALL, intent="Remove Dan", exchanges=kept)
    Attempt.objects.filter(pk=attempt.pk).update(
        result=Result.ACCEPTED, says="accepted", closed_at=attempt.begun_at
    )
    return kept


def test_a_try_shows_the_masked_request_and_answer_escaped(operator: Browser, blocked: Run) -> None:
    kept = tried(blocked, [exchange({"status": "<b>SUCCESS</b>"})])
    response = operator.get(at(blocked))
    page = response.content.decode()
    for words in ("DELETE /users?userIds=u1", "Bearer ••••4c2", "200, 84 ms", "&lt;b&gt;SUCCESS&lt;/b&gt;"):
        assert words in page
    assert "User-Agent" not in page
    assert f"/evidence/{blocked.item.plan.removal.reference}/files/{kept.pk}/" in page
    assert "Accepted, not verified" in page


def test_a_large_record_is_cut_and_a_huge_one_only_linked(
    operator: Browser, blocked: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried(blocked, [exchange("x" * 5000)] * 9)
    page = operator.get(at(blocked)).content.decode()
    assert "x" * 1500 in page
    assert "x" * 1501 not in page
    assert "3 more calls are in the file." in page
    monkeypatch.setattr(calls, "BYTES_AT_MOST", 1000)
    assert "download it to read it" in operator.get(at(blocked)).content.decode()


def test_a_record_that_is_gone_from_the_store_does_not_break_the_page(
    operator: Browser, blocked: Run
) -> None:
    kept = tried(blocked, [exchange("only in this test")])
    folder.place_of(kept.sha256).unlink()
    assert "cannot be read just now" in text_of(operator.get(at(blocked)))


# ---- live, and beside the list --------------------------------------------------------------------------------


def test_beside_the_list_comes_the_content_alone_with_its_own_address(operator: Browser, manual: Run) -> None:
    response = operator.get(at(manual), headers=HTMX)
    page = response.content.decode()
    assert response["HX-Push-Url"] == at(manual)
    assert "<html" not in page
    assert 'id="drawer-title"' in page
    assert f'hx-post="{at(manual)}sign-off/"' in page


def test_a_page_out_of_the_browsers_history_is_whole(operator: Browser, manual: Run) -> None:
    restored = operator.get(at(manual), headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


def test_a_step_that_runs_is_asked_for_news_and_answers_204_without(operator: Browser, removal: Any) -> None:
    run = run_of(removal, "remove-member")
    page = operator.get(at(run)).content.decode()
    found = re.search(r'hx-get="([^"]+since[^"]+)"', page)
    assert found
    assert operator.get(found[1].replace("&amp;", "&"), headers=HTMX).status_code == 204
    stop(run)
    fresh = operator.get(found[1].replace("&amp;", "&"), headers=HTMX)
    assert "Dan is the only Owner" in fresh.content.decode()
    assert "hx-trigger" not in fresh.content.decode()


def test_nothing_asks_for_news_while_a_person_types(operator: Browser, manual: Run) -> None:
    assert "hx-trigger" not in operator.get(at(manual)).content.decode()


def test_a_step_of_a_plan_that_nobody_approved_is_readable_and_says_so(
    operator: Browser, filed: Make
) -> None:
    removal = filed("Acme Staging")
    page = text_of(operator.get(f"/requests/{removal.reference}/steps/1/"))
    assert "This step has not begun." in page
    assert operator.post(f"/requests/{removal.reference}/steps/1/skip/", {"reason": "x"}).status_code == 404
    assert operator.get(f"/requests/{removal.reference}/steps/999/").status_code == 404


def test_the_number_of_queries_does_not_grow_with_tries(operator: Browser, blocked: Run) -> None:
    counts = []
    for number in range(1, 9):
        Attempt.objects.create(run=blocked, number=number, act=Act.LOOK, intent="Read", result=Result.SEEN)
        with CaptureQueriesContext(connection) as queries:
            operator.get(at(blocked))
        counts.append(len(queries))
    assert counts[1] == counts[-1]


# ---- who may --------------------------------------------------------------------------------------------------

POSTS = ("sign-off/", "retry/", "by-hand/", "assign/", "undo/", "proofs/1/remove/")


@pytest.mark.parametrize("who", ["alice", "bob", "erin"])
def test_others_read_the_step_and_who_can_act(
    who: str, request: Any, client: Browser, manual: Run, olga: Any
) -> None:
    client.force_login(request.getfixturevalue(who))
    page = text_of(client.get(at(manual)))
    assert "Only operators and security of every client in this request work on its steps." in page
    assert "Who can act: Olga." in page
    for words in ("Sign off", "Skip this step", "Hand to somebody"):
        assert words not in page


@pytest.mark.parametrize("path", POSTS)
def test_what_others_press_anyway_is_refused(path: str, client: Browser, manual: Run, alice: Any) -> None:
    client.force_login(alice)
    response = client.post(at(manual, path), {"attest": "on", "act": "attach", "file": screenshot()})
    assert response.status_code == 409
    manual.refresh_from_db()
    assert manual.state == "needs_person"
    assert not Proof.objects.exists()


def test_others_cannot_skip(client: Browser, manual: Run, alice: Any) -> None:
    client.force_login(alice)
    client.post(at(manual, "skip/"), {"reason": "I wish"})
    manual.refresh_from_db()
    assert manual.state == "needs_person"


@pytest.mark.parametrize("path", ["", *POSTS, "skip/"])
def test_for_another_clients_people_no_step_exists(
    path: str, client: Browser, manual: Run, person: Make
) -> None:
    from offboarding.users.rules import Role

    client.force_login(person("oscar", Role.OPERATOR, clients_=("Hooli",)))
    assert (client.post if path else client.get)(at(manual, path)).status_code == 404


VERBS: dict[str, Callable[[Run, Any, Any], Any]] = {
    "retry": lambda run, user, proof: execution.retry(run, user),
    "take over": lambda run, user, proof: execution.take_over(run, user),
    "assign": lambda run, user, proof: execution.assign(run, user, None),
    "sign off": lambda run, user, proof: execution.sign_off(run, user, attested=True, note=""),
    "undo": lambda run, user, proof: execution.undo_sign_off(run, user, run.touched_at),
    "skip": lambda run, user, proof: execution.skip(run, user, "because"),
    "add proof": lambda run, user, proof: execution.add_proof(run, user, proof),
    "withdraw proof": lambda run, user, proof: execution.withdraw_proof(run, user, 1, "A slip"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("role", "held", "reason"),
    [
        ("requester", ("Acme", "Globex"), "asking is not doing"),
        ("auditor", ("Acme", "Globex"), "auditors only read"),
        ("operator", ("Globex",), "an operator of one of two clients"),
    ],
)
def test_every_door_of_a_step_asks_who_it_is(
    verb: str, role: str, held: tuple[str, ...], reason: str, running: Make, person: Make
) -> None:
    from offboarding.users.rules import Role

    run = run_of(running("Acme Staging", "Globex Production"), "list-tokens")
    stranger = person("zoe", Role(role), clients_=held)
    acme = Client.objects.get(name="Acme")
    proof = keep_json([], name="p.json", shows="x", taken_by="Zoe", client=acme, origin="")
    with pytest.raises(Refused) as refusal:
        VERBS[verb](run, stranger, proof)
    assert refusal.value.code == "not-a-worker"
    run.refresh_from_db()
    assert run.state == "needs_person"


def test_a_step_is_not_handed_to_somebody_who_may_not_do_it(manual: Run, olga: Any, alice: Any) -> None:
    with pytest.raises(Refused):
        execution.assign(manual, olga, alice)


def test_nobody_works_on_the_removal_of_their_own_access(removal: Any, person: Make) -> None:
    from offboarding.users.rules import Role

    run = run_of(removal, "list-tokens")
    with pytest.raises(Refused, match="your own access"):
        execution.skip(run, person("dan", Role.OPERATOR), "because")


@pytest.mark.parametrize(("path", "field"), [("sign-off/", "note"), ("skip/", "reason")])
def test_a_text_without_end_is_refused_at_its_field(
    path: str, field: str, operator: Browser, manual: Run
) -> None:
    response = operator.post(at(manual, path), {"attest": "on", field: "x" * 100_000})
    assert response.status_code == 422
    assert "Write at most 2000 characters." in text_of(response)
    manual.refresh_from_db()
    assert manual.state == "needs_person"


def test_a_second_skip_is_told_that_the_step_moved_on(operator: Browser, manual: Run) -> None:
    operator.post(at(manual, "skip/"), {"reason": "No Owner is left there"})
    again = operator.post(at(manual, "skip/"), {"reason": "No Owner is left there"})
    assert again.status_code == 409
    assert "This step moved on meanwhile. Look at it again." in text_of(again)
