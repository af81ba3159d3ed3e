"""Files on the pages of a request: added while it is written and until it is decided, read by who decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from offboarding.checklist.queries import newest_plan
from offboarding.evidence.models import Evidence
from offboarding.journey import actions as journey
from offboarding.removals.queries import attachments_of

Make = Callable[..., Any]
TYPED = {"reason": "handed-over", "start": "at", "day": "2027-01-09", "clock": "17:00", "time_zone": "Asia/Tokyo",
         "ticket": "CS-88", "sow": "SOW-7", "handover": "Kim", "notes": "Ask Kim first."}  # fmt: skip


@pytest.fixture(autouse=True)
def own_store(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT = tmp_path


@pytest.fixture
def as_alice(client: Browser, alice: Any) -> Browser:
    client.force_login(alice)
    return client


def contract(words: bytes = b"Until 27 November.", name: str = "contract.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, words)


def details(draft: Any) -> str:
    return f"/requests/new/{draft.reference}/details/"


def names(removal: Any) -> list[str]:
    return [each.evidence.name for each in attachments_of(removal)]


def test_a_file_is_attached_and_what_was_typed_stays(as_alice: Browser, drafted: Make) -> None:
    draft = drafted()
    answer = as_alice.post(details(draft), TYPED | {"act": "attach", "file": contract()})
    shown = answer.content.decode()
    assert answer.status_code == 200 and names(draft) == ["contract.txt"]
    assert "contract.txt" in shown and "Alice" in shown
    for typed in ("2027-01-09", "17:00", "CS-88", "SOW-7", "Kim", "Ask Kim first."):
        assert typed in shown
    assert 'value="handed-over" id="id_reason_handed-over" checked' in shown
    assert '<option value="Asia/Tokyo" selected' in shown
    draft.refresh_from_db()
    assert draft.ticket == "CS-1"  # nothing but the file was kept


@pytest.mark.parametrize("act", ["attach", ""])
def test_a_file_that_cannot_be_read_is_told_at_its_field_and_what_was_typed_stays(
    act: str, as_alice: Browser, drafted: Make
) -> None:
    draft = drafted()
    answer = as_alice.post(details(draft), TYPED | {"act": act, "file": contract(b"\x00", "photo.heic")})
    shown = answer.content.decode()
    assert (
        answer.status_code == 422
        and not names(draft)
        and not Evidence.objects.filter(source="person").exists()
    )
    assert "photo.heic cannot be read" in shown and 'href="#id_file"' in shown and "Ask Kim first." in shown


def test_attaching_nothing_says_so(as_alice: Browser, drafted: Make) -> None:
    answer = as_alice.post(details(drafted()), TYPED | {"act": "attach"})
    assert answer.status_code == 422 and "Choose a file first." in answer.content.decode()


def test_one_press_attaches_and_goes_on(as_alice: Browser, drafted: Make) -> None:
    draft = drafted()
    answer = as_alice.post(details(draft), TYPED | {"file": contract()})
    draft.refresh_from_db()
    assert answer["Location"].endswith("/check/") and (names(draft), draft.ticket) == (
        ["contract.txt"],
        "CS-88",
    )
    assert "contract.txt" in as_alice.get(answer["Location"]).content.decode()


def test_a_file_is_not_lost_for_a_mistake_in_the_answers(as_alice: Browser, drafted: Make) -> None:
    draft = drafted()
    answer = as_alice.post(details(draft), TYPED | {"day": "", "file": contract()})
    assert answer.status_code == 422 and names(draft) == ["contract.txt"]
    assert "contract.txt" in answer.content.decode()


def test_a_ticked_file_is_taken_off_the_draft(as_alice: Browser, drafted: Make) -> None:
    draft = drafted()
    as_alice.post(details(draft), TYPED | {"act": "attach", "file": contract()})
    [kept] = attachments_of(draft)
    answer = as_alice.post(details(draft), TYPED | {"act": "attach", "off": str(kept.evidence_id)})
    assert answer.status_code == 200 and not names(draft)
    again = as_alice.post(details(draft), TYPED | {"act": "attach", "off": str(kept.evidence_id)})
    assert again.status_code == 409 and "not attached any more" in again.content.decode()
    assert as_alice.get(f"/evidence/{draft.reference}/files/{kept.evidence_id}/").status_code == 404


def test_who_decides_reads_the_files_and_opens_them_outside_of_our_pages(
    as_alice: Browser, client: Browser, drafted: Make, alice: Any, bob: Any
) -> None:
    draft = drafted()
    as_alice.post(details(draft), TYPED | {"file": contract()})
    draft.refresh_from_db()
    journey.file(draft, alice, draft.version)
    client.force_login(bob)
    [kept] = attachments_of(draft)
    url = f"/evidence/{draft.reference}/files/{kept.evidence_id}/"
    shown = client.get(f"/requests/{draft.reference}/approve/").content.decode()
    assert f'href="{url}"' in shown and kept.evidence.sha256 in shown
    file = client.get(url)
    assert (
        file["Content-Disposition"].startswith("attachment") and "sandbox" in file["Content-Security-Policy"]
    )
    assert b"".join(file.streaming_content) == b"Until 27 November."  # type: ignore[attr-defined]


def test_after_sending_a_file_makes_a_new_plan_and_who_decides_sees_what_came(
    client: Browser, filed: Make, alice: Any, bob: Any
) -> None:
    removal = filed()
    first = newest_plan(removal)
    assert first
    client.force_login(alice)
    assert "Add or take back files" in client.get(f"/requests/{removal.reference}/").content.decode()
    url = f"/requests/{removal.reference}/attachments/"
    assert client.get(url).status_code == 200
    answer = client.post(url, {"file": contract()}, follow=True)
    assert "Version 2 of the plan waits for approval." in answer.content.decode()
    client.force_login(bob)
    said = {"decision": "approve", "note": "", "fingerprint": first.fingerprint}
    refused = client.post(f"/requests/{removal.reference}/approve/", said)
    shown = refused.content.decode()
    assert refused.status_code == 409 and "contract.txt, SHA-256" in shown and "Decide again" not in shown


def test_after_sending_a_file_is_taken_back_with_a_reason(as_alice: Browser, filed: Make) -> None:
    removal = filed()
    url = f"/requests/{removal.reference}/attachments/"
    as_alice.post(url, {"file": contract()})
    [kept] = attachments_of(removal)
    back = f"{url}{kept.evidence_id}/remove/"
    assert as_alice.get(back).status_code == 200
    refused = as_alice.post(back, {"reason": ""})
    assert refused.status_code == 422 and "Say why this file is taken back." in refused.content.decode()
    assert as_alice.post(back, {"reason": "Another person's contract"})["Location"] == url
    assert not names(removal)
    told = as_alice.get(f"/requests/{removal.reference}/evidence/").content.decode()
    assert "taken back by Alice: Another person" in told
    assert as_alice.get(back)["Location"] == url  # it is gone already


def test_a_bad_file_after_sending_leaves_the_plan_as_it_is(as_alice: Browser, filed: Make) -> None:
    removal = filed()
    answer = as_alice.post(
        f"/requests/{removal.reference}/attachments/", {"file": contract(b"\x00", "a.heic")}
    )
    plan = newest_plan(removal)
    assert answer.status_code == 422 and "a.heic cannot be read" in answer.content.decode()
    assert plan and plan.version == 1


def test_others_read_that_only_the_requester_attaches(client: Browser, filed: Make, bob: Any) -> None:
    removal = filed()
    client.force_login(bob)
    url = f"/requests/{removal.reference}/attachments/"
    assert "Only the person who files this request" in client.get(url).content.decode()
    assert client.post(url, {"file": contract()}).status_code == 403
    assert not Evidence.objects.filter(source="person").exists()
