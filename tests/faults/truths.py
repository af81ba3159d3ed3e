"""What a step that calls itself done claims about the workspace, and whether the simulator says so too.

One entry a step of the registry: a step without one fails every case, with a sentence. An entry answers with what
contradicts the claim, or with nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from offboarding.discovery.rules import OWNER_ROLE_ID, READ_ONLY, grants
from offboarding.execution.logins.rules import username_of
from offboarding.execution.models import Run
from offboarding.execution.rules import Act, Result
from offboarding.lib.addresses import fold
from tests.faults import keys
from tests.faults.segment import Json, Segment

PARTS = ("members", "owners", "invites", "groups", "keys", "warehouses", "credentials")


@dataclass
class Facts:
    """How the workspaces are now, each asked once."""

    segment: Segment
    asked: dict[str, Json] = field(default_factory=dict)

    def of(self, slug: str) -> Json:
        if slug not in self.asked:
            self.asked[slug] = self.segment.state(slug, *PARTS)
        return self.asked[slug]


Truth = Callable[[Run, Json], str]


def claims_nothing(run: Run, now: Json) -> str:
    """It reads, or works on our own data."""
    return ""


def own_rows(run: Run, now: Json) -> list[Json]:
    """Members that are this item's, by account or by address."""
    ids = {each["id"] for each in run.item.target.get("accounts", ())}
    emails = {fold(email) for email in run.item.target["addresses"]} if not ids else set()
    return [row for row in now["members"] if row["id"] in ids or fold(row["email"]) in emails]


def no_member(run: Run, now: Json) -> str:
    return f"still a member: {own_rows(run, now)[0]['email']}" if own_rows(run, now) else ""


def contained(run: Run, now: Json) -> str:
    """Neither a member nor invited, under any known address."""
    emails = {fold(email) for email in run.item.target["addresses"]}
    left = [row["email"] for row in now["members"] if fold(row["email"]) in emails] or own_rows(run, now)
    if left:
        return f"still a member: {left[0]}"
    return "still invited" if emails & {fold(each["email"]) for each in now["invites"]} else ""


def no_invitation(run: Run, now: Json) -> str:
    wanted = fold(run.item.target["invitation"])
    return "still invited" if wanted in {fold(each["email"]) for each in now["invites"]} else ""


def not_in_group(run: Run, now: Json) -> str:
    emails = {fold(row["email"]) for row in own_rows(run, now)}
    for group in now["groups"]:
        if group["id"] == run.item.target["group_id"] and emails & {fold(one) for one in group["members"]}:
            return f"still in the group {group['name']}"
    return ""


def only_read_only(run: Run, now: Json) -> str:
    held = {each["roleName"] for row in own_rows(run, now) for each in row["permissions"]}
    return f"still holds {', '.join(sorted(held - READ_ONLY))}" if held - READ_ONLY else ""


def reduced(run: Run, now: Json) -> str:
    """What was planned to go is gone, and nothing else is: one write too many would take something that stays."""
    for row in own_rows(run, now):
        held = grants(row["permissions"])
        lost, kept = (
            {tuple(each["grant"]) for each in run.item.target[part] if each["sort"] == "role"}
            for part in ("lost", "kept")
        )
        if held != kept or held & lost:
            return f"holds {sorted(held)} where {sorted(kept)} was to stay"
    return ""


def new_key_is_there(run: Run, now: Json) -> str:
    return keys.new_key_missing(run, now["keys"])


def old_keys_are_gone(run: Run, now: Json) -> str:
    return keys.old_keys_left(run, now["keys"])


def place_is_clear(run: Run, now: Json) -> str:
    """What a check of a place says when it says gone."""
    if run.item.target.get("choice") == "downgrade":
        return only_read_only(run, now)
    if run.item.target.get("choice") == "reduce":
        return reduced(run, now)
    return contained(run, now)


def given_back(run: Run, now: Json) -> str:
    invited = fold(run.item.target["addresses"][0]) in {fold(each["email"]) for each in now["invites"]}
    return "" if own_rows(run, now) or invited else "neither a member nor invited"


def taken_over(run: Run, now: Json) -> str:
    """Every role that goes is there, on exactly that or on everything; groups are told by their own steps."""
    held = {grant for row in own_rows(run, now) for grant in grants(row["permissions"])}
    wide = {grant[0] for grant in held if grant[1] == "WORKSPACE" and len(grant) == 3}
    wanted = {tuple(each["grant"]) for each in run.item.target["lacks"] if each["sort"] == "role"}
    missing = {grant for grant in wanted - held if grant[0] not in wide}
    return f"lacks {sorted(missing)}" if missing and OWNER_ROLE_ID not in wide else ""


def given_or_invited(run: Run, now: Json) -> str:
    return given_back(run, now) or (taken_over(run, now) if own_rows(run, now) else "")


def in_group(run: Run, now: Json) -> str:
    emails = {fold(email) for email in run.item.target["addresses"]}
    for group in now["groups"]:
        if group["id"] == run.item.target["group_id"]:
            there = {fold(one) for one in (*group["members"], *group["invites"])}
            return "" if emails & there else f"not in the group {group['name']}"
    return "there is no such group"


def access_ended(run: Run, now: Json) -> str:
    emails = {fold(email) for email in run.item.target["addresses"]}
    invited = emails & {fold(each["email"]) for each in now["invites"]}
    return no_member(run, now) or ("still invited" if invited else "")


def login_as_seen(run: Run, now: Json) -> str:
    """The username that its last look saw is the one that is there."""
    seen = run.attempts.filter(act=Act.LOOK, result=Result.SEEN).order_by("number").last()
    name = username_of(seen.facts["settings"]) if seen and "settings" in seen.facts else ""
    there = [*now["warehouses"], *now["credentials"]]
    return "" if not name or name in str(there) else f"nothing there signs in as {name}"


TRUTHS: dict[str, Truth] = {
    "segment.update_warehouse": login_as_seen,
    "segment.update_credential": login_as_seen,
    "segment.give_back": given_back,
    "segment.join_group": in_group,
    "segment.end_access": access_ended,
    "segment.give_missing": given_or_invited,
    "verify.taken_over": taken_over,
    "verify.restored": claims_nothing,
    "verify.returned": claims_nothing,
    "segment.remove_member": no_member,
    "segment.contain": contained,
    "verify.reach": claims_nothing,
    "verify.activity": claims_nothing,
    "segment.cancel_invitation": no_invitation,
    "segment.leave_group": not_in_group,
    "segment.downgrade": only_read_only,
    "segment.reduce": reduced,
    "segment.add_write_key": new_key_is_there,
    "segment.remove_write_key": old_keys_are_gone,
    "verify.place": place_is_clear,
    "verify.audit_events": claims_nothing,
    "verify.measure_before": claims_nothing,
    "verify.measure_after": claims_nothing,
    "before.snapshot": claims_nothing,
}
