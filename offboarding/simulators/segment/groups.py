"""User groups (Segment Public API, IAM Groups). Members are taken by address and listed by id."""

from typing import Any

from offboarding.simulators import ids
from offboarding.simulators.segment import permissions, roles
from offboarding.simulators.segment.call import SUCCESS, Call, listed, listed_in_full
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.users import brief
from offboarding.simulators.segment.wire import ApiError, invalid


def view(call: Call, group: Json) -> Json:
    size = len(call.workspace.group_members(group["id"]))
    return {
        "id": group["id"],
        "name": group["name"],
        "memberCount": size,
        "permissions": group["permissions"],
    }


def list_groups(call: Call) -> Json:
    return listed(call, "userGroups", call.rows("groups"), lambda group: view(call, group))


def get_group(call: Call) -> Json:
    return {"userGroup": view(call, call.one("groups"))}


def list_members(call: Call) -> Json:
    members = call.workspace.group_members(call.one("groups")["id"])
    return listed(call, "users", members, lambda row: brief(call.one("members", row["id"])))


def list_invites(call: Call) -> Json:
    addresses = [{"email": email} for email in call.one("groups")["_invites"]]
    return listed_in_full(call, "emails", addresses, lambda row: str(row["email"]))


def create_group(call: Call) -> Json:
    name = str(call.given("name", str))
    whole = [roles.resource("WORKSPACE", call.workspace.id)]
    key = ids.derived(ids.ID_LENGTH, call.workspace.id, "new group", call.workspace.next_number())
    group = {"id": key, "name": name, "permissions": [roles.permission(roles.MINIMAL, whole)], "_invites": []}
    call.rows("groups").put(group)
    call.record("User Group Created", "user_group", key, name)
    call.record("Policy Created", "policy", key, name)
    return {"userGroup": view(call, group)}


def rename_group(call: Call) -> Json:
    group = {**call.one("groups"), "name": str(call.given("name", str))}
    call.rows("groups").put(group)
    call.record("User Group Updated", "user_group", group["id"], group["name"])
    return {"userGroup": view(call, group)}


def delete_group(call: Call) -> Json:
    group = call.one("groups")
    losing = {row["id"] for row in call.workspace.group_members(group["id"])} if owns(group) else set()
    if losing and permissions.last_owner_answer(call.workspace, indirect(call, losing)):
        return SUCCESS
    call.rows("groups").remove(group["id"])
    call.record("User Group Deleted", "user_group", group["id"], group["name"])
    return SUCCESS


def owns(group: Json) -> bool:
    return roles.grants_owner(group["permissions"])


def indirect(call: Call, keys: set[str]) -> set[str]:
    """Those of `keys` who are not owners by their own permissions."""
    return {key for key in keys if not roles.grants_owner(call.one("members", key)["permissions"])}


def read_addresses(value: Any) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise invalid("emails", "emails must hold at least one address")
    return value


def add_members(call: Call) -> Json:
    group = call.one("groups")
    group = _put_in(call, group, read_addresses(call.body.get("emails")))
    return {"userGroup": view(call, group)}


def _put_in(call: Call, group: Json, addresses: list[str]) -> Json:
    """Members join; invited people join when they accept; anybody else is refused."""
    found = {email: call.workspace.members.by_email(email) for email in addresses}
    invited = [email for email, row in found.items() if row is None]
    if any(email not in call.rows("invites") for email in invited):
        raise ApiError(400, "One or more email address does not belong to this workspace.")
    for row in filter(None, found.values()):
        call.workspace.group_members(group["id"]).put({"id": row["id"]})
        call.record("User Added To User Group", "user_group", group["id"], group["name"])
    group = {**group, "_invites": list(dict.fromkeys([*group["_invites"], *invited]))}
    call.rows("groups").put(group)
    call.record("Subjects Added to Group", "user_group", group["id"], group["name"])
    return group


def remove_members(call: Call) -> Json:
    group = call.one("groups")
    addresses = call.query.array("emails")
    found = {email: _belongs(call, group, email) for email in addresses}
    if not all(found.values()):
        permissions.unsure(call.workspace, "unknown_user", "One or more email address is not in this group.")
        return SUCCESS
    losing = {str(key) for key in found.values()} if owns(group) else set()
    if losing and permissions.last_owner_answer(
        call.workspace, indirect(call, losing & _members(call, group))
    ):
        return SUCCESS
    for key in dict.fromkeys(str(key) for key in found.values()):
        _leave(call, group["id"], key)
    return SUCCESS


def _members(call: Call, group: Json) -> set[str]:
    return {row["id"] for row in call.workspace.group_members(group["id"])}


def _belongs(call: Call, group: Json, email: str) -> str | None:
    """The member's id, or the invited address itself; None if neither is in the group."""
    row = call.workspace.members.by_email(email)
    if row and row["id"] in call.workspace.group_members(group["id"]):
        return str(row["id"])
    return email if email in group["_invites"] else None


def _leave(call: Call, group_id: str, key: str) -> None:
    group = call.one("groups", group_id)
    row = call.workspace.group_members(group_id).remove(key)
    if row is None:
        call.rows("groups").put({**group, "_invites": [one for one in group["_invites"] if one != key]})
    else:
        call.record("User Removed From User Group", "user_group", group_id, group["name"])
    member = call.rows("members").get(key)
    call.record("Group Memberships Deleted", "user", key, member["email"] if member else key)


def replace_members(call: Call) -> Json:
    """Takes out whoever is not named, then puts in whoever is."""
    group = call.one("groups")
    addresses = read_addresses(call.body.get("emails"))
    staying = {row["id"] for email in addresses if (row := call.workspace.members.by_email(email))}
    leaving = _members(call, group) - staying
    if owns(group) and leaving and permissions.last_owner_answer(call.workspace, indirect(call, leaving)):
        return {"userGroup": view(call, group)}
    for key in [*leaving, *(email for email in group["_invites"] if email not in addresses)]:
        _leave(call, group["id"], key)
    return {"userGroup": view(call, _put_in(call, call.one("groups"), addresses))}


def add_permissions(call: Call) -> Json:
    group = call.one("groups")
    more = permissions.read(call, call.body.get("permissions"), group["permissions"])
    group = {**group, "permissions": permissions.merged(group["permissions"], more)}
    call.rows("groups").put(group)
    call.record("Policy Created", "policy", group["id"], group["name"])
    call.record("User Group Policy Updated", "user_group", group["id"], group["name"])
    return {"permissions": group["permissions"]}


def replace_permissions(call: Call) -> Json:
    group = call.one("groups")
    new = permissions.read(call, call.body.get("permissions"), group["permissions"])
    losing = _members(call, group) if owns(group) and not roles.grants_owner(new) else set()
    if losing and permissions.last_owner_answer(call.workspace, indirect(call, losing)):
        return {"permissions": group["permissions"]}
    call.rows("groups").put({**group, "permissions": new})
    call.record("Policy Deleted", "policy", group["id"], group["name"])
    call.record("User Group Policy Updated", "user_group", group["id"], group["name"])
    return {"permissions": new}
