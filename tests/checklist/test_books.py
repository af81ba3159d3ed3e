"""Each reason has its playbook: what it does differently, and that nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offboarding.checklist.book import by_reason, playbook
from offboarding.checklist.lines import lines
from offboarding.checklist.queries import SERVICE_ACCOUNT, playbook_of, shipped_by_reason, shipped_playbook
from offboarding.checklist.rules import Found, Phase, Playbook, planned
from offboarding.discovery.rules import Thing
from offboarding.removals.rules import FILED_FOR
from tests.checklist.test_lines import HERE, KEYS, SUBJECT, found, having

BOOKS = sorted(set(shipped_by_reason().values()))
BASE = {
    "name": "Base",
    "version": 3,
    "step": [
        {"code": "look", "phase": "plan", "title": "Look"},
        {"code": "act", "phase": "remove", "title": "Act", "waits_for": ["look"]},
        {"code": "tell", "phase": "record", "title": "Tell", "waits_for": ["act"]},
    ],
}


def extending(**data: Any) -> Playbook:
    return playbook({"name": "Own", "version": 2, **data}, base=playbook(BASE))


def codes(book: Playbook) -> list[str]:
    return [each.code for each in book.steps]


def codes_for(reason: str, *places: Found) -> list[str]:
    return [line.code for line in lines(playbook_of(reason), SUBJECT, places or (HERE,))]


def test_every_reason_that_can_be_filed_has_one_playbook_that_says_what_it_does() -> None:
    assert set(shipped_by_reason()) == set(FILED_FOR)
    assert all(shipped_playbook(name).says for name in BOOKS)
    book = Playbook("x", 1, reasons=("partial",))
    with pytest.raises(ValueError, match="both for partial"):
        by_reason([("a", book), ("b", book)])


def test_an_extension_says_only_what_is_different() -> None:
    new = {"code": "more", "phase": "plan", "title": "More"}
    book = extending(step=[new], without=["look"], change=[{"code": "tell", "title": "Say it"}])
    assert codes(extending(step=[new])) == ["look", "more", "act", "tell"]
    assert codes(extending(step=[{**new, "after": "act"}])) == ["look", "act", "more", "tell"]
    act, tell = (next(each for each in book.steps if each.code == code) for code in ("act", "tell"))
    assert (act.waits_for, tell.title, tell.waits_for) == ((), "Say it", ("act",))
    assert book.named == {"name": "Own", "version": 2, "extends": {"name": "Base", "version": 3}}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"without": ["nothing"]}, "nothing is not in the playbook that is extended"),
        ({"change": [{"code": "nothing", "title": "x"}]}, "nothing is not in the playbook"),
        ({"change": [{"code": "act", "when": "never"}]}, "Step act has an unknown condition"),
        ({"change": [{"code": "act", "waits_for": ["none"]}]}, "Step act waits for none"),
        ({"step": [{"code": "x", "phase": "plan", "title": "x", "after": "gone"}]}, "stands behind gone"),
    ],
)
def test_an_extension_that_cannot_be_names_what_is_wrong(data: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        extending(**data)


@pytest.mark.parametrize("name", BOOKS)
def test_no_text_is_left_unfilled(name: str) -> None:
    place = replace(having(write_keys=3, keys=KEYS, functions=(Thing("t", "Clean"),)), again=True)
    places = [place, replace(place, workspace_id=2, managed_by="scim", provider_group="seg-acme")]
    for line in lines(shipped_playbook(name), SUBJECT, places):
        assert not any("{" in text for text in (line.title, *line.how)), line.code


def waits(reason: str, code: str) -> set[str]:
    return set(next(each for each in playbook_of(reason).steps if each.code == code).waits_for)


def test_a_service_account_goes_after_what_runs_with_it_and_its_tokens() -> None:
    assert {"move-consumers", "remove-tokens"} <= waits("service-account-retired", "remove-member")
    assert "move-consumers" in waits("service-account-retired", "remove-tokens")
    assert "read-again" not in waits("service-account-retired", "add-write-key")
    assert "read-again" in waits("contract-ended", "add-write-key")
    assert not {"channels", "hand-over-jobs"} & set(codes_for("service-account-retired"))
    assert playbook_of("contract-ended", machine=True) is shipped_playbook(SERVICE_ACCOUNT)


@pytest.mark.parametrize(
    ("reason", "gate"),
    [("service-account-retired", "move-consumers"), ("accounts-consolidated", "confirm-account")],
)
def test_no_way_in_which_access_goes_is_before_what_it_waits_for(reason: str, gate: str) -> None:
    ways = {each.code for each in playbook_of(reason).steps if each.phase is Phase.REMOVE}
    assert ways == {
        "provider-group", "provider-some-groups", "cancel-invitation", "leave-group", "remove-member", "downgrade", "reduce",
    }  # fmt: skip
    # An invitation gives nothing yet.
    assert [code for code in ways - {"cancel-invitation"} if gate not in waits(reason, code)] == []


def test_what_comes_again_comes_after_it_was_verified_gone() -> None:
    for reason, code in (("credential-rotation", "invite-again"), ("sso-migration", "provision-again")):
        assert "read-again" in waits(reason, code)
        assert playbook_of(reason).gives_again
        assert {each.phase for each in playbook_of(reason).steps} >= {Phase.RETURN}
    by_scim = codes_for("credential-rotation", found(managed_by="scim"))
    assert "provision-again" in by_scim and "invite-again" not in by_scim
    assert "look-after-30-days" not in by_scim
    assert planned(replace(HERE, again=True)) == "Remove, then give again"


def test_for_security_nothing_waits_and_what_was_done_is_read() -> None:
    assert playbook_of("audit-finding").hurry and not playbook_of("partial").hurry
    assert "read-activity" in codes_for("credentials-compromised")
