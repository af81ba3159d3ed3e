"""Causes, in plain words, for each kind of step: what a person can look at when it does not work."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from offboarding.checklist.models import ChecklistItem

Text = str | Promise
NOT_LISTED: tuple[Text, Text] = (
    lazy("They are not in the list"),
    lazy("Look for their other addresses, for a pending invite, and whether this is the right workspace."),
)
GREYED: tuple[Text, Text] = (
    lazy("Remove is greyed out"),
    lazy(
        "You are not a Workspace Owner, they are the last Owner, it is your own account, or SCIM manages the workspace."
    ),
)
COMES_BACK: tuple[Text, Text] = (
    lazy("They come back after a while"),
    lazy(
        "SCIM adds them again. Take them out of the identity provider's group first, then remove them here."
    ),
)
STILL_SEES: tuple[Text, Text] = (
    lazy("They still see data"),
    lazy(
        "Check other addresses and other workspaces. Somebody who is signed in can stay so for up to 7 days; "
        "removing membership ends what they can reach."
    ),
)
API_WORKS: tuple[Text, Text] = (
    lazy("Their script still works"),
    lazy("Removing a person does not end tokens or keys. Remove the tokens and rotate the keys in phase 4."),
)
BROKE: tuple[Text, Text] = (
    lazy("Something stopped working"),
    lazy(
        "Note what and since when in this step. A new key or login goes in first, the old one goes out last."
    ),
)
NO_EVENT: tuple[Text, Text] = (
    lazy("There is no audit event"),
    lazy(
        "The Audit Trail needs the Business tier and keeps 90 days. Events can be late. "
        "Export the CSV, or skip this step with a reason: the fresh read proves the removal by itself."
    ),
)
MOVED: tuple[Text, Text] = (
    lazy("The page in Segment looks different"),
    lazy("Names differ between versions: Team Members or Access Management, Audit Log or Audit Trail."),
)
NO_TAB: tuple[Text, Text] = (
    lazy("There is no Tokens tab"),
    lazy("Only a Workspace Owner sees it. Hand the step to an Owner of that workspace."),
)

BY_STEP: dict[str, tuple[tuple[Text, Text], ...]] = {
    "segment.remove_member": (NOT_LISTED, GREYED, COMES_BACK, API_WORKS, STILL_SEES),
    "segment.downgrade": (NOT_LISTED, GREYED, COMES_BACK, STILL_SEES),
    "segment.leave_group": (NOT_LISTED, GREYED, COMES_BACK),
    "segment.cancel_invitation": (NOT_LISTED, GREYED),
    "verify.place": (COMES_BACK, STILL_SEES, API_WORKS),
    "verify.audit_events": (NO_EVENT,),
}
BY_CODE: dict[str, tuple[tuple[Text, Text], ...]] = {
    "list-tokens": (NO_TAB, MOVED, API_WORKS),
    "remove-tokens": (NO_TAB, API_WORKS, BROKE),
    "rotate-write-keys": (BROKE, API_WORKS, MOVED),
    "rotate-warehouse-logins": (BROKE, MOVED),
    "provider-group": (NOT_LISTED, COMES_BACK),
    "sign-in-refused": (STILL_SEES, COMES_BACK),
    "screenshot-before": (NOT_LISTED, MOVED),
}


def causes(item: ChecklistItem) -> tuple[tuple[Text, Text], ...]:
    """(what it looks like, what to do) pairs."""
    return BY_STEP.get(item.step) or BY_CODE.get(item.code) or ((MOVED,) if item.where else ())
