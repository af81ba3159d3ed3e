"""Members, invitations, groups, permissions."""

from typing import Any

import pytest

from tests.simulators.conftest import Small, Start

MINIMAL = "1aEWAcU0fArxScocwH9xxLgW7r3"
OWNER = "1WDUuRLxv84rrfCNUwvkrRtkxnS"
UNSURE = [(400, 400), (404, 404), (422, 422), ("success", 200)]


def whole(small: Small, role: str = MINIMAL) -> dict[str, Any]:
    return {"roleId": role, "resources": [{"id": small.workspace.id, "type": "WORKSPACE"}]}


def test_a_removed_member_is_gone_from_list_groups_and_by_id(small: Small) -> None:
    dan = small.dan
    assert small.api.call("DELETE", f"/users?userIds.0={dan}").data == {"status": "SUCCESS"}
    assert "dan@northwind.example" not in small.emails()
    assert small.api.get(f"/users/{dan}").status == 404
    assert small.api.get(f"/groups/{small.id('groups', 'Analysts')}/users").data["users"] == []


def test_lists_carry_no_permissions_and_single_reads_do(small: Small) -> None:
    assert all("permissions" not in user for user in small.api.get("/users").data["users"])
    assert small.api.get(f"/users/{small.dan}").data["user"]["permissions"] == [
        {
            "roleId": "1WDUuSF1kN1xis2lp09RVKOsnnL",
            "roleName": "Source Admin",
            "resources": [{"id": small.workspace.id, "type": "WORKSPACE", "labels": []}],
        }
    ]


@pytest.mark.parametrize(("answer", "status"), UNSURE)
def test_the_last_owner_stays_whatever_is_answered(start: Start, answer: Any, status: int) -> None:
    small = start(answers={"last_owner": answer})
    olive = small.member_id("olive@small.example")
    assert small.api.call("DELETE", f"/users?userIds.0={olive}").status == status
    assert "olive@small.example" in small.emails()
    assert (
        small.api.call("PUT", f"/users/{olive}/permissions", {"permissions": [whole(small)]}).status == status
    )
    assert small.workspace.owners() == {olive}


def test_an_owner_goes_when_another_is_owner_through_a_group(small: Small) -> None:
    group = small.id("groups", "Admins")
    small.api.call("POST", f"/groups/{group}/users", {"emails": ["dan@northwind.example"]})
    olive = small.member_id("olive@small.example")
    assert small.api.call("DELETE", f"/users?userIds.0={olive}").status == 200
    assert small.workspace.owners() == {small.dan}
    for method, path, body in (
        ("DELETE", f"/group/{group}/users?emails.0=dan@northwind.example", None),
        ("PUT", f"/group/{group}/users", {"emails": ["mixed.case@small.example"]}),
        ("PUT", f"/groups/{group}/permissions", {"permissions": [whole(small)]}),
        ("DELETE", f"/groups/{group}", None),
    ):
        assert small.api.call(method, path, body).status == 400, (method, path)
    assert small.workspace.owners() == {small.dan}


@pytest.mark.parametrize(("answer", "status"), UNSURE)
def test_an_unknown_member_is_answered_as_the_world_says(start: Start, answer: Any, status: int) -> None:
    small = start(answers={"unknown_user": answer})
    assert small.api.call("DELETE", f"/users?userIds.0={small.dan}&userIds.1=nobody").status == status
    assert len(small.emails()) == 3


@pytest.mark.parametrize(("answer", "status"), UNSURE)
def test_an_unknown_invitation_is_answered_as_the_world_says(start: Start, answer: Any, status: int) -> None:
    small = start(answers={"unknown_invite": answer})
    assert small.api.call("DELETE", "/invites?emails.0=pending@small.example").status == status
    assert small.api.get("/invites").data["invites"] == ["Pending@small.example"]


def test_a_cancelled_invitation_leaves_its_groups_too(small: Small) -> None:
    group = small.id("groups", "Analysts")
    assert small.api.get(f"/groups/{group}/invites").data["emails"] == ["Pending@small.example"]
    assert small.api.call("DELETE", "/invites?emails.0=Pending@small.example").status == 200
    assert small.api.get(f"/groups/{group}/invites").data["emails"] == []


@pytest.mark.parametrize(
    ("email", "status"),
    [
        ("new@small.example", 201),
        ("pending@small.example", 400),
        ("DAN@northwind.example", 400),
        ("nonsense", 422),
    ],
)
def test_only_a_stranger_with_an_address_can_be_invited(small: Small, email: str, status: int) -> None:
    body = {"invites": [{"email": email, "permissions": [whole(small)]}]}
    assert small.api.call("POST", "/invites", body).status == status
    assert (email in small.api.get("/invites").data["invites"]) == (status == 201)


def test_an_accepted_invitation_can_stay_listed(small: Small) -> None:
    small.control.accept_invite("small", "pending@small.example", keep_listed=True)
    assert small.emails()[-1] in small.api.get("/invites").data["invites"]


def test_permissions_are_added_and_replaced(small: Small) -> None:
    path = f"/users/{small.dan}/permissions"
    added = small.api.call("POST", path, {"permissions": [whole(small)]}).data["permissions"]
    assert [one["roleName"] for one in added] == ["Source Admin", "Minimal Workspace Access"]
    replaced = small.api.call("PUT", path, {"permissions": [whole(small)]}).data["permissions"]
    assert [one["roleName"] for one in replaced] == ["Minimal Workspace Access"]


