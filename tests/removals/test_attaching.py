"""Files beside a request: who attaches and takes off, until when, and that nobody approves with one that they did not see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from offboarding.checklist.queries import newest_plan
from offboarding.directory.models import Client
from offboarding.evidence.actions import keep
from offboarding.evidence.models import Evidence
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.ledger.queries import entries_about
from offboarding.lib.refusals import Refused
from offboarding.packets.queries import files_of
from offboarding.removals import actions as removals
from offboarding.removals.attaching import AT_MOST
from offboarding.removals.queries import attachments_of
from offboarding.removals.rules import Choice
from offboarding.retention.queries import evidence_of
from tests.removals.test_verbs import refusal, told

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path) -> Any:
    with override_settings(EVIDENCE_ROOT=tmp_path):
        yield


def contract(words: bytes = b"The engagement ends.", client: str = "Acme") -> Evidence:
    return keep(
        BytesIO(words), name="contract.txt", media_type="text/plain", shows="Attached to the request", source="person",
        taken_by="Alice", client=Client.objects.get(name=client),
    )  # fmt: skip


def files(removal: Any) -> list[int]:
    return [each.evidence_id for each in attachments_of(removal)]


def test_what_was_attached_to_the_draft_is_signed_with_the_plan(drafted: Make, alice: Any) -> None:
    draft, file = drafted(), contract()
    journey.attach(draft, alice, file)
    plan = journey.file(draft, alice, draft.version)
    [signed] = plan.data["attachments"]
    assert (signed["file"], signed["sha256"], signed["by"]) == (file.pk, file.sha256, alice.name)
    assert signed["name"] == "contract.txt" and signed["at"]


def test_the_ledger_has_the_digest_and_no_name(drafted: Make, alice: Any) -> None:
    draft, file = drafted(), contract()
    journey.attach(draft, alice, file)
    entry = entries_about(draft.reference)[-1]
    assert entry.event == "attachment.added" and file.sha256.encode() in bytes(entry.body)
    assert b"contract.txt" not in bytes(entry.body)


def test_a_file_taken_off_a_draft_is_gone_from_the_request(drafted: Make, alice: Any) -> None:
    draft, file = drafted(), contract()
    journey.attach(draft, alice, file)
    journey.take_off(draft, alice, file.pk)
    plan = journey.file(draft, alice, draft.version)
    assert "attachments" not in plan.data and not files_of(draft).filter(pk=file.pk).exists()
    assert "attachment.withdrawn" in told(draft)


def test_a_file_that_comes_after_a_yes_needs_another_yes(
    filed: Make, decide: Make, alice: Any, bob: Any, settings: Any
) -> None:
    settings.OWNER_APPROVERS = 2
    removal = filed(roles=("Workspace Owner",))
    read = newest_plan(removal)
    assert read
    decide(removal, bob)
    journey.attach(removal, alice, contract())
    plan = newest_plan(removal)
    assert plan and plan.version == read.version + 1 and not plan.approvals.exists()
    assert refusal(lambda: decide(removal, bob, fingerprint=read.fingerprint)) == "plan-changed"


def test_what_is_taken_back_after_sending_stays_on_record_and_leaves_the_plan(
    filed: Make, alice: Any
) -> None:
    removal, file = filed(), contract()
    journey.attach(removal, alice, file)
    assert refusal(lambda: journey.take_off(removal, alice, file.pk, " ")) == "no-reason"
    journey.take_off(removal, alice, file.pk, "The wrong contract")
    plan = newest_plan(removal)
    assert plan and plan.version == 3 and "attachments" not in plan.data
    [row] = removal.attachments.all()
    assert (row.withdrawn_by, row.withdrawn_because) == (alice, "The wrong contract") and row.withdrawn_at
    assert files_of(removal).filter(pk=file.pk).exists()
    entry = Entry.objects.get(event="attachment.withdrawn")
    assert "wrong contract" not in str(bytes(entry.body)), "what somebody typed can be erased"
    assert entry.personal.get(name="why").value == "The wrong contract"


def test_the_same_file_twice_is_there_once_and_makes_no_new_plan(filed: Make, alice: Any) -> None:
    removal = filed()
    journey.attach(removal, alice, contract())
    journey.attach(removal, alice, contract())
    plan = newest_plan(removal)
    assert plan and plan.version == 2 and len(files(removal)) == 1


@pytest.mark.parametrize("stage", ["approved", "running", "closed", "rejected", "expired", "withdrawn"])
def test_once_it_is_decided_its_files_stay(stage: str, filed: Make, alice: Any) -> None:
    removal, file = filed(), contract()
    journey.attach(removal, alice, file)
    type(removal).objects.filter(pk=removal.pk).update(stage=stage)
    assert refusal(lambda: journey.attach(removal, alice, contract(b"other"))) == "files-stay"
    assert refusal(lambda: journey.take_off(removal, alice, file.pk, "Why")) == "files-stay"
    assert files(removal) == [file.pk]


def test_only_its_requester_attaches(filed: Make, bob: Any, alice: Any) -> None:
    removal, file = filed(), contract()
    assert refusal(lambda: journey.attach(removal, bob, file)) == "files-stay"
    journey.attach(removal, alice, file)
    assert refusal(lambda: journey.take_off(removal, bob, file.pk, "Why")) == "files-stay"


def test_a_refused_plan_leaves_no_attachment(
    filed: Make, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal, before = filed(), Entry.objects.count()

    def impossible(*_given: Any) -> None:
        raise Refused("places-incomplete", "Nothing would stay.")

    monkeypatch.setattr("offboarding.checklist.actions.refuse_impossible", impossible)
    assert refusal(lambda: journey.attach(removal, alice, contract())) == "places-incomplete"
    assert not files(removal) and Entry.objects.count() == before


def test_a_request_has_ten_files_at_most(drafted: Make, alice: Any) -> None:
    draft = drafted()
    for number in range(AT_MOST):
        journey.attach(draft, alice, contract(b"%d" % number))
    assert refusal(lambda: journey.attach(draft, alice, contract(b"more"))) == "too-many-files"
    journey.take_off(draft, alice, files(draft)[0])
    journey.attach(draft, alice, contract(b"more"))


def test_a_draft_that_was_read_before_a_file_came_is_not_sent(drafted: Make, alice: Any) -> None:
    draft = drafted()
    read = draft.version
    journey.attach(draft, alice, contract())
    assert refusal(lambda: journey.file(draft, alice, read)) == "stale"


def test_a_file_is_kept_for_a_client_of_the_request(
    drafted: Make, alice: Any, workspace: Make, today: date
) -> None:
    draft = drafted()
    journey.attach(draft, alice, contract())
    other = workspace("Globex Production", client="Globex")
    removals.choose(draft, alice, [removals.Wish(other, Choice.REMOVE)], today)
    draft.refresh_from_db()
    assert refusal(lambda: journey.file(draft, alice, draft.version)) == "kept-elsewhere"
    assert draft.stage == "draft"


def test_a_shared_request_keeps_its_files_for_each_of_its_clients(
    drafted: Make, alice: Any, workspace: Make
) -> None:
    places = (workspace("Acme Production"), workspace("Globex Production", client="Globex"))
    draft, file = drafted(connected=places), contract()
    journey.attach(draft, alice, file)
    assert evidence_of(places[1].client).filter(pk=file.pk).exists()
