"""What an event tells, who did it, and how far a copy reaches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from offboarding.trail.rules import By, Kind, Reach, Told, by, by_content, grown, kind_of, same, window

NOON = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def told(key: str = "events/1", at: datetime = NOON, type: str = "User Removed", **more: str) -> Told:
    return Told(key, at, type, **more)


KINDS = [
    ("User Removed", Kind.REMOVED, "the older tables"),
    ("USERS REMOVED", Kind.REMOVED, "plural, in any case"),
    ("User Deprovisioned", Kind.REMOVED, "a guess at SCIM"),
    ("Group Memberships Deleted", Kind.MEMBERSHIPS, "one type for three acts"),
    ("Invite Deleted", Kind.REVOKED, "the operation's text"),
    ("User Invite Deleted", Kind.REVOKED, "the older tables"),
    ("User Invite Accepted", Kind.ADDED, "joins"),
    ("Non-Segment User Invited to Workspace", Kind.OTHER, "an invitation is no access yet"),
    ("User Removed From User Group", Kind.LEFT_GROUP, "not a removal from the workspace"),
    ("User Group Deleted", Kind.OTHER, "of nobody in particular"),
    ("User Policy Updated", Kind.PERMISSIONS, "roles of somebody"),
    ("Policy Deleted", Kind.PERMISSIONS, "roles of somebody"),
    ("Permission Check", Kind.OTHER, "a sign-in"),
    ("User Added via SSO", Kind.ADDED, "came back"),
    ("Source Deleted", Kind.OTHER, "no person"),
    ("Something That Segment Adds Later", Kind.OTHER, "unknown ones are kept, and tell nothing"),
]


@pytest.mark.parametrize(("type", "kind", "because"), KINDS, ids=[row[0] for row in KINDS])
def test_what_an_event_tells(type: str, kind: Kind, because: str) -> None:
    assert kind_of(type) is kind, because


CONCERNS = [
    ({"resource_id": "u1"}, True, "the account's id"),
    ({"resource_id": "users/u1"}, True, "with the kind before it"),
    ({"resource_id": "DAN@x.example"}, True, "the address in the place of an id"),
    (
        {"resource_id": "p7", "resource_name": "dan@x.example"},
        True,
        "a policy that is named after the person",
    ),
    ({"resource_id": "u2", "actor": "users/u1"}, False, "what the person did to somebody else"),
    ({}, False, "nobody"),
]


@pytest.mark.parametrize(("fields", "theirs", "because"), CONCERNS, ids=[row[2] for row in CONCERNS])
def test_whom_it_was_done_to(fields: dict[str, str], theirs: bool, because: str) -> None:
    assert told(**fields).concerns({"u1"}, {"dan@x.example"}) is theirs, because


WHO = [
    ({"actor": "public-api-token/ours"}, By.US, "our own calls"),
    ({"actor": "public-api-token/else"}, By.TOKEN, "another token"),
    ({"actor": "users/u1", "email": "DAN@x.example"}, By.COLLABORATOR, "somebody on a roster"),
    ({"actor": "dan@x.example"}, By.COLLABORATOR, "the address in the place of an id"),
    ({"actor": "users/u9", "email": "eve@x.example"}, By.PERSON, "somebody else"),
    ({"actor": "users/u9"}, By.PERSON, "without an address"),
    ({"actor": "__system__", "type": "User Added via SSO"}, By.PROVIDER, "single sign-on"),
    ({"actor": "scim/okta"}, By.PROVIDER, "an actor that names SCIM"),
    ({"actor": "__system__"}, By.SEGMENT, "Segment itself"),
    ({"actor": ""}, By.UNKNOWN, "not told"),
]


@pytest.mark.parametrize(("fields", "who", "because"), WHO, ids=[row[2] for row in WHO])
def test_who_did_it(fields: dict[str, str], who: By, because: str) -> None:
    assert by(told(**fields), ["public-api-token/ours"], {"dan@x.example"}) is who, because


FILE = {"email": "eve@x.example", "resource_name": "dan@x.example"}
API = {"actor": "users/u9", "email": "Eve@x.example", "resource_id": "u1", "resource_name": "dan@x.example"}
TWINS = [
    (FILE, {}, True, "a file names less than the API"),
    ({"resource_name": "dan@x.example"}, {}, True, "nobody said who"),
    ({**FILE, "email": "ann@x.example"}, {}, False, "somebody else did it"),
    ({**FILE, "resource_name": "lee@x.example"}, {}, False, "to somebody else"),
    (FILE, {"type": "User Added"}, False, "another act"),
    (FILE, {"at": NOON + timedelta(seconds=2)}, False, "at another time"),
    (FILE, {"at": NOON + timedelta(milliseconds=400)}, True, "a file has whole seconds"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "api", "one", "because"), TWINS, ids=[row[3] for row in TWINS])
def test_a_line_of_a_file_and_an_event_of_the_api(
    line: dict[str, str], api: dict[str, object], one: bool, because: str
) -> None:
    assert same(by_content(told("", **line)), told(**{**API, **api})) is one, because  # type: ignore[arg-type]


def test_what_is_copied_next_reads_back_a_little_and_never_further_than_segment_keeps() -> None:
    assert window(None, NOON, DAY) == (NOON - 90 * DAY, NOON)
    assert window(Reach(NOON - 80 * DAY, NOON - DAY), NOON, DAY) == (NOON - 2 * DAY, NOON)
    assert window(Reach(NOON - 300 * DAY, NOON - 100 * DAY), NOON, DAY) == (NOON - 90 * DAY, NOON)


def test_what_segment_dropped_between_two_copies_is_a_gap_for_ever() -> None:
    first = grown(None, NOON - 200 * DAY, NOON - 110 * DAY)
    late = grown(first, NOON - 90 * DAY, NOON)
    assert late.gaps == ((NOON - 110 * DAY, NOON - 90 * DAY),)
    assert grown(late, NOON - DAY, NOON + DAY).gaps == late.gaps
    assert late.covers(NOON - 50 * DAY, NOON) and late.covers(NOON - 150 * DAY, NOON - 120 * DAY)
    assert not late.covers(NOON - 120 * DAY, NOON - 80 * DAY)
    assert not late.covers(NOON - DAY, NOON + DAY)