@pytest.mark.parametrize(
    "permissions",
    [
        [],
        [{"roleId": "unknown", "resources": [{"id": "x", "type": "WORKSPACE"}]}],
        [{"roleId": MINIMAL, "resources": []}],
        [{"roleId": MINIMAL, "resources": [{"id": "x", "type": "DESTINATION"}]}],
        [{"roleId": MINIMAL, "resources": [{"id": "another", "type": "WORKSPACE"}]}],
    ],
    ids=["none", "unknown role", "no resource", "unknown type", "foreign workspace"],
)
def test_permissions_that_make_no_sense_change_nothing(small: Small, permissions: list[Any]) -> None:
    path = f"/users/{small.dan}/permissions"
    assert small.api.call("PUT", path, {"permissions": permissions}).status == 422
    assert small.api.get(f"/users/{small.dan}").data["user"]["permissions"][0]["roleName"] == "Source Admin"


def test_labels_stand_beside_the_resources_of_an_invitation(small: Small) -> None:
    label = {"key": "environment", "value": "production"}
    permission = {"roleId": MINIMAL, "resources": [], "labels": [label]}
    body = {"invites": [{"email": "new@small.example", "permissions": [permission]}]}
    assert small.api.call("POST", "/invites", body).status == 201
    row = small.control.accept_invite("small", "new@small.example")
    assert row["permissions"][0]["resources"] == [
        {"id": small.workspace.id, "type": "WORKSPACE", "labels": [label]}
    ]


def test_group_members_are_taken_out_at_the_singular_path_only(small: Small) -> None:
    group = small.id("groups", "Analysts")
    assert small.api.call("DELETE", f"/groups/{group}/users?emails.0=dan@northwind.example").status == 404
    assert small.api.get(f"/users/{small.dan}/groups").data["groups"] == [{"id": group, "name": "Analysts"}]
    assert small.api.call("DELETE", f"/group/{group}/users?emails.0=dan@northwind.example").status == 200
    assert small.api.get(f"/users/{small.dan}/groups").data["groups"] == []
    assert small.api.get(f"/groups/{group}").data["userGroup"]["memberCount"] == 0


def test_a_group_is_made_filled_renamed_and_deleted(small: Small) -> None:
    group = small.api.call("POST", "/groups", {"name": "New"}).data["userGroup"]["id"]
    body = {"emails": ["mixed.case@small.example", "Pending@small.example"]}
    assert small.api.call("POST", f"/groups/{group}/users", body).data["userGroup"]["memberCount"] == 1
    assert small.api.get(f"/groups/{group}/invites").data["emails"] == ["Pending@small.example"]
    replaced = small.api.call("PUT", f"/group/{group}/users", {"emails": ["dan@northwind.example"]})
    assert replaced.data["userGroup"]["memberCount"] == 1
    assert small.api.get(f"/groups/{group}/users").data["users"][0]["name"] == "Dan Reyes"
    assert small.api.get(f"/groups/{group}/invites").data["emails"] == []
    assert small.api.call("PATCH", f"/groups/{group}", {"name": "Newer"}).data["userGroup"]["name"] == "Newer"
    assert small.api.call("DELETE", f"/groups/{group}").status == 200
    assert small.api.get(f"/groups/{group}").status == 404


def test_a_member_level_token_is_refused_on_people_but_lives(small: Small) -> None:
    assert small.member_api.get("/").status == 200
    for path in ("/users", "/invites", "/groups", "/roles", "/audit-events", "/credentials"):
        assert small.member_api.get(path).status == 401, path
    assert all(source["writeKeys"] == [] for source in small.member_api.get("/sources").data["sources"])


def test_a_plan_without_groups_and_audit_trail_says_so(start: Start) -> None:
    small = start(
        plan="team", groups=[], members=[{"email": "o@small.example", "permissions": ["Workspace Owner"]}]
    )
    assert small.api.get("/groups").error["status"] == 400
    assert small.api.get("/audit-events").status == 403
    assert [role["name"] for role in small.api.get("/roles").data["roles"]] == [
        "Workspace Owner",
        "Source Admin",
    ]


def test_who_is_still_assigned_at_the_provider_comes_back(start: Start) -> None:
    small = start(scim={"managed": True, "assigned": ["Dan@Northwind.example"], "returns_after": 30})
    small.api.call("DELETE", f"/users?userIds.0={small.dan}")
    assert "dan@northwind.example" not in small.emails()
    small.later(31)
    assert "dan@northwind.example" in small.emails()
    user = small.api.get(f"/users/{small.dan}").data["user"]
    assert [one["roleName"] for one in user["permissions"]] == ["Minimal Workspace Access"]
    assert small.api.get(f"/users/{small.dan}/groups").data["groups"] == []


def test_who_was_unassigned_first_stays_away(start: Start) -> None:
    small = start(scim={"managed": True, "assigned": ["dan@northwind.example"], "returns_after": 30})
    small.control.assign("small", "dan@northwind.example", False)
    small.api.call("DELETE", f"/users?userIds.0={small.dan}")
    small.later(3600)
    assert "dan@northwind.example" not in small.emails()


@pytest.mark.parametrize(
    ("jit", "assigned", "back"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_signing_in_makes_a_member_only_with_just_in_time_and_assignment(
    start: Start, jit: bool, assigned: bool, back: bool
) -> None:
    small = start(scim={"jit": jit, "assigned": ["dan@northwind.example"] if assigned else []})
    small.api.call("DELETE", f"/users?userIds.0={small.dan}")
    assert small.control.sign_in("small", "dan@northwind.example") is back
    assert ("dan@northwind.example" in small.emails()) is back


def test_a_refused_token_is_refused_everywhere(small: Small) -> None:
    small.control.change("small", {"token_refused": True})
    assert {small.api.get(path).status for path in ("/", "/users", "/sources")} == {401}
