"""Members (Segment Public API, IAM Users)."""

from offboarding.simulators.segment import permissions, roles
from offboarding.simulators.segment.call import SUCCESS, Call, listed, listed_in_full
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.wire import not_found


def brief(row: Json) -> Json:
    """A member in lists: without permissions."""
    return {"id": row["id"], "name": row["name"], "email": row["email"]}


def list_users(call: Call) -> Json:
    return listed(call, "users", call.workspace.members, brief)


def get_user(call: Call) -> Json:
    row = call.one("members")
    return {"user": {**brief(row), "permissions": row["permissions"]}}


def list_groups_of_user(call: Call) -> Json:
    groups = call.workspace.groups_of(call.one("members")["id"])
    return listed_in_full(call, "groups", groups, lambda group: {"id": group["id"], "name": group["name"]})


def remove_users(call: Call) -> Json:
    """Removes all or none. A person who is still assigned at a SCIM provider is put back later."""
    workspace, wanted = call.workspace, call.query.array("userIds")
    if any(key not in workspace.members for key in wanted):
        permissions.unsure(workspace, "unknown_user", "One or more users are not members of this workspace.")
        return SUCCESS
    if permissions.last_owner_answer(workspace, set(wanted)):
        return SUCCESS
    for key in dict.fromkeys(wanted):
        take_out(call, key)
    return SUCCESS


def take_out(call: Call, key: str) -> None:
    """Removes one member with all memberships of groups, and logs it."""
    workspace = call.workspace
    groups = [group["id"] for group in workspace.groups_of(key)]
    for group_id in groups:
        workspace.group_members(group_id).remove(key)
    row = workspace.members.remove(key)
    if row is None:
        raise not_found()
    call.record("User Removed", "user", key, row["email"])
    call.record("Group Memberships Deleted", "user", key, row["email"])
    scim = workspace.settings["scim"]
    if scim["managed"] and is_assigned(scim, row["email"]):
        due = {
            "kind": "return",
            "at": call.now + scim["returns_after"],
            "email": row["email"],
            "name": row["name"],
        }
        workspace.due.append({**due, "while_assigned": True})


def is_assigned(scim: Json, email: str) -> bool:
    return email.lower() in (str(one).lower() for one in scim["assigned"])


def add_permissions(call: Call) -> Json:
    row = call.one("members")
    more = permissions.read(call, call.body.get("permissions"), row["permissions"])
    changed = {**row, "permissions": permissions.merged(row["permissions"], more)}
    call.workspace.members.put(changed)
    call.record("Policy Created", "policy", row["id"], row["email"])
    call.record("User Policy Updated", "user", row["id"], row["email"])
    return {"permissions": changed["permissions"]}


def replace_permissions(call: Call) -> Json:
    row = call.one("members")
    new = permissions.read(call, call.body.get("permissions"), row["permissions"])
    demoted = {row["id"]} if not roles.grants_owner(new) else set()
    if demoted and in_owner_group(call, row["id"]):
        demoted = set()
    if demoted and permissions.last_owner_answer(call.workspace, demoted):
        return {"permissions": row["permissions"]}
    call.workspace.members.put({**row, "permissions": new})
    call.record("Policy Deleted", "policy", row["id"], row["email"])
    call.record("User Policy Updated", "user", row["id"], row["email"])
    return {"permissions": new}


def in_owner_group(call: Call, key: str) -> bool:
    return any(roles.grants_owner(group["permissions"]) for group in call.workspace.groups_of(key))
