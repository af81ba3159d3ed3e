"""Invitations: bare addresses in lists (Segment Public API, IAM Users)."""

from typing import Any

from offboarding.simulators.segment import permissions
from offboarding.simulators.segment.call import SUCCESS, Call, listed
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.wire import ApiError, invalid

DUPLICATE = "One or more email address was already invited to join workspace."


def list_invites(call: Call) -> Json:
    return listed(call, "invites", call.rows("invites"), lambda row: str(row["email"]))


def create_invites(call: Call) -> Json:
    given = call.given("invites", list)
    rows = [_read(call, item) for item in given] if isinstance(given, list) else []
    for row in rows:
        if call.rows("invites").by_email(row["email"]) or call.workspace.members.by_email(row["email"]):
            raise ApiError(400, DUPLICATE)
    for row in rows:
        call.rows("invites").put(row)
        kind = (
            "New Segment User Invited to Workspace"
            if call.has_account(row["email"])
            else "Non-Segment User Invited to Workspace"
        )
        call.record(kind, "invite", row["email"], row["email"])
        call.record("Policy Created", "policy", row["email"], row["email"])
    return {"emails": [row["email"] for row in rows]}


def _read(call: Call, item: Any) -> Json:
    email = item.get("email") if isinstance(item, dict) else None
    if not valid_address(email):
        raise invalid("invites.email", "email must be an e-mail address")
    return {"email": email, "permissions": permissions.read(call, item.get("permissions"))}


def valid_address(value: Any) -> bool:
    if not isinstance(value, str) or any(letter.isspace() for letter in value):
        return False
    local, at, domain = value.rpartition("@")
    return bool(local and at and domain) and "@" not in local


def cancel_invites(call: Call) -> Json:
    """Cancels all or none; the address must be written exactly as it is listed."""
    wanted = call.query.array("emails")
    if any(email not in call.rows("invites") for email in wanted):
        permissions.unsure(call.workspace, "unknown_invite", "One or more email address was not invited.")
        return SUCCESS
    for email in dict.fromkeys(wanted):
        take_out(call, email)
    return SUCCESS


def take_out(call: Call, email: str) -> None:
    """Cancels one invitation with its places in groups, and logs it."""
    call.rows("invites").remove(email)
    call.record("Invite Deleted", "invite", email, email)
    groups = call.rows("groups")
    for group in [group for group in groups if email in group["_invites"]]:
        groups.put({**group, "_invites": [one for one in group["_invites"] if one != email]})
        call.record("Group Memberships Deleted", "user_group", group["id"], group["name"])
